#include "future.h"

#include <array>
#include <condition_variable>
#include <mutex>

#include "fork.h"
#include "network.h"

namespace fdb {

namespace {

// Locks and condition variables are shared by futures with the same hash of the address: a future stays small and costs
// nothing to create, and only pending futures ever use them.
struct Stripe {
  std::mutex mutex;
  std::condition_variable ready;
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
    on_fork_in_child(replace_stripes);
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

FDBKey key_of(Slice bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())}; }

}  // namespace

void KeyValueArray::add(Slice key, Slice value) {
  const FDBKey key_copy = key_of(arena.copy(key));
  const FDBKey value_copy = key_of(arena.copy(value));
  rows.push_back({key_copy.key, key_copy.key_length, value_copy.key, value_copy.key_length});
}

void KeyArray::add(Slice key) { keys.push_back(key_of(arena.copy(key))); }

// Guarded by the future's stripe.
struct Future::Slow {
  std::shared_ptr<FutureHook> hook;
  std::vector<Callback> callbacks;
  int waiters = 0;
};

Future::Future() = default;
Future::~Future() = default;

Future::Slow& Future::slow() {
  if (!slow_) slow_ = std::make_unique<Slow>();
  return *slow_;
}

Ref<Future> Future::ready(Result result) {
  auto future = make_ref<Future>();
  future->result_ = std::move(result);
  future->state_.store(kReady, std::memory_order_release);
  return future;
}

Ref<Future> Future::failed(Error error) {
  auto future = make_ref<Future>();
  future->error_ = error;
  future->state_.store(kReady, std::memory_order_release);
  return future;
}

void Future::set_hook(std::shared_ptr<FutureHook> hook) { slow().hook = std::move(hook); }

bool Future::complete(Result result) { return finish(0, std::move(result)); }

bool Future::fail(Error error) { return finish(error, Void{}); }

bool Future::finish(Error error, Result&& result) {
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
  if (slow && !slow->callbacks.empty()) post_callbacks(std::move(slow->callbacks));
  return true;
}

void Future::post_callbacks(std::vector<Callback> callbacks) {
  const size_t references = callbacks.size();
  Network::instance().post([self = Ref<Future>(this), callbacks = std::move(callbacks)] {
    for (const Callback& callback : callbacks) callback.function(self->handle(), callback.parameter);
  });
  // The references that set_callback() took; the task holds one of its own.
  for (size_t i = 0; i < references; ++i) release();
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
  Network& network = Network::instance();
  if (network.on_network_thread()) return err::kBlockedFromNetworkThread;
  // Nobody is going to complete a future that a forked child inherited.
  if (!network.is_set_up()) return err::kNetworkNotSetup;
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
      slow().callbacks.push_back({callback, parameter});
      add_ref();
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
  auto found = hook();
  if (fail(err::kOperationCancelled) && found) found->after_cancel(*this);
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
