// Random calls of the C API on live objects, from several threads: arbitrary keys, selectors, limits and option values,
// any order of calls, objects destroyed before, after and while what was made from them is used.
//
// Usage: abi_fuzz_test [CALLS]. Nothing is compared; the sanitizers, a crash or a hang are the judges. The seed is printed,
// and FDB_TEST_SEED sets it; threads race, so a seed repeats the calls of each thread, not their interleaving.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sim/abi_fuzz_transactions.h"

namespace fdb::fuzz {
namespace {

constexpr int kThreads = 4;
constexpr int64_t kDefaultCalls = 200'000;

// ---- databases and tenants ------------------------------------------------------------------------

void open_database(Random& random) {
  FDBDatabase* database;
  const Bytes name = "memory:fuzz" + std::to_string(random.below(3));
  const char* const path = random.one_in(100) ? "/nonexistent/fdb.cluster" : name.c_str();
  if (random.one_in(5)) {
    CHECK_EQ(fdb_create_database_from_connection_string(path, &database), 0);
  } else {
    CHECK_EQ(fdb_create_database(path, &database), 0);
  }
  world->databases.add(random, std::make_shared<Database>(database));
}

void open_tenant(Random& random, FDBDatabase* database) {
  static const Bytes names[] = {"t1", "t2", "", "\xff", "none"};
  const Bytes& name = random.of(names);
  FDBTenant* tenant;
  CHECK_EQ(fdb_database_open_tenant(database, data(name), size(name), &tenant), 0);
  world->tenants.add(random, std::make_shared<Tenant>(tenant));
}

void ask_database(Random& random, FDBDatabase* database) {
  const Bytes key = random_key(random);
  const Bytes end = random_key(random);
  const int64_t version = random_int64(random);
  const OptionArgument option = random_option(random, "database");
  const uint64_t protocol = random.one_in(2) ? 0x1FDB00B074000000 : random.word();
  switch (random.below(9)) {
    case 0: return adopt(random, fdb_database_get_server_protocol(database, protocol), false);
    case 1: return adopt(random, fdb_database_get_client_status(database), true);
    case 2: return adopt(random, fdb_database_reboot_worker(database, data(key), size(key), 0, random_int(random)), true);
    case 3: return adopt(random, fdb_database_create_snapshot(database, data(key), size(key), data(end), size(end)), true);
    case 4:
      return adopt(random, fdb_database_verify_blob_range(database, data(key), size(key), data(end), size(end), version), true);
    case 5: CHECK(fdb_database_get_main_thread_busyness(database) >= 0); return;
    case 6: return adopt(random, fdb_database_create_shared_state(database), true);
    default: {
      if (!random.one_in(8)) return open_database(random);  // one bad value spoils the object for good
      const auto code = static_cast<FDBDatabaseOption>(option.code);
      return note(fdb_database_set_option(database, code, option.value(), size(option.bytes)));
    }
  }
}

void begin_transaction(Random& random) {
  FDBTransaction* transaction = nullptr;
  if (random.one_in(5)) {
    const auto tenant = world->tenants.pick(random);
    if (!tenant) return;
    CHECK_EQ(fdb_tenant_create_transaction(tenant->handle, &transaction), 0);
  } else {
    const auto database = world->databases.pick(random);
    if (!database) return;
    CHECK_EQ(fdb_database_create_transaction(database->handle, &transaction), 0);
  }
  world->transactions.add(random, std::make_shared<Transaction>(transaction));
}

// Without this most transactions would be refused at the special keys, or stay cancelled for ever.
void begin_privileged_transaction(Random& random) {
  begin_transaction(random);
  const auto transaction = world->transactions.pick(random);
  if (!transaction) return;
  fdb_transaction_reset(transaction->handle);
  for (auto option :
       {FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES,
        FDB_TR_OPTION_SPECIAL_KEY_SPACE_RELAXED, FDB_TR_OPTION_LOCK_AWARE, FDB_TR_OPTION_REPORT_CONFLICTING_KEYS}) {
    if (random.one_in(2)) CHECK_EQ(fdb_transaction_set_option(transaction->handle, option, nullptr, 0), 0);
  }
}

void cut_into_shards(Random& random, FDBDatabase* database) {
  static constexpr const char* kAddresses[] = {nullptr, "10.0.0.1:4500", "[::1]:1,10.0.0.1:2", "::1", "nobody", ""};
  const Bytes keys[] = {random_key(random), random_key(random), random_key(random)};
  FDBKey begins[3];
  const char* addresses[3];
  for (int i = 0; i < 3; ++i) {
    begins[i] = {data(keys[i]), size(keys[i])};
    addresses[i] = kAddresses[random.below(std::size(kAddresses))];
  }
  const int count = static_cast<int>(random.below(5)) - 1;
  note(fdb_embedded_set_shards(database, count, begins, random.below(2) ? addresses : nullptr));
}

void use_database(Random& random) {
  const auto database = world->databases.pick(random);
  if (!database) return open_database(random);
  switch (random.below(11)) {
    case 0: return open_database(random);
    case 1: return open_tenant(random, database->handle);
    case 2: {
      if (const auto tenant = world->tenants.pick(random)) adopt(random, fdb_tenant_get_id(tenant->handle), true);
      return;
    }
    case 3: {
      static constexpr const char* kLatencies[] = {"off", "off", "on", "0us", "50us", "0-2ms,seed=1", "never"};
      return note(fdb_embedded_set_latency(database->handle, kLatencies[random.below(std::size(kLatencies))]));
    }
    case 4: {
      char text[64];
      return note(fdb_embedded_problem(database->handle, text, static_cast<int>(random.below(sizeof text))));
    }
    case 5: {
      static constexpr const char* kRules[] = {"off",
                                               "",
                                               "on",
                                               "on;seed=1",
                                               "commit_unknown_result:p=0.5",
                                               "transaction_timed_out:p=0.01;slow_read:p=0.1,delay=0-1ms",
                                               "short_range:rows=1;slow_commit:p=0.2,delay=1ms;not_committed:every=3",
                                               "never",
                                               "not_committed:p=2"};
      char text[64];
      const auto size = static_cast<int>(random.below(sizeof text));
      return note(fdb_embedded_set_faults(database->handle, kRules[random.below(std::size(kRules))], text, size));
    }
    case 6: {
      char text[256];
      return note(fdb_embedded_faults(database->handle, text, static_cast<int>(random.below(sizeof text))));
    }
    case 7: {
      // With jumps, so that every wait ends.
      int64_t now = 0;
      const int action = static_cast<int>(random.below(6));
      const int64_t micros = action == 2 ? 1 : static_cast<int64_t>(random.below(2'000'000)) - 1'000;
      return note(fdb_embedded_clock(database->handle, action, micros, random.below(2) ? &now : nullptr));
    }
    case 8: return cut_into_shards(random, database->handle);
    default: return ask_database(random, database->handle);
  }
}

void remove_something(Random& random) {
  switch (random.below(12)) {
    case 0: return world->databases.remove_one(random);
    case 1: return world->tenants.remove_one(random);
    case 2: {
      const Bytes name = "fuzz" + std::to_string(random.below(3));
      CHECK_EQ(fdb_embedded_drop(name.c_str()), 0);
      return;
    }
    case 3: {
      const OptionArgument option = random_option(random, "network");
      return note(fdb_network_set_option(static_cast<FDBNetworkOption>(option.code), option.value(), size(option.bytes)));
    }
    default: return world->transactions.remove_one(random);
  }
}

// Tenants for the databases as they are at first.
void create_tenants(Random& random) {
  for (int i = 0; i < 20; ++i) open_database(random);
  for (int i = 0; i < 20; ++i) {
    begin_transaction(random);
    const auto transaction = world->transactions.pick(random);
    if (!transaction) continue;
    fdb_transaction_reset(transaction->handle);
    CHECK_EQ(fdb_transaction_set_option(transaction->handle, FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES, nullptr, 0), 0);
    for (const Bytes key : {"\xff\xff/management/tenant/map/t1", "\xff\xff/management/tenant/map/t2"}) {
      fdb_transaction_set(transaction->handle, data(key), size(key), nullptr, 0);
    }
    adopt(random, fdb_transaction_commit(transaction->handle), true);
  }
}

// ---- threads --------------------------------------------------------------------------------------

void one_call(Random& random) {
  const int kind = random.below(100);
  if (kind < 60) return use_transaction(random);
  if (kind < 82) return use_future(random);
  if (kind < 90) return begin_transaction(random);
  if (kind < 93) return begin_privileged_transaction(random);
  if (kind < 97) return use_database(random);
  remove_something(random);
}

void make_calls(uint64_t seed, int64_t calls) {
  Random random(seed);
  for (int64_t i = 0; i < calls; ++i) one_call(random);
}

void run_threads(uint64_t seed, int64_t calls) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back(make_calls, seed * kThreads + static_cast<uint64_t>(i), calls / kThreads);
  }
  for (std::thread& thread : threads) thread.join();
}

