// Leads to a RefCounted object for as long as that lives, without keeping it alive: for timers and hooks.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include "base/common.h"
#include "base/schedule.h"

namespace fdb {

template <class T>
class WeakLink {
 public:
  explicit WeakLink(T* object) : object_(object) {}

  // Null when the object is gone or about to go.
  Ref<T> lock() {
    std::lock_guard lock(mutex_);
    return object_ && object_->try_add_ref() ? Ref<T>::adopt(object_) : Ref<T>();
  }
  // For the object's destructor, first of all.
  void cut() {
    std::lock_guard lock(mutex_);
    object_ = nullptr;
  }

 private:
  Mutex mutex_;
  T* object_;
};

}  // namespace fdb
