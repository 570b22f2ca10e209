// The strings that mean a database of this library: memory:NAME[?from=PATH] and file:PATH[?name=value[&name=value]]. The options
// of a file come after the last question mark.
//
// Thread-safety: functions on values.
#pragma once

#include "durable/database_file.h"

namespace fdb {

struct EmbeddedName {
  enum class Kind { kMemory, kFile };

  Kind kind = Kind::kMemory;
  Bytes name;                  // of one in memory
  Bytes from;                  // the file to load it from, if any
  durable::FileSettings file;  // of one in a file
  int64_t cache_bytes = 0;     // for leaves; 0: not said
  bool says_sync = false;      // whether an option is there
  bool says_mode = false;
};

bool is_embedded(Slice text);
// Reads a string for which is_embedded(). Throws durable::FileError: 2006 for an option or value that is unknown, 2104 without a path.
EmbeddedName parse_embedded(Slice text);

}  // namespace fdb
