// A run of a tool: who hears what on which thread, how it is stopped, and what becomes of errors.
#include "abi/tool_run.h"

#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "sim/test_support.h"

namespace fdb {
namespace {

struct Listener {
  std::vector<std::pair<int64_t, int64_t>> heard;
  std::atomic<int> calls{0};
  int stop_at = 0;  // the number of the call that stops it
  const std::thread::id thread = std::this_thread::get_id();

  static int hear(void* self, int64_t done, int64_t total) {
    auto& listener = *static_cast<Listener*>(self);
    CHECK(std::this_thread::get_id() == listener.thread);
    listener.heard.emplace_back(done, total);
    return ++listener.calls != listener.stop_at;
  }
};

void a_run_that_succeeds() {
  Listener listener;
  Bytes text;
  ToolRun run(
      [&](const durable::Progress& progress) {
        CHECK(std::this_thread::get_id() != listener.thread);
        // Until the program has heard of it.
        while (listener.calls < 2) CHECK(progress(3, 7));
        CHECK(progress(5, 7));
        return Bytes("report");
      },
      Listener::hear, &listener);
  CHECK_EQ(run.run(&text), 0);
  CHECK_EQ(text, "report");
  CHECK(listener.heard.front() == (std::pair<int64_t, int64_t>(0, 1)));
  CHECK(listener.heard[1] == (std::pair<int64_t, int64_t>(3, 7)));
  CHECK(listener.heard.back() == (std::pair<int64_t, int64_t>(7, 7)));
}

void a_run_that_is_stopped() {
  for (int at = 1; at <= 3; ++at) {
    Listener listener;
    listener.stop_at = at;
    Bytes text;
    bool worked = false;
    ToolRun run(
        [&](const durable::Progress& progress) -> Bytes {
          worked = true;
          for (int64_t done = 0; progress(done, 1'000'000'000); ++done) std::this_thread::yield();
          throw durable::FileError(err::kOperationCancelled, "stopped");
        },
        Listener::hear, &listener);
    CHECK_EQ(run.run(&text), err::kOperationCancelled);
    CHECK_EQ(listener.calls.load(), at);
    CHECK_EQ(worked, at > 1);
    for (size_t i = 1; i < listener.heard.size(); ++i) CHECK(listener.heard[i - 1].first <= listener.heard[i].first);
  }
}

void a_run_that_fails() {
  for (const FDBEmbeddedProgress progress : {FDBEmbeddedProgress(nullptr), FDBEmbeddedProgress(Listener::hear)}) {
    Listener listener;
    Bytes text;
    const auto run = [&](ToolRun::Work work) {
      text.clear();
      return ToolRun(std::move(work), progress, &listener).run(&text);
    };
    CHECK_EQ(run([](const durable::Progress&) -> Bytes { throw durable::FileError(err::kFileCorrupt, "damaged"); }),
             err::kFileCorrupt);
    CHECK_EQ(text, "damaged");
    CHECK_EQ(run([](const durable::Progress&) -> Bytes { throw std::bad_alloc(); }), err::kPlatformError);
    CHECK_EQ(run([](const durable::Progress&) -> Bytes { throw EngineError{err::kIoError}; }), err::kIoError);
    CHECK_EQ(run([](const durable::Progress& go_on) { return Bytes(go_on(1, 1) ? "went on" : "stopped"); }), 0);
    CHECK_EQ(text, "went on");
  }
}

// A child that the program's function has made has no worker; it must not wait for one.
void a_fork_in_the_function() {
  struct Forking {
    std::atomic<int> calls{0};
    pid_t child = -1;
  } forking;
  const FDBEmbeddedProgress hear = [](void* self, int64_t, int64_t) {
    auto& place = *static_cast<Forking*>(self);
    if (place.calls.load() == 1) place.child = fork();
    ++place.calls;
    return 1;
  };
  Bytes text;
  ToolRun run(
      [&](const durable::Progress&) {
        while (forking.calls < 2) std::this_thread::yield();
        return Bytes("report");
      },
      hear, &forking);
  const Error error = run.run(&text);
  if (forking.child == 0) _exit(error == err::kOperationCancelled ? 0 : 1);
  int status = -1;
  CHECK_EQ(waitpid(forking.child, &status, 0), forking.child);
  CHECK_EQ(status, 0);
  CHECK_EQ(error, 0);
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  a_run_that_succeeds();
  a_run_that_is_stopped();
  a_run_that_fails();
  a_fork_in_the_function();
  return 0;
}
