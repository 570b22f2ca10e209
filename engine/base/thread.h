// A thread of the library's own: it blocks all signals, which are for the host program's threads.
//
// Thread-safety: none; it belongs to who starts it.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <new>

namespace fdb {

class Thread {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  // Runs `run(argument)`; throws std::bad_alloc when the system refuses.
  void start(void* (*run)(void*), void* argument) {
    if (!try_to_start(run, argument)) throw std::bad_alloc();
  }
  bool try_to_start(void* (*run)(void*), void* argument) noexcept {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    running_ = pthread_create(&thread_, nullptr, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return running_;
  }
  // Waits for its end, if it was started.
  void join() noexcept {
    if (running_) pthread_join(thread_, nullptr);
    running_ = false;
  }
  void detach() noexcept {
    if (running_) pthread_detach(thread_);
    running_ = false;
  }

 private:
  pthread_t thread_{};
  bool running_ = false;
};

}  // namespace fdb
