// A piece of work for the network thread. Whoever must not fail when it is time to post makes it beforehand.
//
// Thread-safety: none; it belongs to who made it, then to the network.
#pragma once

#include <memory>
#include <utility>

namespace fdb {

class Work {
 public:
  virtual ~Work() = default;
  virtual void run() = 0;

 private:
  friend class WorkQueue;
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

// First in, first out; allocates nothing.
class WorkQueue {
 public:
  WorkQueue() = default;
  WorkQueue(WorkQueue&& other) noexcept : first_(std::move(other.first_)), last_(std::exchange(other.last_, nullptr)) {}
  WorkQueue& operator=(WorkQueue&& other) noexcept {
    clear();
    first_ = std::move(other.first_);
    last_ = std::exchange(other.last_, nullptr);
    return *this;
  }
  ~WorkQueue() { clear(); }

  bool empty() const { return !first_; }
  void push(std::unique_ptr<Work> work) {
    std::unique_ptr<Work>& place = last_ ? last_->next_ : first_;
    last_ = work.get();
    place = std::move(work);
  }
  std::unique_ptr<Work> pop() {
    std::unique_ptr<Work> work = std::move(first_);
    first_ = std::move(work->next_);
    if (!first_) last_ = nullptr;
    return work;
  }
  // One by one: a chain of owners would be destroyed recursively.
  void clear() {
    while (!empty()) pop();
  }

 private:
  std::unique_ptr<Work> first_;
  Work* last_ = nullptr;
};

}  // namespace fdb
