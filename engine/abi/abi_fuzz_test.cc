// Random calls of the C API on live objects, from several threads: arbitrary keys, selectors, limits and option values,
// any order of calls, objects destroyed before, after and while what was made from them is used.
//
// Usage: abi_fuzz_test [CALLS]. Nothing is compared; the sanitizers, a crash or a hang are the judges. The seed is printed,
// and FDB_TEST_SEED sets it; threads race, so a seed repeats the calls of each thread, not their interleaving.
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "abi/abi_fuzz_arguments.h"
#include "abi/exports_support.h"
#include "sim/test_support.h"

namespace {

using namespace fdb::test;
using fdb::Bytes;

constexpr int kThreads = 4;
constexpr int64_t kDefaultCalls = 200'000;

// ---- live objects ---------------------------------------------------------------------------------

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

World* world;

// ---- futures --------------------------------------------------------------------------------------

void count_callback(FDBFuture* future, void*) {
  ++(fdb_future_get_error(future) ? world->futures_failed : world->futures_succeeded);
  ++world->callbacks_run;
}

void destroy_callback(FDBFuture* future, void*) {
  {
    std::lock_guard lock(world->owned_by_callbacks_mutex);
    world->owned_by_callbacks.erase(future);
  }
  ++world->callbacks_run;
  fdb_future_destroy(future);
}

// A callback that uses the API: what it makes it also destroys.
void busy_callback(FDBFuture* future, void*) {
  static const uint8_t key[] = {'a'};
  FDBDatabase* database;
  FDBTransaction* transaction;
  ++world->callbacks_run;
  CHECK_EQ(fdb_create_database("memory:fuzz0", &database), 0);
  CHECK_EQ(fdb_database_create_transaction(database, &transaction), 0);
  FDBFuture* made = fdb_transaction_get(transaction, key, 1, 0);
  const fdb_error_t blocked = fdb_future_block_until_ready(made);
  CHECK(blocked == 0 || blocked == 2026);
  CHECK_EQ(fdb_future_set_callback(future, count_callback, nullptr), 0);
  fdb_future_destroy(made);
  fdb_transaction_destroy(transaction);
  fdb_database_destroy(database);
}

// Takes over a new future: keeps it, forgets it, or leaves its destruction to a callback.
void adopt(Random& random, FDBFuture* future, bool completes) {
  CHECK(future != nullptr);
  switch (random.below(8)) {
    case 0: fdb_future_destroy(future); return;
    case 1:
      if (!completes) break;
      {
        std::lock_guard lock(world->owned_by_callbacks_mutex);
        world->owned_by_callbacks.insert(future);
      }
      CHECK_EQ(fdb_future_set_callback(future, destroy_callback, nullptr), 0);
      return;
    case 2: CHECK_EQ(fdb_future_set_callback(future, count_callback, nullptr), 0); break;
    case 3:
      if (random.one_in(8)) CHECK_EQ(fdb_future_set_callback(future, busy_callback, nullptr), 0);
      break;
    default: break;
  }
  world->futures.add(random, std::make_shared<Future>(future, completes));
}

// Reads what a getter handed out, so that a sanitizer notices when it is not there.
uint64_t sum(const void* bytes, int length) {
  uint64_t total = 0;
  for (int i = 0; i < length; ++i) total += static_cast<const uint8_t*>(bytes)[i];
  return total;
}

std::atomic<uint64_t> sink{0};

// A result that may be anything.
void note(int result) { sink += static_cast<uint64_t>(result); }

fdb_error_t call_array_getter(int which, FDBFuture* future) {
  int count = 0;
  fdb_bool_t more = 0;
  uint64_t total = 0;
  fdb_error_t error = 0;
  switch (which) {
    case 0: {
      const FDBKeyValue* rows;
      error = fdb_future_get_keyvalue_array(future, &rows, &count, &more);
      for (int i = 0; !error && i < count; ++i) {
        total += sum(rows[i].key, rows[i].key_length) + sum(rows[i].value, rows[i].value_length);
      }
      break;
    }
    case 1: {
      const FDBMappedKeyValue* rows;
      error = fdb_future_get_mappedkeyvalue_array(future, &rows, &count, &more);
      for (int i = 0; !error && i < count; ++i) {
        const FDBGetRangeReqAndResult& range = rows[i].getRange;
        total += sum(rows[i].key.key, rows[i].key.key_length) + sum(rows[i].value.key, rows[i].value.key_length);
        for (int j = 0; j < range.m_size; ++j) total += sum(range.data[j].key, range.data[j].key_length);
      }
      break;
    }
    case 2: {
      const FDBKey* keys;
      error = fdb_future_get_key_array(future, &keys, &count);
      for (int i = 0; !error && i < count; ++i) total += sum(keys[i].key, keys[i].key_length);
      break;
    }
    case 3: {
      const char** strings;
      error = fdb_future_get_string_array(future, &strings, &count);
      for (int i = 0; !error && i < count; ++i) total += Bytes(strings[i]).size();
      break;
    }
    default: {
      const FDBKeyRange* ranges;
      error = fdb_future_get_keyrange_array(future, &ranges, &count);
      for (int i = 0; !error && i < count; ++i) total += sum(ranges[i].begin_key, ranges[i].begin_key_length);
      break;
    }
  }
  sink += total;
  return error;
}

fdb_error_t call_scalar_getter(int which, FDBFuture* future) {
  fdb_bool_t flag = 0;
  int64_t number;
  uint64_t unsigned_number;
  double real;
  const uint8_t* bytes;
  int length = 0;
  switch (which) {
    case 0: return fdb_future_get_bool(future, &flag);
    case 1: return fdb_future_get_int64(future, &number);
    case 2: return fdb_future_get_uint64(future, &unsigned_number);
    case 3: return fdb_future_get_double(future, &real);
    case 4: {
      const fdb_error_t error = fdb_future_get_key(future, &bytes, &length);
      if (!error) sink += sum(bytes, length);
      return error;
    }
    default: {
      const fdb_error_t error = fdb_future_get_value(future, &flag, &bytes, &length);
      if (!error && flag) sink += sum(bytes, length);
      return error;
    }
  }
}

// All getters are tried: the engine refuses those that do not fit the future.
void read_future(Random& random, Future& future) {
  const int which = random.below(11);
  const fdb_error_t error = which < 5 ? call_array_getter(which, future.handle) : call_scalar_getter(which - 5, future.handle);
  // A release in balance with the getter never frees what another thread is reading.
  if (error == 0 && random.one_in(2)) fdb_future_release_memory(future.handle);
}

void use_future(Random& random) {
  const auto future = world->futures.pick(random);
  if (!future) return;
  switch (random.below(10)) {
    case 0: fdb_future_cancel(future->handle); break;
    case 1: note(fdb_future_is_ready(future->handle)); break;
    case 2: CHECK_EQ(fdb_future_set_callback(future->handle, count_callback, nullptr), 0); break;
    case 3: note(fdb_future_get_error(future->handle)); break;
    case 4: world->futures.remove_one(random); break;
    case 5:
      if (!future->completes) fdb_future_cancel(future->handle);
      CHECK_EQ(fdb_future_block_until_ready(future->handle), 0);
      break;
    default: read_future(random, *future); break;
  }
}

// ---- transactions ---------------------------------------------------------------------------------

void read_range(Random& random, FDBTransaction* transaction) {
  const Bytes begin = random_key(random);
  const Bytes end = random_key(random);
  const Bytes mapper = random_mapper(random);
  const int begin_offset = random.one_in(2) ? random.below(2) : random_int(random);
  const int end_offset = random.one_in(2) ? random.below(2) : random_int(random);
  const int begin_equal = random.below(2);
  const int end_equal = random.below(2);
  const int limit = random_int(random);
  const int target_bytes = random_int(random);
  const auto mode = static_cast<FDBStreamingMode>(random.one_in(8) ? random_int(random) : random.below(7) - 2);
  const int iteration = random_int(random);
  const int snapshot = random.below(2);
  const int reverse = random.below(2);
  FDBFuture* const future =
      random.one_in(4)
          ? fdb_transaction_get_mapped_range(transaction, data(begin), size(begin), begin_equal, begin_offset, data(end),
                                             size(end), end_equal, end_offset, data(mapper), size(mapper), limit, target_bytes,
                                             mode, iteration, snapshot, reverse)
          : fdb_transaction_get_range(transaction, data(begin), size(begin), begin_equal, begin_offset, data(end), size(end),
                                      end_equal, end_offset, limit, target_bytes, mode, iteration, snapshot, reverse);
  adopt(random, future, true);
}

FDBFuture* start_read(Random& random, FDBTransaction* transaction) {
  const Bytes key = random_key(random);
  const Bytes end = random_key(random);
  const int offset = random_int(random);
  const int or_equal = random.below(2);
  switch (random.below(7)) {
    case 0:
    case 1: return fdb_transaction_get(transaction, data(key), size(key), random.below(2));
    case 2:
    case 3: return fdb_transaction_get_key(transaction, data(key), size(key), or_equal, offset, random.below(2));
    case 4: return fdb_transaction_get_addresses_for_key(transaction, data(key), size(key));
    case 5: return fdb_transaction_get_estimated_range_size_bytes(transaction, data(key), size(key), data(end), size(end));
    default:
      return fdb_transaction_get_range_split_points(transaction, data(key), size(key), data(end), size(end),
                                                    random_int64(random));
  }
}

void write(Random& random, FDBTransaction* transaction) {
  const Bytes key = random_key(random);
  const Bytes end = random_key(random);
  const Bytes value = random_value(random);
  const Bytes operand = random_operand(random);
  switch (random.below(8)) {
    case 0: fdb_transaction_clear(transaction, data(key), size(key)); break;
    case 1: fdb_transaction_clear_range(transaction, data(key), size(key), data(end), size(end)); break;
    case 2:
    case 3: {
      const auto operation = static_cast<FDBMutationType>(random.below(24));
      fdb_transaction_atomic_op(transaction, data(key), size(key), data(operand), size(operand), operation);
      break;
    }
    case 4: {
      const auto type = static_cast<FDBConflictRangeType>(random.below(3));
      note(fdb_transaction_add_conflict_range(transaction, data(key), size(key), data(end), size(end), type));
      break;
    }
    case 5: {
      const Bytes stamped = operand.size() < 4 ? operand + Bytes(14, '\0') : operand;
      fdb_transaction_atomic_op(transaction, data(stamped), size(stamped), data(value), size(value),
                                FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_KEY);
      break;
    }
    default: fdb_transaction_set(transaction, data(key), size(key), data(value), size(value)); break;
  }
}

void ask_version(Random& random, FDBTransaction* transaction) {
  int64_t version;
  switch (random.below(7)) {
    case 0: fdb_transaction_set_read_version(transaction, random_int64(random)); break;
    case 1: CHECK_EQ(fdb_transaction_get_committed_version(transaction, &version), 0); break;
    case 2: adopt(random, fdb_transaction_get_versionstamp(transaction), false); break;
    case 3: adopt(random, fdb_transaction_get_approximate_size(transaction), true); break;
    case 4: adopt(random, fdb_transaction_get_total_cost(transaction), true); break;
    case 5: adopt(random, fdb_transaction_get_tag_throttled_duration(transaction), true); break;
    default: adopt(random, fdb_transaction_get_read_version(transaction), true); break;
  }
}

void move_on(Random& random, FDBTransaction* transaction) {
  static const fdb_error_t errors[] = {0, 1007, 1009, 1020, 1021, 1038, 1100, 2000, -7, 40'000};
  switch (random.below(10)) {
    case 0:
    case 1: fdb_transaction_reset(transaction); break;
    case 2: fdb_transaction_cancel(transaction); break;
    case 3: adopt(random, fdb_transaction_on_error(transaction, random.of(errors)), false); break;
    case 4: {
      const OptionArgument option = random_option(random, "transaction");
      const auto code = static_cast<FDBTransactionOption>(option.code);
      note(fdb_transaction_set_option(transaction, code, option.value(), size(option.bytes)));
      break;
    }
    case 5: {
      const Bytes key = random_key(random);
      adopt(random, fdb_transaction_watch(transaction, data(key), size(key)), false);
      break;
    }
    default: adopt(random, fdb_transaction_commit(transaction), true); break;
  }
}

void use_transaction(Random& random) {
  const auto transaction = world->transactions.pick(random);
  if (!transaction) return;
  // One bad call spoils all that follow on the same transaction.
  if (random.one_in(6)) fdb_transaction_reset(transaction->handle);
  const int kind = random.below(20);
  if (kind < 3) return read_range(random, transaction->handle);
  if (kind < 8) return adopt(random, start_read(random, transaction->handle), true);
  if (kind < 15) return write(random, transaction->handle);
  if (kind < 17) return ask_version(random, transaction->handle);
  move_on(random, transaction->handle);
}

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

void use_database(Random& random) {
  const auto database = world->databases.pick(random);
  if (!database) return open_database(random);
  switch (random.below(6)) {
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

}  // namespace

int main(int argc, char** argv) {
  static const int versions[] = {740, 740, 730, 700, 620, 510, 300, 200, 100, 14};
  const uint64_t seed = fdb::test::seed();
  const int64_t calls = argc > 1 ? std::atoll(argv[1]) : kDefaultCalls;
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
