#include "runtime/future.h"

#include <array>
#include <cstring>
#include <new>

#include "base/fork.h"
#include "base/schedule.h"
#include "runtime/network.h"

namespace fdb {

namespace {

// Locks and condition variables are shared by futures with the same hash of the address: a future stays small and costs
// nothing to create, and only pending futures ever use them.
struct Stripe {
  Mutex mutex;
  Condition ready;
};

struct StripePool {
  std::array<Stripe, 64> stripes;
  StripePool* left_behind;  // by a fork: it cannot be freed, but leak checkers should find it
};

std::atomic<StripePool*> stripe_pool{nullptr};

void replace_stripes() {
  auto* fresh = new StripePool;
  fresh->left_behind = stripe_pool.load(std::memory_order_relaxed);
  stripe_pool.store(fresh, std::memory_order_release);
}

StripePool* make_stripes() {
  static const bool made = [] {
    replace_stripes();
    static ForkHooks hooks{nullptr, nullptr, replace_stripes};
    on_fork(&hooks);
    return true;
  }();
  (void)made;
  return stripe_pool.load(std::memory_order_acquire);
}

Stripe& stripe_of(const Future* future) {
  StripePool* pool = stripe_pool.load(std::memory_order_acquire);
  if (!pool) pool = make_stripes();
  return pool->stripes[(reinterpret_cast<uintptr_t>(future) >> 6) % pool->stripes.size()];
}

// value_references_ after release_memory() has freed the value.
constexpr int kReleased = INT32_MIN;

constexpr size_t kMostPlaced = 4096;  // bytes of a value behind its future

FDBKey key_of(Slice bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())}; }

}  // namespace

void KeyValueArray::add(Slice key, Slice value) {
  const FDBKey key_copy = key_of(arena.copy(key));
  const FDBKey value_copy = key_of(arena.copy(value));
  rows.push_back({key_copy.key, key_copy.key_length, value_copy.key, value_copy.key_length});
}

void KeyArray::add(Slice key) { keys.push_back(key_of(arena.copy(key))); }

std::optional<PlacedValue> value_in(const Result& result) {
  if (const auto* placed = std::get_if<PlacedValue>(&result)) return *placed;
  const auto* owned = std::get_if<ValueResult>(&result);
  return owned ? std::optional(PlacedValue{owned->present, owned->value}) : std::nullopt;
}

// What is posted when the future is ready. Keeps it alive until then, and until the last callback has run.
struct Future::Callbacks : Work {
  struct Callback {
    FDBCallback function;
    void* parameter;
  };

  explicit Callbacks(Ref<Future> owner) : future(std::move(owner)) {}
  void run() override {
    for (const Callback& callback : list) {
      try {
        callback.function(future->handle(), callback.parameter);
      } catch (...) {
        continue;  // the program's own affair; the others still have to be told
      }
    }
  }

  const Ref<Future> future;
  std::vector<Callback> list;
};

// Guarded by the future's stripe.
struct Future::Slow {
  std::shared_ptr<FutureHook> hook;
  std::unique_ptr<Callbacks> callbacks;
  int waiters = 0;
};

Future::Future() = default;
Future::Future(Network& network) : network_(&network) {}
Future::~Future() = default;

Future::Slow& Future::slow() {
  if (!slow_) slow_ = std::make_unique<Slow>();
  return *slow_;
}

Ref<Future> Future::ready(Result result) {
  auto future = Ref<Future>::adopt(new Future);
  future->result_ = std::move(result);
  future->state_.store(kReady, std::memory_order_release);
  return future;
}

// A large one is apart, so that release_memory() gives it back.
Ref<Future> Future::ready_value(bool present, Slice value) {
  if (value.size() > kMostPlaced) return ready(ValueResult{present, Bytes(value)});
  auto future = Ref<Future>::adopt(new (Room{value.size()}) Future);
  char* const place = reinterpret_cast<char*>(future.get() + 1);
  if (!value.empty()) std::memcpy(place, value.data(), value.size());
  future->result_ = PlacedValue{present, Slice(place, value.size())};
  future->state_.store(kReady, std::memory_order_release);
  return future;
}

Ref<Future> Future::failed(Error error) {
  auto future = Ref<Future>::adopt(new Future);
  future->error_ = error;
  future->state_.store(kReady, std::memory_order_release);
  return future;
}

