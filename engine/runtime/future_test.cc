// Futures: completion, waiting, callbacks, hooks, cancellation, and the accounting of release_memory.
#include "runtime/future.h"

#include <atomic>
#include <thread>
#include <vector>

#include "runtime/network.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb {

namespace {

struct NetworkThread {
  NetworkThread() {
    CHECK_EQ(test::network().select_api_version(740, 740), 0);
    CHECK_EQ(test::network().setup(), 0);
    thread = std::thread([] { CHECK_EQ(test::network().run(), 0); });
    while (!test::network().running()) std::this_thread::yield();
  }
  ~NetworkThread() {
    CHECK_EQ(test::network().stop(), 0);
    thread.join();
  }
  // Returns once everything that was posted before has run.
  static void flush() {
    std::atomic<bool> done{false};
    test::network().post([&] {
      done = true;
      done.notify_all();
    });
    done.wait(false);
  }
  std::thread thread;
};

struct Calls {
  std::atomic<int> count{0};
  std::atomic<bool> on_network_thread{false};
  std::atomic<Error> error{-1};
};

void count_call(FDBFuture* handle, void* parameter) {
  auto* calls = static_cast<Calls*>(parameter);
  calls->on_network_thread = test::network().on_network_thread();
  calls->error = Future::from(handle)->get_error();
  ++calls->count;
}

int64_t number_of(Future& future) {
  Result* result = nullptr;
  CHECK_EQ(future.value(&result), 0);
  return std::get<int64_t>(*result);
}

void test_ready_futures() {
  auto future = Future::ready(int64_t{7});
  CHECK(future->is_ready());
  CHECK_EQ(future->get_error(), 0);
  CHECK_EQ(number_of(*future), 7);
  CHECK_EQ(future->block_until_ready(), 0);
  CHECK(!future->complete(int64_t{8}));
  future->cancel();
  CHECK_EQ(number_of(*future), 7);

  auto failed = Future::failed(err::kInvertedRange);
  CHECK(failed->is_ready());
  CHECK_EQ(failed->get_error(), err::kInvertedRange);
  Result* result = nullptr;
  CHECK_EQ(failed->value(&result), err::kInvertedRange);
  CHECK_EQ(failed->block_until_ready(), 0);
}

void test_values_behind_their_futures() {
  for (const size_t size : {0, 1, 100, 100'000}) {
    const Bytes bytes(size, 'v');
    auto future = Future::ready_value(true, bytes);
    Result* result = nullptr;
    CHECK_EQ(future->value(&result), 0);
    CHECK(value_in(*result)->present && value_in(*result)->value == bytes);
    future->release_memory();
    CHECK_EQ(future->get_error(), err::kFutureReleased);
  }
  Result* result = nullptr;
  auto absent = Future::ready_value(false, Slice());
  CHECK_EQ(absent->value(&result), 0);
  CHECK(!value_in(*result)->present);
  CHECK(!value_in(Result(Void{})) && value_in(Result(ValueResult{true, "v"}))->value == "v");
}

void test_pending_futures() {
  auto future = make_ref<Future>(test::network());
  CHECK(!future->is_ready());
  CHECK_EQ(future->get_error(), err::kFutureNotSet);
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), err::kFutureNotSet);
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) waiters.emplace_back([&] { CHECK_EQ(future->block_until_ready(), 0); });
  CHECK(future->complete(KeyResult{"k"}));
  CHECK(!future->fail(err::kUnknownError));
  for (auto& waiter : waiters) waiter.join();
  CHECK_EQ(future->value(&result), 0);
  CHECK_EQ(std::get<KeyResult>(*result).key, "k");
}

void test_callbacks() {
  Calls calls;
  auto ready = Future::ready(Void{});
  CHECK_EQ(ready->set_callback(count_call, &calls), 0);
  CHECK_EQ(calls.count.load(), 1);
  CHECK(!calls.on_network_thread);

  auto pending = make_ref<Future>(test::network());
  CHECK_EQ(pending->set_callback(count_call, &calls), 0);
  CHECK_EQ(pending->set_callback(count_call, &calls), 0);
  CHECK_EQ(calls.count.load(), 1);
  pending->complete(Void{});
  NetworkThread::flush();
  CHECK_EQ(calls.count.load(), 3);
  CHECK(calls.on_network_thread);
  CHECK_EQ(calls.error.load(), 0);
}

// A callback keeps the future alive, though the caller has destroyed it.
void test_destroy_fires_callbacks() {
  Calls calls;
  auto future = make_ref<Future>(test::network());
  CHECK_EQ(future->set_callback(count_call, &calls), 0);
  future.detach()->destroy();
  NetworkThread::flush();
  CHECK_EQ(calls.count.load(), 1);
  CHECK_EQ(calls.error.load(), err::kOperationCancelled);
}

void test_destroy_inside_callback() {
  auto future = make_ref<Future>(test::network());
  Future* raw = future.detach();
  const auto destroy = [](FDBFuture* handle, void*) { Future::from(handle)->destroy(); };
  CHECK_EQ(raw->set_callback(destroy, nullptr), 0);
  raw->complete(Void{});
  NetworkThread::flush();
}

