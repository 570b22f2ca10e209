// Folds the log into the table: takes the state as of a moment, waits until nobody can read anything older, and makes the table equal
// to it, a bounded piece of work at a time.
//
// Thread-safety: none; it belongs to the committer's thread.
// Invariants:
//  1. A row of the table is as new as `fold_target` at most, and that is no newer than what the host says may be folded.
//  2. At every commit of a piece the leaves in the file describe the rows in it.
//  3. `base` moves to the captured version in the transaction of the last piece; records up to it go in that one or a later one.
//  4. What a batch that was not committed did is done again.
#pragma once

#include <cstdint>
#include <optional>

#include "durable/database_file.h"
#include "durable/file_leaves.h"
#include "store/changed_leaves.h"
#include "store/version_store.h"

namespace fdb::durable {

// A state to fold.
struct Capture {
  Version version = 0;
  Snapshot state;
  uint64_t mark = 0;  // Editor::next_mark() of that moment: what is newer is not in `state`
};

// What the folder needs of who has the data.
class FoldHost {
 public:
  virtual ~FoldHost() = default;
  // The newest version that rows of the table may have: nothing older is read any more.
  virtual Version foldable() = 0;
  // The newest state, also of commits that are not published.
  virtual Capture capture() = 0;
  // Leaves older than `mark` are in the table as they are, and those older than `since` are settled. Settles at most `budget`; true
  // if there are more.
  virtual bool settle(uint64_t since, uint64_t mark, int budget) = 0;
};

class Folder {
 public:
  // `mark`: leaves that are older are in the table.
  Folder(DatabaseFile& file, FileLeaves& leaves, FoldHost& host, uint64_t mark)
      : file_(file), leaves_(leaves), host_(host), folded_mark_(mark) {}

  // Whether there is something to do, or will be when nobody reads what is older.
  bool is_idle() const { return stage_ == Stage::kIdle; }
  // Whether piece() would do something now.
  bool is_ready() const;
  // Takes the newest state, if there is none that is not done with.
  void take();
  // A capture of what turned out not to be in the log is not folded.
  void forget_after(Version version);

  // One piece in `batch`, of about `budget` rows; sets base and fold_target in `versions`.
  void piece(DatabaseFile::Batch& batch, Versions* versions, int64_t budget);
  // The batch was committed; or it was not.
  void committed();
  void undone();
  // Lets go of leaves after a fold; true if that was all.
  bool settle(int budget);
  // Folds what was taken, whoever may read; for closing.
  void ignore_readers() { readers_matter_ = false; }

 private:
  enum class Stage { kIdle, kTaken, kFolding, kSettling, kForgetting };

  // Where the next piece begins.
  struct Position {
    Stage stage = Stage::kIdle;
    Bytes key;  // rows below are done
  };

  bool next_leaf();
  bool fold_leaf(DatabaseFile::Batch& batch, int64_t* budget);
  bool merge_rows(DatabaseFile::Batch& batch, int64_t* budget);
  void describe_leaf(DatabaseFile::Batch& batch, Slice end, int count);
  void describe_rest(DatabaseFile::Batch& batch);
  bool forget_records(DatabaseFile::Batch& batch, int64_t budget);

  DatabaseFile& file_;
  FileLeaves& leaves_;
  FoldHost& host_;
  uint64_t folded_mark_;  // leaves that are older are in the table
  bool readers_matter_ = true;

  Stage stage_ = Stage::kIdle;
  Capture capture_;
  std::optional<ChangedLeaves> walk_;
  bool at_leaf_ = false;
  Bytes key_;           // rows of the table below it are folded
  Position committed_;  // stage_ and key_ as of the last batch that was committed
};

}  // namespace fdb::durable
