// Forked children of a test, and a pipe to take turns with them.
//
// Thread-safety: none.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/test_support.h"

namespace fdb::test {

// One side's signals to the other.
class Turns {
 public:
  Turns() { CHECK_EQ(pipe(ends_), 0); }
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  ~Turns() {
    close(ends_[0]);
    close(ends_[1]);
  }
  void give() { CHECK_EQ(write(ends_[1], "t", 1), 1); }
  // Fails after a minute: the other side is no more.
  void wait() {
    char byte;
    pollfd ready{ends_[0], POLLIN, 0};
    CHECK_EQ(poll(&ready, 1, 60'000), 1);
    CHECK_EQ(read(ends_[0], &byte, 1), 1);
  }

 private:
  int ends_[2];
};

class Child {
 public:
  // Runs `work` in a child, which ends with 0 unless a check in it fails.
  template <class Work>
  explicit Child(Work work) : pid_(fork()) {
    CHECK(pid_ >= 0);
    if (pid_ > 0) return;
    alarm(60);
    work();
    _exit(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) end();
  }

  pid_t pid() const { return pid_; }
  // Waits for its end, and checks that all was well.
  void end() {
    int status = 0;
    CHECK_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }

 private:
  pid_t pid_;
};

}  // namespace fdb::test
