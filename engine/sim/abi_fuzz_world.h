// What the threads of abi_fuzz_test.cc share: live objects of the C API, of which any thread may pick any.
//
// Thread-safety: any thread may call anything, each with a Random of its own.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "abi/exports_support.h"
#include "sim/abi_fuzz_arguments.h"
#include "sim/test_support.h"

namespace fdb::fuzz {

using namespace fdb::test;

// An object of the C API. It is destroyed when nobody uses it any more, which is up to the threads.
template <class Object, void (*destroy)(Object*)>
struct Live {
  explicit Live(Object* object) : handle(object) {}
  Live(const Live&) = delete;
  ~Live() { destroy(handle); }
  Object* const handle;
};

using Database = Live<FDBDatabase, fdb_database_destroy>;
using Tenant = Live<FDBTenant, fdb_tenant_destroy>;
using Transaction = Live<FDBTransaction, fdb_transaction_destroy>;

struct Future : Live<FDBFuture, fdb_future_destroy> {
  Future(FDBFuture* future, bool ends) : Live(future), completes(ends) {}
  const bool completes;  // without being cancelled
};

// Objects that any thread may pick. A full pool forgets one for each that is added.
template <class T>
class Pool {
 public:
  explicit Pool(size_t capacity) : capacity_(capacity) {}

  std::shared_ptr<T> pick(Random& random) {
    std::lock_guard lock(mutex_);
    return objects_.empty() ? nullptr : objects_[static_cast<size_t>(random.below(static_cast<int>(objects_.size())))];
  }

  // The object that has to go is destroyed with the parameter, after the lock.
  void add(Random& random, std::shared_ptr<T> object) {
    std::lock_guard lock(mutex_);
    if (objects_.size() < capacity_) {
      objects_.push_back(std::move(object));
    } else {
      std::swap(objects_[static_cast<size_t>(random.below(static_cast<int>(capacity_)))], object);
    }
  }

  void remove_one(Random& random) {
    std::shared_ptr<T> removed;
    std::lock_guard lock(mutex_);
    if (objects_.empty()) return;
    std::swap(objects_[static_cast<size_t>(random.below(static_cast<int>(objects_.size())))], objects_.back());
    removed = std::move(objects_.back());
    objects_.pop_back();
  }

  void clear() {
    std::vector<std::shared_ptr<T>> removed;
    std::lock_guard lock(mutex_);
    removed.swap(objects_);
  }

 private:
  const size_t capacity_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<T>> objects_;
};

struct World {
  Pool<Database> databases{4};
  Pool<Tenant> tenants{6};
  Pool<Transaction> transactions{24};
  Pool<Future> futures{200};

  std::mutex owned_by_callbacks_mutex;
  std::set<FDBFuture*> owned_by_callbacks;  // each destroys itself
  std::atomic<int64_t> callbacks_run{0};
  std::atomic<int64_t> futures_failed{0};
  std::atomic<int64_t> futures_succeeded{0};
};

inline World* world;

}  // namespace fdb::fuzz
