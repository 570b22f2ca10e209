// The process's library, as the engine's tests use it.
#pragma once

#include <optional>

#include "abi/library.h"
#include "sim/test_support.h"

namespace fdb::test {

inline Network& network() { return Library::of_process().network(); }

// The library at its newest API version, with a network whose turns are the test's. A simulated clock comes before it.
inline void simulate() {
  CHECK_EQ(network().select_api_version(740, 740), 0);
  network().simulate();
}

inline Ref<Database> open_database(const Bytes& cluster_string) {
  return Library::of_process().databases().open(cluster_string.c_str());
}

// What a get has answered; nothing where the key is absent.
inline std::optional<Bytes> value_of(const Ref<Future>& ready) {
  Result* result = nullptr;
  CHECK_EQ(ready->value(&result), 0);
  const PlacedValue value = *value_in(*result);
  return value.present ? std::optional<Bytes>(value.value) : std::nullopt;
}

inline void drop_database(const Bytes& name) { Library::of_process().databases().drop(name); }

}  // namespace fdb::test
