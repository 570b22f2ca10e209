// C exports: faults on demand (docs/guides/faults.md).
#include "abi/exports_support.h"
#include "db/database.h"
#include "txn/transaction.h"

using namespace fdb;

extern "C" {

DLLEXPORT fdb_error_t fdb_embedded_set_faults(FDBDatabase* d, const char* rules, char* text, int capacity) {
  copy_text({}, text, capacity);
  return guard_error([&] {
    Keyspace* keyspace = Database::from(d)->keyspace();
    if (!keyspace) return Database::from(d)->deferred_error();
    FaultSetting setting;
    Bytes problem;
    if (!parse_faults(rules ? rules : "", &setting, &problem)) {
      copy_text(problem, text, capacity);
      return err::kInvalidOptionValue;
    }
    if (!setting.seed) setting.seed = fresh_seed();
    const Bytes replay = text ? text_of(setting) : Bytes();  // beforehand: what is done must not fail for want of memory
    keyspace->faults().set(std::move(setting));
    copy_text(replay, text, capacity);
    return Error(0);
  });
}

DLLEXPORT fdb_error_t fdb_embedded_faults(FDBDatabase* d, char* text, int capacity) {
  copy_text({}, text, capacity);
  return guard_error([&] {
    Keyspace* keyspace = Database::from(d)->keyspace();
    if (!keyspace) return Database::from(d)->deferred_error();
    copy_text(keyspace->faults().report(), text, capacity);
    return Error(0);
  });
}

DLLEXPORT fdb_error_t fdb_embedded_inject(FDBTransaction* tr, const char* fault) {
  return guard_error([&] { return Transaction::from(tr)->inject(fault ? fault : ""); });
}

}  // extern "C"
