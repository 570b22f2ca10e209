// C exports: databases and tenants. Their blob functions are in fdb_c_exports_blob.cc.
#include <algorithm>
#include <cctype>

#include "abi/exports_support.h"
#include "abi/library.h"
#include "db/database.h"
#include "db/opening_settings.h"
#include "special/client_status.h"
#include "special/status_json.h"
#include "txn/transaction.h"

using namespace fdb;

namespace {

constexpr uint64_t kServerProtocol = 0x1FDB00B074000000ULL;
constexpr size_t kSnapshotIdDigits = 32;

// Work on a usable database; an unusable one answers with its error.
template <class Work>
FDBFuture* database_future(FDBDatabase* handle, Work&& work) {
  return guard_future([&] {
    Database& database = *Database::from(handle);
    if (Error error = database.deferred_error()) return database.answer_error(error);
    return work(database);
  });
}

// Whether a list of addresses, separated by commas, names no other process than the only one.
bool names_the_server(Slice addresses) {
  while (!addresses.empty()) {
    const size_t comma = addresses.find(',');
    if (addresses.substr(0, comma) != kProcessAddress) return false;
    if (comma == Slice::npos) return true;
    addresses.remove_prefix(comma + 1);
  }
  return false;
}

bool is_snapshot_id(Slice id) {
  return id.size() == kSnapshotIdDigits &&
         std::all_of(id.begin(), id.end(), [](char c) { return std::isxdigit(static_cast<unsigned char>(c)); });
}

constexpr int64_t kLongestAdvance = 366 * 86'400 * int64_t{1'000'000};
constexpr int64_t kLatestTime = 100 * kLongestAdvance;  // far from what versions can overflow with

// What fdb_embedded_clock does.
enum ClockAction { kAsk, kAdvance, kFreeze, kResume, kIsStanding };

Error move_clock(Keyspace& keyspace, int action, int64_t micros) {
  switch (action) {
    case kAsk:
    case kIsStanding: return 0;
    case kAdvance:
      if (micros < 0 || micros > kLongestAdvance || keyspace.clock().elapsed_micros() > kLatestTime)
        return err::kInvalidOptionValue;
      keyspace.clock().advance(micros);
      return 0;
    case kFreeze: keyspace.clock().freeze(micros != 0); return 0;
    case kResume: keyspace.clock().resume(); return 0;
    default: return err::kInvalidOptionValue;
  }
}

template <class Open>
Error open_database(Open&& open, FDBDatabase** out_database) {
  if (!Library::of_process().network().is_set_up()) return err::kNetworkNotSetup;
  OpeningSettings settings;
  if (Error error = settings_of_environment(&settings)) return error;
  *out_database = open().detach()->handle();
  return 0;
}

}  // namespace

