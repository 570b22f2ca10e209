// Where the parts of the library are put together: what lower folders are handed, instead of reaching for it.
//
// Thread-safety: every function may be called from any thread.
#pragma once

#include "db/databases.h"
#include "runtime/network.h"
#include "txn/transaction.h"

namespace fdb {

// One copy of the library: what it has of everything there is one of.
class Library {
 public:
  // The one behind the C API. Never destroyed: threads may outlive static destruction.
  static Library& of_process() {
    Library* const made = made_.load(std::memory_order_acquire);
    return made ? *made : make();
  }

  Network& network() { return network_; }
  Databases& databases() { return databases_; }

 private:
  static Library& make();

  static inline std::atomic<Library*> made_{nullptr};
  Network network_;
  Databases databases_{network_};
};

Ref<Transaction> create_transaction(Database& database);
Ref<Transaction> create_transaction(Tenant& tenant);

}  // namespace fdb
