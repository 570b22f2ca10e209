// One database file: a SQLite database in WAL mode that this object is the only user of. docs/explanation/file-format.md has the schema.
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

#include "durable/file_error.h"
#include "durable/meta_table.h"
#include "store/leaf_source.h"

namespace fdb::durable {

class Connection;

enum class Sync { kFull, kNormal, kOff };

struct FileSettings {
  Bytes path;
  Sync sync = Sync::kFull;
  bool read_only = false;
  bool must_exist = false;  // otherwise an empty database is made where nothing is
};

class DatabaseFile {
 public:
  using TakeLeaf = std::function<void(const StoredLeaf& leaf)>;
  using TakeRecord = std::function<void(Version version, Slice record)>;
  class Batch;

  // Throws FileError: 1511 no such directory (or no such file, if it must exist), 1514 not writable, 1522 not ours or corrupt, 1220
  // of a newer format, 1529 locked, 1510 anything else. `*is_new`: nothing was ever stored there, not even a lease.
  static std::unique_ptr<DatabaseFile> open(const FileSettings& settings, bool* is_new);
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;
  // Lets go of the file as it is. Everything but the log's tail is checkpointed where that is possible. In a forked child, which must
  // not touch what its parent has open, it leaks instead.
  ~DatabaseFile();

  const FileSettings& settings() const;
  const Bytes& id() const;  // 16 random bytes, given when the file was made
  Versions versions() const;
  LeafTotals totals() const;
  int64_t pages();

  // ---- reading ----------------------------------------------------------------------------------------
  // The rows in [begin, end) in order (an empty `end`: to the end). `take` must not use the file.
  void scan(Slice begin, Slice end, const LeafSource::TakeRow& take);
  // All leaves in order; their totals are checked.
  void for_each_leaf(const TakeLeaf& take);
  // The records after `base`, in order; their checksums and their chain are checked.
  void for_each_record(const TakeRecord& take);

  // ---- writing ----------------------------------------------------------------------------------------
  // Begins a transaction of SQLite, which waits for no disk but may be the one that finds it full. Throws FileError.
  std::unique_ptr<Batch> begin();
  // Returns when everything committed before is on disk (it waits without holding up scan()). After a FileError nothing may be
  // acknowledged any more: this and whatever would write fails from then on. Does nothing unless Sync::kFull.
  void sync();
  // Moves at most `most` pages so that as many free ones can be cut off at the file's end, if more than one in `share` is free; false
  // if that was not so. Not while a batch lives.
  bool give_back(int64_t most, int64_t share);
  // Bytes of the write-ahead log that are not in the database proper.
  int64_t pending_bytes();
  // Moves them there; notes log_end first, so that a lost record at the end of the log is found out. scan() and begin() wait for it.
  void checkpoint();

  // Copies all pages into the empty database of another connection, as they are when this returns; others use the file between its
  // steps. Throws FileError 1101 when `progress` says so.
  void copy_to(Connection* target, const std::function<bool(int64_t done, int64_t total)>& progress);

 private:
  struct Impl;
  class Use;
  explicit DatabaseFile(std::unique_ptr<Impl> impl);
  void note_log_end();

  std::unique_ptr<Impl> impl_;
};

// Changes that are made together. Ends undone unless commit() was called. Every member may throw FileError; when one that writes has
// thrown, the batch is undone, and all that is left is to destroy it.
class DatabaseFile::Batch {
 public:
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // A commit: `record` is a commit_record. Versions ascend.
  void append(Version version, Slice record);
  // Removes at most `most` records up to the version base; true if there are more of them.
  bool forget_records(int most);

  // At most `most` rows in [begin, end) as the batch sees them (an empty `end`: to the end); true if there are more.
  bool rows(Slice begin, Slice end, int64_t most, const LeafSource::TakeRow& take);
  void put(Slice key, Slice value);
  void erase(Slice key);
  // Instead of the leaves whose first key is in [begin, end) (an empty `end`: to the end). Keeps the totals right.
  void replace_leaves(Slice begin, Slice end, std::span<const StoredLeaf> leaves);
  // The first key of the first leaf from `key` on; false if there is none.
  bool next_leaf(Slice key, Bytes* first);

  // Sets all but log_end, which belongs to checkpoint().
  void set_versions(const Versions& versions);
  Versions versions() const;
  // After a FileError from here nothing of the batch is in the file, and the file goes on to be usable.
  void commit();

 private:
  friend class DatabaseFile;
  explicit Batch(Impl* file);
  // Does `work`; undoes the batch if it throws.
  template <class Work>
  void write(Work work);
  void check_alive() const;
  void note_log_end();
  void undo() noexcept;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fdb::durable
