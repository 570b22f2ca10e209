// What goes wrong with a database file, for programs and for people.
//
// Thread-safety: values, and functions on them.
#pragma once

#include "base/common.h"

namespace fdb::durable {

// What went wrong with a file: the code, and a sentence for people that names the path and what to do.
struct FileError : EngineError {
  FileError(Error error, Bytes explanation) : EngineError{error}, text(std::move(explanation)) {}
  Bytes text;
  // Whether what failed may be in the file all the same: the system did not say how far it came. Not so when the disk is full.
  bool may_be_done = false;
};

// The code of a result of SQLite, extended or not.
Error code_of_result(int result);

// Throws FileError for a result of SQLite that is none of success, or std::bad_alloc. `doing`: what was tried ("read", "write").
// `detail`: SQLite's own message, or nothing.
[[noreturn]] void throw_result(int result, Slice path, Slice doing, Slice detail);

// Throws FileError 1522. `what` goes on after the path: "has a damaged page".
[[noreturn]] void throw_corrupt(Slice path, Slice what);

}  // namespace fdb::durable
