// A queue of objects that it owns, linked through themselves: pushing allocates nothing and cannot fail.
//
// Thread-safety: none.
// An element has a member `std::unique_ptr<T> next_` and befriends OwnedQueue<T>.
#pragma once

#include <memory>
#include <utility>

namespace fdb {

// First in, first out.
template <class T>
class OwnedQueue {
 public:
  OwnedQueue() = default;
  OwnedQueue(OwnedQueue&& other) noexcept : first_(std::move(other.first_)), last_(std::exchange(other.last_, nullptr)) {}
  OwnedQueue& operator=(OwnedQueue&& other) noexcept {
    clear();
    first_ = std::move(other.first_);
    last_ = std::exchange(other.last_, nullptr);
    return *this;
  }
  ~OwnedQueue() { clear(); }

  bool empty() const { return !first_; }
  void push(std::unique_ptr<T> element) noexcept {
    T* const pushed = element.get();
    (last_ ? last_->next_ : first_) = std::move(element);
    last_ = pushed;
  }
  std::unique_ptr<T> pop() noexcept {
    std::unique_ptr<T> element = std::move(first_);
    first_ = std::move(element->next_);
    if (!first_) last_ = nullptr;
    return element;
  }
  template <class Take>
  void for_each(Take&& take) const {
    for (const T* element = first_.get(); element; element = element->next_.get()) take(*element);
  }
  // One by one: a chain of owners would be destroyed recursively.
  void clear() noexcept {
    while (!empty()) pop();
  }

 private:
  std::unique_ptr<T> first_;
  T* last_ = nullptr;
};

}  // namespace fdb
