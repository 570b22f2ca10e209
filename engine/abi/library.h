// Where the parts of the library are put together: what lower folders are handed, instead of reaching for it.
//
// Thread-safety: every function may be called from any thread.
#pragma once

#include "db/database.h"
#include "txn/transaction.h"

namespace fdb {

Ref<Transaction> create_transaction(Database& database);
Ref<Transaction> create_transaction(Tenant& tenant);

}  // namespace fdb
