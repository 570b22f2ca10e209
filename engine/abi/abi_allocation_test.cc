// The C API when memory runs out: for every allocation of a program that fails, no exception leaves a function, nothing leaks
// (under AddressSanitizer), what was reported to have failed has not happened, and the database goes on.
#include <map>
#include <vector>

#include "abi/exports_support.h"
#include "sim/failing_allocator.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

#include <foundationdb/fdb_c.h>

namespace fdb {
namespace {

const Bytes kLong(700, 'l');

test::SimEnv* env;

const uint8_t* bytes(Slice text) { return reinterpret_cast<const uint8_t*>(text.data()); }
int length(Slice text) { return static_cast<int>(text.size()); }

// Looks at the future as a program does that waits on its own thread, and destroys it.
Error finish(FDBFuture* future) {
  CHECK(future != nullptr);
  for (int i = 0; i < 100 && !fdb_future_is_ready(future); ++i) env->advance(20'000);
  const Error error = fdb_future_get_error(future);
  fdb_future_destroy(future);
  return error;
}

struct Handle {
  FDBTransaction* transaction = nullptr;
  ~Handle() {
    if (transaction) fdb_transaction_destroy(transaction);
  }
};

void set(FDBTransaction* tr, Slice key, Slice value) {
  fdb_transaction_set(tr, bytes(key), length(key), bytes(value), length(value));
}

FDBFuture* get(FDBTransaction* tr, Slice key) { return fdb_transaction_get(tr, bytes(key), length(key), 0); }

FDBFuture* range(FDBTransaction* tr, Slice begin, Slice end, fdb_bool_t reverse) {
  return fdb_transaction_get_range(tr, bytes(begin), length(begin), 0, 1, bytes(end), length(end), 0, 1, 0, 0,
                                   FDB_STREAMING_MODE_WANT_ALL, 1, 0, reverse);
}

std::optional<Bytes> stored(FDBDatabase* database, Slice key) {
  Handle handle;
  CHECK_EQ(fdb_database_create_transaction(database, &handle.transaction), 0);
  FDBFuture* future = get(handle.transaction, key);
  fdb_bool_t present;
  const uint8_t* value;
  int size;
  CHECK_EQ(fdb_future_get_value(future, &present, &value, &size), 0);
  std::optional<Bytes> copy;
  if (present) copy = Bytes(reinterpret_cast<const char*>(value), static_cast<size_t>(size));
  fdb_future_destroy(future);
  return copy;
}

// What a program makes of the parts of the API. Each answers whether its commit succeeded.
bool reads_and_writes(FDBDatabase* database, Slice value) {
  Handle handle;
  if (fdb_database_create_transaction(database, &handle.transaction) != 0) return false;
  FDBTransaction* tr = handle.transaction;
  const uint8_t timeout[8] = {0x88, 0x13};
  if (fdb_transaction_set_option(tr, FDB_TR_OPTION_TIMEOUT, timeout, 8) != 0) return false;
  finish(get(tr, "x"));
  finish(range(tr, "a", "z", 0));
  finish(range(tr, "a", "z", 1));
  finish(fdb_transaction_get_key(tr, bytes("b"), 1, 0, 3, 0));
  set(tr, "x", value);
  set(tr, "long", kLong);
  set(tr, "y", value);
  fdb_transaction_clear_range(tr, bytes("p"), 1, bytes("q"), 1);
  fdb_transaction_atomic_op(tr, bytes("count"), 5, bytes("\1\0\0\0"), 4, FDB_MUTATION_TYPE_ADD);
  fdb_transaction_atomic_op(tr, bytes("stamp"), 5, bytes(Slice("..........\0\0\0\0", 14)), 14,
                            FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE);
  if (fdb_transaction_add_conflict_range(tr, bytes("c"), 1, bytes("d"), 1, FDB_CONFLICT_RANGE_TYPE_READ) != 0) return false;
  FDBFuture* stamp = fdb_transaction_get_versionstamp(tr);
  finish(range(tr, "a", "p", 0));
  const Error error = finish(fdb_transaction_commit(tr));
  if (error == 0) {
    int64_t version;
    CHECK_EQ(fdb_transaction_get_committed_version(tr, &version), 0);
  }
  finish(stamp);
  if (error != 0) finish(fdb_transaction_on_error(tr, err::kNotCommitted));
  return error == 0;
}

void on_ready(FDBFuture*, void* count) { ++*static_cast<int*>(count); }

bool watches(FDBDatabase* database, Slice value) {
  Handle handle, other;
  if (fdb_database_create_transaction(database, &handle.transaction) != 0) return false;
  if (fdb_database_create_transaction(database, &other.transaction) != 0) return false;
  FDBFuture* watch = fdb_transaction_watch(handle.transaction, bytes("y"), 1);
  FDBFuture* dropped = fdb_transaction_watch(handle.transaction, bytes("x"), 1);
  const bool watching = finish(fdb_transaction_commit(handle.transaction)) == 0 && !fdb_future_is_ready(watch);
  int called = 0;
  const bool listening = fdb_future_set_callback(watch, on_ready, &called) == 0;
  set(other.transaction, "x", value);
  set(other.transaction, "y", value);
  const bool changed = finish(fdb_transaction_commit(other.transaction)) == 0;
  env->advance(1'000);
  if (watching && changed) CHECK(fdb_future_is_ready(watch));
  fdb_future_destroy(dropped);
  fdb_future_destroy(watch);
  env->advance(1'000);
  CHECK_EQ(called, listening ? 1 : 0);
  fdb_transaction_reset(handle.transaction);
  fdb_transaction_cancel(handle.transaction);
  return changed;
}

bool tenants(FDBDatabase* database, Slice value) {
  Handle handle, inside;
  if (fdb_database_create_transaction(database, &handle.transaction) != 0) return false;
  if (fdb_transaction_set_option(handle.transaction, FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES, nullptr, 0) != 0)
    return false;
  set(handle.transaction, "\xff\xff/management/tenant/map/t", "");
  finish(range(handle.transaction, "\xff\xff/management/tenant/map/", "\xff\xff/management/tenant/map0", 0));
  set(handle.transaction, "x", value);
  set(handle.transaction, "y", value);
  const bool committed = finish(fdb_transaction_commit(handle.transaction)) == 0;
  FDBTenant* tenant;
  if (fdb_database_open_tenant(database, bytes("t"), 1, &tenant) != 0) return committed;
  finish(fdb_tenant_get_id(tenant));
  if (fdb_tenant_create_transaction(tenant, &inside.transaction) == 0) {
    finish(get(inside.transaction, "k"));
    set(inside.transaction, "k", value);
    finish(fdb_transaction_commit(inside.transaction));
  }
  fdb_tenant_destroy(tenant);
  finish(fdb_database_get_client_status(database));
  return committed;
}

// A clock that stands while others write; whatever could not be done, it runs again.
bool moved_clock(FDBDatabase* database, Slice value) {
  const Error frozen = fdb_embedded_clock(database, 2, 1, nullptr);
  CHECK(frozen == 0 || frozen == err::kPlatformError);
  int64_t before, after, stands;
  CHECK_EQ(fdb_embedded_clock(database, 4, 0, &stands), 0);
  CHECK_EQ(stands, frozen == 0 ? 1 : 0);
  CHECK_EQ(fdb_embedded_clock(database, 0, 0, &before), 0);
  CHECK_EQ(fdb_embedded_clock(database, 1, 5'000, &after), 0);
  CHECK(after >= before + 5'000);
  const bool committed = reads_and_writes(database, value);
  CHECK_EQ(fdb_embedded_clock(database, 3, 0, nullptr), 0);
  CHECK_EQ(fdb_embedded_clock(database, 4, 0, &stands), 0);
  CHECK_EQ(stands, 0);
  return committed;
}

bool cuts(FDBDatabase* database, Slice value) {
  const FDBKey begins[] = {{bytes("g"), 1}, {bytes("p"), 1}};
  const char* const addresses[] = {"10.0.0.1:4500,[::1]:4501", nullptr};
  const Error error = fdb_embedded_set_shards(database, 2, begins, addresses);
  CHECK(error == 0 || error == err::kPlatformError);
  Handle handle;
  if (fdb_database_create_transaction(database, &handle.transaction) != 0) return false;
  finish(fdb_transaction_get_addresses_for_key(handle.transaction, bytes("h"), 1));
  finish(fdb_transaction_get_range_split_points(handle.transaction, bytes("a"), 1, bytes("z"), 1, 1'000));
  return reads_and_writes(database, value);
}

// With everything that makes answers late or short, and faults of its own; whatever could not be done, they end.
bool faults(FDBDatabase* database, Slice value) {
  char text[256];
  const char* rules = "slow_read:delay=1ms;slow_commit:delay=1ms;short_range:rows=1;watch_lost:delay=1ms,nth=1;seed=1";
  const Error asked = fdb_embedded_set_faults(database, rules, text, sizeof text);
  CHECK(asked == 0 || asked == err::kPlatformError);
  const Error told = fdb_embedded_faults(database, text, sizeof text);
  CHECK(told == 0 || told == err::kPlatformError);
  Handle handle;
  FDBFuture* watch = nullptr;
  if (fdb_database_create_transaction(database, &handle.transaction) == 0) {
    const Error injected = fdb_embedded_inject(handle.transaction, "future_version");
    CHECK(injected == 0 || injected == err::kPlatformError);
    if (injected == 0) CHECK(finish(get(handle.transaction, "x")) != 0);
    fdb_transaction_reset(handle.transaction);
    watch = fdb_transaction_watch(handle.transaction, bytes("x"), 1);
    finish(fdb_transaction_commit(handle.transaction));
  }
  const bool committed = reads_and_writes(database, value);
  for (int i = 0; i < 3; ++i) env->advance(1'000);
  if (watch) fdb_future_destroy(watch);
  CHECK_EQ(fdb_embedded_set_faults(database, nullptr, nullptr, 0), 0);
  return committed;
}

using Program = bool (*)(FDBDatabase*, Slice);

// The keys x and y are written together by each program. `all_after`: memory does not come back.
void fail_each_allocation(Program program, const char* name, bool all_after) {
  const Bytes path = Bytes("memory:") + name + (all_after ? "-all" : "-one");
  Bytes expected = "begin";
  {
    FDBDatabase* database;
    CHECK_EQ(fdb_create_database(path.c_str(), &database), 0);
    Handle handle;
    CHECK_EQ(fdb_database_create_transaction(database, &handle.transaction), 0);
    set(handle.transaction, "x", expected);
    set(handle.transaction, "y", expected);
    CHECK_EQ(finish(fdb_transaction_commit(handle.transaction)), 0);
    fdb_database_destroy(database);
  }
  int64_t nth = 0;
  for (bool happened = true; happened; ++nth) {
    const Bytes value = "value " + std::to_string(nth);
    bool committed = false;
    {
      test::AllocationFailure failure(nth, all_after);
      FDBDatabase* database;
      if (fdb_create_database(path.c_str(), &database) == 0) {
        committed = program(database, value);
        fdb_database_destroy(database);
      }
      happened = failure.happened();
    }
    if (committed) expected = value;
    FDBDatabase* database;
    CHECK_EQ(fdb_create_database(path.c_str(), &database), 0);
    CHECK_EQ(stored(database, "x"), expected);
    CHECK_EQ(stored(database, "y"), expected);
    env->advance(100'000);
    CHECK(happened || committed);
    fdb_database_destroy(database);
  }
  std::printf("%s: %lld allocations\n", path.c_str(), static_cast<long long>(nth));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv simulated(1);
  fdb::env = &simulated;
  CHECK_EQ(fdb_select_api_version_impl(740, 740), 0);
  fdb::test::network().simulate();
  for (const bool all_after : {false, true}) {
    fdb::fail_each_allocation(fdb::reads_and_writes, "writes", all_after);
    fdb::fail_each_allocation(fdb::watches, "watches", all_after);
    fdb::fail_each_allocation(fdb::tenants, "tenants", all_after);
    fdb::fail_each_allocation(fdb::moved_clock, "clock", all_after);
    fdb::fail_each_allocation(fdb::cuts, "cuts", all_after);
    fdb::fail_each_allocation(fdb::faults, "faults", all_after);
  }
  std::puts("abi_allocation_test: ok");
  return 0;
}
