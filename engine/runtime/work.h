// A piece of work for the network thread. Whoever must not fail when it is time to post makes it beforehand.
//
// Thread-safety: none; it belongs to who made it, then to the network.
#pragma once

#include <memory>
#include <utility>

#include "base/owned_queue.h"

namespace fdb {

class Work {
 public:
  virtual ~Work() = default;
  virtual void run() = 0;

 private:
  friend class OwnedQueue<Work>;
  std::unique_ptr<Work> next_;
};

template <class Task>
class WorkOf : public Work {
 public:
  explicit WorkOf(Task task) : task_(std::move(task)) {}
  void run() override { task_(); }

 private:
  Task task_;
};

using WorkQueue = OwnedQueue<Work>;

}  // namespace fdb
