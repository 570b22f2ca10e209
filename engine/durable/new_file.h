// A database file that is made from sorted rows at once: what a database in memory is saved as.
//
// Thread-safety: none.
// Invariants:
//  1. There is no file before finish() has returned, and a whole one, on disk, afterwards. Nothing is overwritten.
#pragma once

#include <memory>

#include "durable/file_error.h"

namespace fdb::durable {

class NewFile {
 public:
  // Throws FileError as PartialFile does.
  explicit NewFile(const Bytes& path);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  // Keys ascend. Throws FileError: 1510 if the disk is full, for one; then all that is left is to destroy it.
  void add(Slice key, Slice value);
  // `lease`: no version above it was given out where the rows come from. Blocks for the disk.
  void finish(Version lease);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fdb::durable
