// Who is inside, from when on: on one thread, on many, on threads that end, and after a fork.
#include "store/leaf_use.h"

#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "sim/test_support.h"

namespace fdb::store {
namespace {

constexpr uint64_t kNobody = std::numeric_limits<uint64_t>::max();

void test_before_it_is_needed() {
  const LeafUse use;
  CHECK(!LeafUse::inside());
  LeafUse::require();
  CHECK(!LeafUse::inside());
  const LeafUse from_now_on;
  CHECK(LeafUse::inside());
}

void test_one_thread() {
  CHECK_EQ(LeafUse::oldest(), kNobody);
  const uint64_t retired_outside = LeafUse::retire();
  {
    const LeafUse use;
    CHECK(LeafUse::inside());
    CHECK(LeafUse::oldest() >= retired_outside);
    const uint64_t retired_inside = LeafUse::retire();
    CHECK(LeafUse::oldest() < retired_inside);
    {
      const LeafUse nested;
      CHECK(LeafUse::oldest() < retired_inside);
    }
    CHECK(LeafUse::inside());
    CHECK(LeafUse::oldest() < retired_inside);
  }
  CHECK(!LeafUse::inside());
  CHECK_EQ(LeafUse::oldest(), kNobody);
}

// A thread that is inside until it is told to leave.
class Visitor {
 public:
  Visitor() : thread_([this] { visit(); }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_; });
  }
  ~Visitor() {
    {
      std::lock_guard lock(mutex_);
      may_leave_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

 private:
  void visit() {
    const LeafUse use;
    std::unique_lock lock(mutex_);
    inside_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return may_leave_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool inside_ = false;
  bool may_leave_ = false;
  std::thread thread_;
};

void test_threads() {
  for (const size_t count : {size_t{1}, size_t{50}, size_t{1}}) {
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (size_t i = 0; i < count; ++i) visitors.push_back(std::make_unique<Visitor>());
    const uint64_t retired = LeafUse::retire();
    const Visitor late;
    while (!visitors.empty()) {
      CHECK(LeafUse::oldest() < retired);
      visitors.pop_back();
    }
    CHECK(LeafUse::oldest() >= retired);
    CHECK(LeafUse::oldest() != kNobody);
  }
  CHECK_EQ(LeafUse::oldest(), kNobody);
}

// Threads come and go; their places are used again, for there are 4096.
void test_threads_that_end() {
  for (int i = 0; i < 5000; ++i) std::thread([] { const LeafUse use; }).join();
  CHECK_EQ(LeafUse::oldest(), kNobody);
}

// In a child only the thread that forked is inside.
[[maybe_unused]] void test_fork() {
  const Visitor visitor;
  std::optional<LeafUse> mine;
  mine.emplace();
  const uint64_t retired = LeafUse::retire();
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(20);
    if (LeafUse::oldest() >= retired) _exit(1);
    mine.reset();
    _exit(LeafUse::oldest() == kNobody ? 0 : 2);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(LeafUse::oldest() < retired);
}

}  // namespace
}  // namespace fdb::store

int main() {
  fdb::store::test_before_it_is_needed();
  fdb::store::test_one_thread();
  fdb::store::test_threads();
  fdb::store::test_threads_that_end();
  fdb::store::test_fork();
  std::puts("leaf_use_test: ok");
  return 0;
}
