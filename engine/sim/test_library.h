// The process's library, as the engine's tests use it.
#pragma once

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

inline void drop_database(const Bytes& name) { Library::of_process().databases().drop(name); }

}  // namespace fdb::test