void test_blocking_on_the_network_thread() {
  std::atomic<Error> pending_error{-1};
  std::atomic<Error> ready_error{-1};
  test::network().post([&] {
    pending_error = make_ref<Future>(test::network())->block_until_ready();
    ready_error = Future::ready(Void{})->block_until_ready();
  });
  NetworkThread::flush();
  CHECK_EQ(pending_error.load(), err::kBlockedFromNetworkThread);
  CHECK_EQ(ready_error.load(), 0);
}

struct CountingHook : FutureHook {
  void before_look(Future& future) override {
    ++looks;
    if (complete_on_look) future.complete(int64_t{42});
  }
  void after_cancel(Future& future) override {
    ++cancels;
    CHECK_EQ(future.get_error(), err::kOperationCancelled);
  }
  int looks = 0;
  int cancels = 0;
  bool complete_on_look = false;
};

void test_hooks() {
  auto hook = std::make_shared<CountingHook>();
  auto future = make_ref<Future>(test::network());
  future->set_hook(hook);
  CHECK(!future->is_ready_quietly());
  CHECK_EQ(hook->looks, 0);
  CHECK(!future->is_ready());
  CHECK_EQ(future->get_error(), err::kFutureNotSet);
  CHECK_EQ(hook->looks, 2);
  hook->complete_on_look = true;
  CHECK_EQ(number_of(*future), 42);
  CHECK_EQ(hook->looks, 3);
  CHECK(future->is_ready());
  CHECK_EQ(hook->looks, 3);
  CHECK_EQ(hook.use_count(), 1);  // dropped on completion

  Calls calls;
  auto looked_at_by_callback = make_ref<Future>(test::network());
  looked_at_by_callback->set_hook(hook);
  CHECK_EQ(looked_at_by_callback->set_callback(count_call, &calls), 0);
  CHECK_EQ(calls.count.load(), 1);

  auto cancelled = make_ref<Future>(test::network());
  cancelled->set_hook(hook);
  cancelled->cancel();
  cancelled->cancel();
  CHECK_EQ(hook->cancels, 1);
  CHECK_EQ(hook.use_count(), 1);
}

void test_release_memory() {
  auto future = Future::ready(int64_t{1});
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  CHECK_EQ(future->value(&result), 0);
  future->release_memory();
  CHECK_EQ(future->get_error(), 0);
  future->release_memory();
  CHECK(future->is_ready());
  CHECK_EQ(future->get_error(), err::kFutureReleased);
  CHECK_EQ(future->value(&result), err::kFutureReleased);
  future->release_memory();
  CHECK_EQ(future->get_error(), err::kFutureReleased);

  // A release without a getter leaves the count at -1 and frees nothing, neither then nor after one getter.
  auto unbalanced = Future::ready(int64_t{2});
  unbalanced->release_memory();
  CHECK_EQ(unbalanced->value(&result), 0);
  CHECK_EQ(unbalanced->get_error(), 0);
  unbalanced->release_memory();
  CHECK_EQ(unbalanced->get_error(), 0);
  CHECK_EQ(unbalanced->value(&result), 0);
  CHECK_EQ(unbalanced->value(&result), 0);
  unbalanced->release_memory();
  CHECK_EQ(unbalanced->get_error(), err::kFutureReleased);
}

// Threads that complete, cancel, watch and destroy the same futures.
void test_races() {
  Calls calls;
  constexpr int kFutures = 3000;
  for (int i = 0; i < kFutures; ++i) {
    Future* future = make_ref<Future>(test::network()).detach();
    const Ref<Future> for_completer(future);
    const Ref<Future> for_waiter(future);
    std::thread completer([&] { for_completer->complete(int64_t{i}); });
    std::thread waiter([&] { CHECK_EQ(for_waiter->block_until_ready(), 0); });
    CHECK_EQ(future->set_callback(count_call, &calls), 0);
    if (i % 2) future->cancel();
    future->destroy();
    completer.join();
    waiter.join();
  }
  NetworkThread::flush();
  CHECK_EQ(calls.count.load(), kFutures);
}

void test_arrays() {
  KeyValueArray rows;
  rows.add("key", "value");
  rows.add("", "");
  CHECK_EQ(rows.rows.size(), 2u);
  CHECK_EQ(Slice(reinterpret_cast<const char*>(rows.rows[0].value), 5), "value");
  CHECK_EQ(rows.rows[0].key_length + 0, 3);
  CHECK_EQ(rows.rows[1].value_length + 0, 0);
}

}  // namespace

}  // namespace fdb

int main() {
  {
    const fdb::NetworkThread network;
    fdb::test_ready_futures();
    fdb::test_values_behind_their_futures();
    fdb::test_pending_futures();
    fdb::test_callbacks();
    fdb::test_destroy_fires_callbacks();
    fdb::test_destroy_inside_callback();
    fdb::test_blocking_on_the_network_thread();
    fdb::test_hooks();
    fdb::test_release_memory();
    fdb::test_races();
    fdb::test_arrays();
  }
  // After the loop ended a callback is dropped, but its future is freed.
  fdb::Calls calls;
  auto late = fdb::make_ref<fdb::Future>(fdb::test::network());
  CHECK_EQ(late->set_callback(fdb::count_call, &calls), 0);
  late.detach()->destroy();
  CHECK_EQ(calls.count.load(), 0);
  return 0;
}