Ref<Future> Future::failed_for_want_of_memory() noexcept {
  alignas(Future) static unsigned char place[sizeof(Future)];
  static Future* const future = [] {
    auto* made = ::new (place) Future;
    made->error_ = err::kPlatformError;
    made->state_.store(kReady, std::memory_order_release);
    return made;
  }();
  return Ref<Future>(future);
}

void Future::set_hook(std::shared_ptr<FutureHook> hook) {
  std::lock_guard lock(stripe_of(this).mutex);
  if (!is_ready_quietly()) slow().hook = std::move(hook);
}

bool Future::complete(Result result) { return finish(0, std::move(result)); }

bool Future::fail(Error error) { return finish(error, Void{}); }

bool Future::finish(Error error, Result&& result, std::shared_ptr<FutureHook>* hook) {
  uint8_t expected = kPending;
  if (!state_.compare_exchange_strong(expected, kFinishing, std::memory_order_acq_rel)) return false;
  error_ = error;
  result_ = std::move(result);
  std::unique_ptr<Slow> slow;
  {
    Stripe& stripe = stripe_of(this);
    std::lock_guard lock(stripe.mutex);
    state_.store(kReady, std::memory_order_release);
    slow = std::move(slow_);
    if (slow && slow->waiters > 0) stripe.ready.notify_all();
  }
  if (slow && hook) *hook = slow->hook;
  if (slow && slow->callbacks) network_->post(std::move(slow->callbacks));
  return true;
}

std::shared_ptr<FutureHook> Future::hook() {
  std::lock_guard lock(stripe_of(this).mutex);
  return slow_ ? slow_->hook : nullptr;
}

bool Future::is_ready_quietly() const { return state_.load(std::memory_order_acquire) == kReady; }

bool Future::look() {
  if (is_ready_quietly()) return true;
  if (auto found = hook()) found->before_look(*this);
  return is_ready_quietly();
}

bool Future::is_ready() { return look(); }

Error Future::block_until_ready() {
  if (look()) return 0;
  reach(Point::kFuturePending);
  if (network_->on_network_thread()) return err::kBlockedFromNetworkThread;
  // Nobody is going to complete a future that a forked child inherited.
  if (!network_->is_set_up()) return err::kNetworkNotSetup;
  const Ref<Future> self(this);  // another thread may destroy the future while this one waits
  Stripe& stripe = stripe_of(this);
  std::unique_lock lock(stripe.mutex);
  if (is_ready_quietly()) return 0;
  ++slow().waiters;
  stripe.ready.wait(lock, [this] { return is_ready_quietly(); });
  return 0;
}

Error Future::set_callback(FDBCallback callback, void* parameter) {
  if (!look()) {
    std::lock_guard lock(stripe_of(this).mutex);
    if (!is_ready_quietly()) {
      Slow& shared = slow();
      if (!shared.callbacks) shared.callbacks = std::make_unique<Callbacks>(Ref<Future>(this));
      shared.callbacks->list.push_back({callback, parameter});
      return 0;
    }
  }
  callback(handle(), parameter);
  return 0;
}

Error Future::get_error() {
  if (!look()) return err::kFutureNotSet;
  if (value_references_.load(std::memory_order_relaxed) == kReleased) return err::kFutureReleased;
  return error_;
}

void Future::cancel() {
  if (is_ready_quietly()) return;
  std::shared_ptr<FutureHook> found;
  if (finish(err::kOperationCancelled, Void{}, &found) && found) found->after_cancel(*this);
}

void Future::destroy() {
  cancel();
  release();
}

void Future::release_memory() {
  int count = value_references_.load(std::memory_order_acquire);
  while (count != kReleased) {
    const int next = count == 1 ? kReleased : count - 1;
    if (!value_references_.compare_exchange_weak(count, next, std::memory_order_acq_rel)) continue;
    // Only a successful getter counts up, so the future is ready and the last reader has just let go.
    if (next == kReleased) result_ = Void{};
    return;
  }
}

Error Future::value(Result** out) {
  if (!look()) return err::kFutureNotSet;
  if (error_ != 0) return error_;
  int count = value_references_.load(std::memory_order_acquire);
  do {
    if (count == kReleased) return err::kFutureReleased;
  } while (!value_references_.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel));
  *out = &result_;
  return 0;
}

}  // namespace fdb
