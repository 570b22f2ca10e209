// From a database file to the newest state that is in it.
//
// Thread-safety: a function.
#pragma once

#include <memory>

#include "durable/file_leaves.h"
#include "store/leaf_cache.h"
#include "store/version_store.h"

namespace fdb {

struct RecoveredFile {
  // Null: the state does not depend on a file.
  std::unique_ptr<durable::DatabaseFile> file;
  std::unique_ptr<durable::FileLeaves> leaves;
  Ref<store::LeafCache> cache;
  Snapshot state;
  Version first_version = 0;  // newer than all that were given out before, or the same as the last of them
  Version newest_commit = 0;  // 0: nobody has committed anything yet
  uint64_t mark = 0;          // leaves of the state that are older are in the file's table
  Version lease = 0;          // as the file has it
};

// Opens the file, makes it if it may, and reads it: the leaves' list and what the table does not have yet. Loaded leaves may take
// `cache_bytes`. Blocks; throws durable::FileError and EngineError.
RecoveredFile recover(const durable::FileSettings& settings, int64_t cache_bytes);

// The same as a state of its own, which holds all rows in memory; the file is closed again.
RecoveredFile load_into_memory(const Bytes& path);

}  // namespace fdb
