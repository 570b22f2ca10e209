// A file that is made under a name of its own, PATH.partial, and gets its real name when it is complete and on disk.
//
// Thread-safety: none.
// Invariants:
//  1. At PATH there is nothing, or what was there before, or all of the new file.
//  2. Nothing is overwritten, neither at PATH nor at PATH.partial.
//  3. Nothing is left at PATH.partial by an object that is destroyed; a process that is killed leaves it.
#pragma once

#include "base/common.h"

namespace fdb::durable {

class PartialFile {
 public:
  // Throws FileError: 1514 if something is at either place, 1511 without a directory, 1510, 1514.
  explicit PartialFile(const Bytes& path);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();

  const Bytes& path() const { return path_; }        // the real path
  const Bytes& partial() const { return partial_; }  // an empty file at first

  // Makes what was written durable, under the real name. Nobody has the file open. Throws FileError: 1514 if something came to the
  // place, 1510.
  void finish();
  // The same, instead of the file that is at the real name, with its permissions.
  static void replace(const Bytes& fresh, const Bytes& path);

 private:
  Bytes path_, partial_;
};

}  // namespace fdb::durable
