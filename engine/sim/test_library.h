// The process's library, as the engine's tests use it.
#pragma once

#include "abi/library.h"

namespace fdb::test {

inline Network& network() { return Library::of_process().network(); }

inline Ref<Database> open_database(const Bytes& cluster_string) {
  return Library::of_process().databases().open(cluster_string.c_str());
}

inline void drop_database(const Bytes& name) { Library::of_process().databases().drop(name); }

}  // namespace fdb::test
