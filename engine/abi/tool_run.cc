#include "abi/tool_run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "abi/exports_support.h"

namespace fdb {

namespace {

// How often a program hears of a tool.
constexpr std::chrono::milliseconds kInterval{50};

}  // namespace

Error ToolRun::run(Bytes* text) noexcept {
  try {
    if (!progress_) {
      do_work();
    } else if (!tell()) {
      return err::kOperationCancelled;
    } else if (!watch()) {
      return err::kOperationCancelled;
    }
    if (error_ == 0 && progress_ && !stopped_.load()) {
      done_ = total_ = std::max<int64_t>({done_, total_, 1});
      tell();
    }
    text->swap(text_);
    return error_;
  } catch (...) {
    return current_exception_code();
  }
}

bool ToolRun::watch() {
  Thread thread;
  const pid_t process = getpid();
  thread.start(
      [](void* self) -> void* {
        static_cast<ToolRun*>(self)->do_work();
        return nullptr;
      },
      this);
  for (std::unique_lock lock(mutex_); !is_finished_;) {
    if (finished_.wait_for(lock, kInterval, [this] { return is_finished_; })) break;
    if (stopped_.load()) continue;
    lock.unlock();
    const bool goes_on = tell();
    if (getpid() != process) return false;
    if (!goes_on) stopped_.store(true);
    lock.lock();
  }
  thread.join();
  return true;
}

bool ToolRun::tell() {
  int64_t done, total;
  {
    std::lock_guard lock(mutex_);
    done = done_;
    total = total_;
  }
  return progress_(context_, done, total) != 0;
}

void ToolRun::do_work() noexcept {
  Bytes text;
  Error error = 0;
  try {
    text = work_([this](int64_t done, int64_t total) {
      std::lock_guard lock(mutex_);
      done_ = std::max(done_, done);
      total_ = std::max(total, done_);
      return !stopped_.load();
    });
  } catch (durable::FileError& failure) {
    error = failure.code;
    text.swap(failure.text);
  } catch (...) {
    error = current_exception_code();
  }
  std::lock_guard lock(mutex_);
  error_ = error;
  text_.swap(text);
  is_finished_ = true;
  finished_.notify_all();
}

}  // namespace fdb