extern "C" {

DLLEXPORT fdb_error_t fdb_create_database(const char* cluster_file_path, FDBDatabase** out_database) {
  return guard_error(
      [&] { return open_database([&] { return Library::of_process().databases().open(cluster_file_path); }, out_database); });
}

DLLEXPORT fdb_error_t fdb_create_database_from_connection_string(const char* connection_string, FDBDatabase** out_database) {
  return guard_error([&] {
    return open_database([&] { return Library::of_process().databases().open_connection_string(connection_string); },
                         out_database);
  });
}

DLLEXPORT fdb_error_t fdb_embedded_set_latency(FDBDatabase* d, const char* setting) {
  return guard_error([&] {
    LatencySetting parsed;
    if (!parse_latency(setting ? setting : "", &parsed)) return err::kInvalidOptionValue;
    Keyspace* keyspace = Database::from(d)->keyspace();
    if (!keyspace) return Database::from(d)->deferred_error();
    keyspace->latency().set(parsed);
    return Error(0);
  });
}

DLLEXPORT fdb_error_t fdb_embedded_clock(FDBDatabase* d, int action, int64_t micros, int64_t* out) {
  return guard_error([&] {
    Keyspace* keyspace = Database::from(d)->keyspace();
    if (!keyspace) return Database::from(d)->deferred_error();
    if (Error error = move_clock(*keyspace, action, micros)) return error;
    if (out) *out = action == kIsStanding ? keyspace->clock().is_standing() : keyspace->clock().elapsed_micros();
    return Error(0);
  });
}

DLLEXPORT void fdb_database_destroy(FDBDatabase* d) {
  guard_void([&] { Database::from(d)->destroy(); });
}

DLLEXPORT fdb_error_t fdb_database_set_option(FDBDatabase* d, FDBDatabaseOption option, uint8_t const* value,
                                              int value_length) {
  return guard_error([&] { return Database::from(d)->set_option(number_of(option), value, value_length); });
}

DLLEXPORT fdb_error_t fdb_database_open_tenant(FDBDatabase* d, uint8_t const* tenant_name, int tenant_name_length,
                                               FDBTenant** out_tenant) {
  return guard_error([&] {
    *out_tenant = Database::from(d)->open_tenant(slice(tenant_name, tenant_name_length)).detach()->handle();
    return Error(0);
  });
}

DLLEXPORT fdb_error_t fdb_database_create_transaction(FDBDatabase* d, FDBTransaction** out_transaction) {
  return guard_error([&] {
    *out_transaction = create_transaction(*Database::from(d)).detach()->handle();
    return Error(0);
  });
}

// The one server is this process, which is not restarted; whoever asks gets the answer that his request went out, and
// sees a recovery, as after a restart.
DLLEXPORT FDBFuture* fdb_database_reboot_worker(FDBDatabase* db, uint8_t const* address, int address_length, fdb_bool_t,
                                                int duration) {
  return database_future(db, [&](Database& database) {
    const bool sent = duration >= 0 && names_the_server(slice(address, address_length));
    if (sent) database.keyspace()->note_recovery();
    return database.answer(int64_t{sent});
  });
}

// There is no second region, so nothing can be lost.
DLLEXPORT FDBFuture* fdb_database_force_recovery_with_data_loss(FDBDatabase* db, uint8_t const*, int) {
  return database_future(db, [](Database& database) { return database.answer(Void{}); });
}

// As on a cluster that allows no snapshot commands.
DLLEXPORT FDBFuture* fdb_database_create_snapshot(FDBDatabase* db, uint8_t const* uid, int uid_length, uint8_t const*, int) {
  return database_future(db, [&](Database& database) {
    const bool valid = is_snapshot_id(slice(uid, uid_length));
    return database.answer_error(valid ? err::kSnapshotDirectoryInvalid : err::kSnapshotUidInvalid);
  });
}

DLLEXPORT double fdb_database_get_main_thread_busyness(FDBDatabase*) {
  double busyness = 0;
  guard_void([&] { busyness = Library::of_process().network().busyness(); });
  return busyness;
}

DLLEXPORT FDBFuture* fdb_database_get_server_protocol(FDBDatabase* db, uint64_t expected_version) {
  return database_future(db, [&](Database& database) {
    // The protocol never changes: whoever waits for that waits until he gives up.
    if (expected_version == kServerProtocol && !Library::of_process().network().stopped())
      return make_ref<Future>(database.network());
    return database.answer(kServerProtocol);
  });
}

DLLEXPORT FDBFuture* fdb_database_get_client_status(FDBDatabase* db) {
  return guard_future([&] { return Database::from(db)->answer(KeyResult{client_status_json(*Database::from(db))}); });
}

// State that several clients of one cluster would share, which one in-process database has no use for.
DLLEXPORT FDBFuture* fdb_database_create_shared_state(FDBDatabase* db) {
  return database_future(db, [](Database& database) { return database.answer_error(err::kUnsupportedOperation); });
}

DLLEXPORT void fdb_database_set_shared_state(FDBDatabase*, DatabaseSharedState*) {}

DLLEXPORT fdb_error_t fdb_tenant_create_transaction(FDBTenant* tenant, FDBTransaction** out_transaction) {
  return guard_error([&] {
    *out_transaction = create_transaction(*Tenant::from(tenant)).detach()->handle();
    return Error(0);
  });
}

DLLEXPORT FDBFuture* fdb_tenant_get_id(FDBTenant* tenant) {
  return guard_future([&] { return Tenant::from(tenant)->get_id(); });
}

DLLEXPORT void fdb_tenant_destroy(FDBTenant* tenant) {
  guard_void([&] { Tenant::from(tenant)->destroy(); });
}

}  // extern "C"
