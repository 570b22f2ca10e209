// Random uses of futures: getters, callbacks, waits, cancelling and destroying (abi_fuzz_test.cc).
//
// Thread-safety: any thread may call anything, each with a Random of its own.
#pragma once

#include "sim/abi_fuzz_world.h"

namespace fdb::fuzz {

inline void count_callback(FDBFuture* future, void*) {
  ++(fdb_future_get_error(future) ? world->futures_failed : world->futures_succeeded);
  ++world->callbacks_run;
}

inline void destroy_callback(FDBFuture* future, void*) {
  {
    std::lock_guard lock(world->owned_by_callbacks_mutex);
    world->owned_by_callbacks.erase(future);
  }
  ++world->callbacks_run;
  fdb_future_destroy(future);
}

// A callback that uses the API: what it makes it also destroys.
inline void busy_callback(FDBFuture* future, void*) {
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
inline void adopt(Random& random, FDBFuture* future, bool completes) {
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
inline uint64_t sum(const void* bytes, int length) {
  uint64_t total = 0;
  for (int i = 0; i < length; ++i) total += static_cast<const uint8_t*>(bytes)[i];
  return total;
}

inline std::atomic<uint64_t> sink{0};

// A result that may be anything.
inline void note(int result) { sink += static_cast<uint64_t>(result); }

inline fdb_error_t call_array_getter(int which, FDBFuture* future) {
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

inline fdb_error_t call_scalar_getter(int which, FDBFuture* future) {
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
inline void read_future(Random& random, Future& future) {
  const int which = random.below(11);
  const fdb_error_t error = which < 5 ? call_array_getter(which, future.handle) : call_scalar_getter(which - 5, future.handle);
  // A release in balance with the getter never frees what another thread is reading.
  if (error == 0 && random.one_in(2)) fdb_future_release_memory(future.handle);
}

inline void use_future(Random& random) {
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

}  // namespace fdb::fuzz
