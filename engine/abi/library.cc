#include "abi/library.h"

#include "base/fork.h"
#include "special/special_keys.h"

namespace fdb {

Library& Library::make() {
  static Library* const library = [] {
    auto* made = new Library;
    static ForkHooks hooks{nullptr, nullptr, [] {
                             of_process().network().start_over();
                             of_process().databases().start_over();
                           }};
    on_fork(&hooks);
    made_.store(made, std::memory_order_release);
    return made;
  }();
  return *library;
}

Ref<Transaction> create_transaction(Database& database) {
  return make_ref<Transaction>(Ref<Database>(&database), Ref<Tenant>(), special_key_space());
}

Ref<Transaction> create_transaction(Tenant& tenant) {
  return make_ref<Transaction>(Ref<Database>(&tenant.database()), Ref<Tenant>(&tenant), special_key_space());
}

}  // namespace fdb