// The network has ended: what callbacks would have destroyed is left over.
void destroy_orphans() {
  world->futures.clear();
  for (FDBFuture* future : world->owned_by_callbacks) fdb_future_destroy(future);
  world->transactions.clear();
  world->databases.clear();
  world->tenants.clear();
}

int run(int64_t calls) {
  static const int versions[] = {740, 740, 730, 700, 620, 510, 300, 200, 100, 14};
  const uint64_t seed = fdb::test::seed();
  Random random(seed);
  const int version = random.of(versions);
  CHECK_EQ(fdb_select_api_version_impl(version, 740), 0);
  CHECK_EQ(fdb_setup_network(), 0);
  std::thread network([] { CHECK_EQ(fdb_run_network(), 0); });
  world = new World;

  create_tenants(random);
  run_threads(seed, calls);
  CHECK_EQ(fdb_stop_network(), 0);
  network.join();
  // Calls after the end are refused, but nothing may hang; futures that were pending stay so until cancelled.
  for (int i = 0; i < 1000; ++i) {
    use_transaction(random);
    begin_transaction(random);
  }
  destroy_orphans();
  std::printf("%lld calls at API version %d: %lld callbacks, %lld futures with a value and %lld with an error\n",
              static_cast<long long>(calls), version, static_cast<long long>(world->callbacks_run),
              static_cast<long long>(world->futures_succeeded), static_cast<long long>(world->futures_failed));
  delete world;
  return 0;
}

}  // namespace
}  // namespace fdb::fuzz

int main(int argc, char** argv) { return fdb::fuzz::run(argc > 1 ? std::atoll(argv[1]) : fdb::fuzz::kDefaultCalls); }
