// One run of a tool for files: the work on a thread of its own, the program's progress function on the thread that has called.
//
// The program's function may want a lock that a thread holds while it forks (an interpreter's, for one), and a fork waits until nobody
// is inside SQLite: so the function is not called from there.
//
// Thread-safety: none; an object is for one run.
// Invariants:
//  1. The function is called once before the work begins, now and then while it goes on, and once more when it has succeeded.
//  2. When the function has returned 0 it is not called again, and the work ends with 1101 where it next looks.
//  3. run() returns when the work is over. No exception leaves it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/fdb_headers.h"
#include "base/thread.h"
#include "durable/file_tools.h"

#include <foundationdb/fdb_c_internal.h>

namespace fdb {

class ToolRun {
 public:
  using Work = std::function<Bytes(const durable::Progress& progress)>;

  // `progress` may be null.
  ToolRun(Work work, FDBEmbeddedProgress progress, void* context)
      : work_(std::move(work)), progress_(progress), context_(context) {}

  // The error, and the report or what there is to say about the error.
  Error run(Bytes* text) noexcept;

 private:
  void do_work() noexcept;
  // False in a child that the program's function has forked: there is nobody who works.
  bool watch();
  // False when the function wants no more.
  bool tell();

  const Work work_;
  const FDBEmbeddedProgress progress_;
  void* const context_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  // for all below
  std::condition_variable finished_;
  bool is_finished_ = false;
  int64_t done_ = 0;
  int64_t total_ = 1;
  Error error_ = 0;
  Bytes text_;
};

}  // namespace fdb
