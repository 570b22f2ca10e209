// One database file: a SQLite database in WAL mode that this object is the only user of. docs/file-format.md has the schema.
//
// Thread-safety: every member may be called from any thread; a Batch belongs to one thread, and while it lives scan() waits.
// Invariants:
//  1. What a Batch did is in the file as a whole after its commit(), and not at all without; on disk after the next sync().
//  2. What is read is what was written, or it is an error: rows of the table are covered by the checksums of their leaves, leaves by
//     the totals in the meta table, records of the log by their own, each naming the one before it.
//  3. The file is locked against other processes, other libraries in this process, and other objects of this library.
#pragma once

#include <memory>
#include <span>

#include "base/common.h"
#include "store/leaf_source.h"

namespace fdb::durable {

enum class Sync { kFull, kNormal, kOff };

struct FileSettings {
  Bytes path;
  Sync sync = Sync::kFull;
  bool read_only = false;
  bool must_exist = false;  // otherwise an empty database is made where nothing is
};

// What went wrong with a file: the code, and a sentence for people that names the path and what to do.
struct FileError : EngineError {
  FileError(Error error, Bytes explanation) : EngineError{error}, text(std::move(explanation)) {}
  Bytes text;
};

// The versions that the file keeps.
struct Versions {
  Version base = 0;         // log records up to it are in the table
  Version fold_target = 0;  // rows of the table may be as new as this
  Version lease = 0;        // no version above it was given out
  Version log_end = 0;      // the newest record that is known to be there; see DatabaseFile::checkpoint()
};

class DatabaseFile {
 public:
  using TakeLeaf = std::function<void(const StoredLeaf& leaf)>;
  using TakeRecord = std::function<void(Version version, Slice record)>;
  class Batch;

  // Throws FileError: 1511 no such directory (or no such file, if it must exist), 1514 not writable, 1522 not ours or corrupt, 1220
  // of a newer format, 1529 locked, 1510 anything else. `*is_new`: there was nothing.
  static std::unique_ptr<DatabaseFile> open(const FileSettings& settings, bool* is_new);
  // Lets go of the file as it is. Everything but the log's tail is checkpointed where that is possible.
  virtual ~DatabaseFile() = default;

  virtual const FileSettings& settings() const = 0;
  virtual const Bytes& id() const = 0;  // 16 random bytes, given when the file was made
  virtual Versions versions() const = 0;

  // ---- reading ----------------------------------------------------------------------------------------
  virtual void scan(Slice begin, Slice end, const LeafSource::TakeRow& take) = 0;
  // All leaves in order; their totals are checked.
  virtual void for_each_leaf(const TakeLeaf& take) = 0;
  // The records after `base`, in order; their checksums and their chain are checked.
  virtual void for_each_record(const TakeRecord& take) = 0;

  // ---- writing ----------------------------------------------------------------------------------------
  // Begins a transaction of SQLite, which waits for no disk but may be the one that finds it full. Throws FileError.
  virtual std::unique_ptr<Batch> begin() = 0;
  // Returns when everything committed before is on disk (it waits without holding up scan()). After a FileError nothing may be
  // acknowledged any more. Does nothing unless Sync::kFull.
  virtual void sync() = 0;
  // Bytes of the write-ahead log that are not in the database proper.
  virtual int64_t pending_bytes() = 0;
  // Moves them there; notes log_end first, so that a lost record at the end of the log is found out.
  virtual void checkpoint() = 0;
};

// Changes that are made together. Ends undone unless commit() was called. Every member may throw FileError.
class DatabaseFile::Batch {
 public:
  virtual ~Batch() = default;

  // A commit: `record` is a commit_record. Versions ascend.
  virtual void append(Version version, Slice record) = 0;
  // Removes at most `most` records up to the version base; true if there are more of them.
  virtual bool forget_records(int most) = 0;

  // At most `most` rows in [begin, end) as the batch sees them (an empty `end`: to the end); true if there are more.
  virtual bool rows(Slice begin, Slice end, int64_t most, const LeafSource::TakeRow& take) = 0;
  virtual void put(Slice key, Slice value) = 0;
  virtual void erase(Slice key) = 0;
  // Instead of the leaves whose first key is in [begin, end) (an empty `end`: to the end). Keeps the totals right.
  virtual void replace_leaves(Slice begin, Slice end, std::span<const StoredLeaf> leaves) = 0;
  // The first key of the first leaf from `key` on; false if there is none.
  virtual bool next_leaf(Slice key, Bytes* first) = 0;

  virtual void set_versions(const Versions& versions) = 0;
  // After a FileError from here nothing of the batch is in the file, and the file goes on to be usable.
  virtual void commit() = 0;
};

}  // namespace fdb::durable
