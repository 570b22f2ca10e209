// The database files that this library has open: one keyspace a file, for as long as somebody has a handle.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. Whoever opens a path that is open gets its keyspace; while it is being opened or closed, others wait for the end of that.
//  2. A file is closed when its last FileHandle goes, whatever else still refers to the keyspace.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "db/embedded_name.h"
#include "db/keyspace.h"
#include "db/opening_settings.h"

namespace fdb {

class FileHandle;

class FileHandles {
 public:
  explicit FileHandles(Network& network) : network_(network) {}

  // Blocks while the file is read. Throws durable::FileError and EngineError; 2006 when the file is open with other options.
  // `settings` are for a file that was closed.
  std::shared_ptr<FileHandle> open(const EmbeddedName& name, const OpeningSettings& settings);
  // Closes the files of those who have left handles behind. Blocks; what cannot be closed stays open.
  void close_all() noexcept;

 private:
  friend class FileHandle;

  // What there is of one path.
  struct Place {
    std::mutex mutex;
    Ref<Keyspace> keyspace;  // null: closed
    int64_t handles = 0;
    int64_t cache_bytes = 0;
  };

  std::shared_ptr<Place> place_of(const Bytes& path);

  Network& network_;
  std::mutex mutex_;
  std::map<Bytes, std::shared_ptr<Place>> places_;  // by real path
};

// A share in an open file.
class FileHandle {
 public:
  FileHandle(std::shared_ptr<FileHandles::Place> place, Ref<Keyspace> keyspace)
      : place_(std::move(place)), keyspace_(std::move(keyspace)) {}
  // The last one closes the file. Blocks.
  ~FileHandle();
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;

  const Ref<Keyspace>& keyspace() const { return keyspace_; }

 private:
  const std::shared_ptr<FileHandles::Place> place_;
  const Ref<Keyspace> keyspace_;
};

}  // namespace fdb
