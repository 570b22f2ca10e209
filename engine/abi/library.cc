#include "abi/library.h"

#include "special/special_keys.h"

namespace fdb {

Ref<Transaction> create_transaction(Database& database) {
  return make_ref<Transaction>(Ref<Database>(&database), Ref<Tenant>(), special_key_space());
}

Ref<Transaction> create_transaction(Tenant& tenant) {
  return make_ref<Transaction>(Ref<Database>(&tenant.database()), Ref<Tenant>(&tenant), special_key_space());
}

}  // namespace fdb
