// What the tests of the special keys share: a transaction that may write them and shows what it reads of them.
//
// Thread-safety: none.
#pragma once

#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb::test {

constexpr int kUnlimited = 0;

using Rows = std::vector<std::pair<Bytes, Bytes>>;

inline Error error_of(const Ref<Future>& future) { return future->get_error(); }

inline Ref<Database> fresh_database() {
  static int number = 0;
  return test::open_database(("memory:special" + std::to_string(++number)).c_str());
}

inline Bytes special(Slice rest) { return "\xff\xff/" + Bytes(rest); }

// One transaction that may write special keys.
struct SpecialClient {
  explicit SpecialClient(const Ref<Database>& database) : transaction(create_transaction(*database)) {
    CHECK_EQ(transaction->set_option(FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES, nullptr, 0), 0);
  }
  void set(Slice key, Slice value) { transaction->set(special(key), value); }
  void clear(Slice key) { transaction->clear(special(key)); }
  Error commit() { return error_of(transaction->commit()); }
  Error deferred() { return error_of(transaction->get_approximate_size()); }

  std::optional<Bytes> get(Slice key) {
    const auto future = transaction->get(special(key), false);
    return value_of(future);
  }
  Rows range(Slice begin, Slice end, int limit = kUnlimited, bool reverse = false) {
    const Bytes from = special(begin), to = special(end);
    const auto future =
        transaction->get_range({{from, false, 1}, {to, false, 1}, limit, 0, FDB_STREAMING_MODE_WANT_ALL, 1, false, reverse});
    Result* result = nullptr;
    CHECK_EQ(future->value(&result), 0);
    Rows rows;
    for (const FDBKeyValue& row : std::get<std::unique_ptr<KeyValueArray>>(*result)->rows) {
      const auto text = [](const uint8_t* bytes, int length) {
        return Bytes(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
      };
      rows.emplace_back(text(row.key, row.key_length).substr(from.size()), text(row.value, row.value_length));
    }
    return rows;
  }

  Ref<Transaction> transaction;
};

inline Error commit_one(const Ref<Database>& database, Slice key, std::optional<Bytes> value) {
  SpecialClient attempt(database);
  value ? attempt.set(key, *value) : attempt.clear(key);
  return attempt.commit();
}

}  // namespace fdb::test
