// Databases with faults in simulated time, in memory and in files, for tests of what faults do.
//
// Thread-safety: none; there is one thread, and one FaultWorld.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/temporary_directory.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb::test {

// To be made first, and to go last.
struct FaultWorld {
  FaultWorld() {
    simulate();
    durable::GroupCommitter::has_thread = false;
    current = this;
  }
  FaultWorld(const FaultWorld&) = delete;

  static inline FaultWorld* current = nullptr;
  SimEnv env{1};
  TemporaryDirectory directory;
  std::vector<Ref<Database>> files;  // that are open, to the end
};

// A new database, in memory or in a file.
inline Bytes fresh(bool in_file) {
  static int number = 0;
  const Bytes name = "faults" + std::to_string(++number);
  return in_file ? "file:" + FaultWorld::current->directory.file(name) + "?sync=normal" : "memory:" + name;
}

inline void set_faults(const Ref<Database>& database, Slice rules) {
  FaultSetting setting;
  Bytes problem;
  CHECK(parse_faults(rules, &setting, &problem));
  database->keyspace()->faults().set(setting);
}

inline Ref<Database> database_with(Slice rules, bool in_file = false) {
  const Ref<Database> database = open_database(fresh(in_file));
  CHECK_EQ(database->deferred_error(), 0);
  set_faults(database, rules);
  if (in_file) FaultWorld::current->files.push_back(database);
  return database;
}

// Lets time pass, and what writes files go on.
inline void pass(int64_t micros) {
  for (const Ref<Database>& database : FaultWorld::current->files) database->keyspace()->file()->turn();
  FaultWorld::current->env.advance(micros);
}

inline Future& finished(const Ref<Future>& future) {
  for (int i = 0; i < 1'000 && !future->is_ready(); ++i) pass(1'000);
  CHECK(future->is_ready());
  return *future;
}

inline Error error_of(const Ref<Future>& future) { return finished(future).get_error(); }

inline std::optional<Bytes> value_in_time(const Ref<Future>& future) {
  finished(future);
  return value_of(future);
}

inline std::optional<Bytes> stored(const Ref<Database>& database, Slice key) {
  const auto transaction = create_transaction(*database);
  return value_in_time(transaction->get(key, true));
}

inline void put(const Ref<Database>& database, Slice key, Slice value) {
  const auto transaction = create_transaction(*database);
  transaction->set(key, value);
  CHECK_EQ(error_of(transaction->commit()), 0);
}

inline int64_t fired(const Ref<Database>& database) {
  const Bytes report = database->keyspace()->faults().report();
  const size_t at = report.find("\"fired\":");
  CHECK(at != Bytes::npos);
  return std::stoll(report.substr(at + 8));
}

}  // namespace fdb::test
