// What a database holds as a new database file, while transactions go on.
//
// Thread-safety: a function that may be called from any thread; it blocks.
#pragma once

#include "durable/file_tools.h"

namespace fdb {

class Keyspace;

// Nothing may be at `target` (1514). Returns a report as durable::info_of_file() gives it of the target. Throws durable::FileError, and
// EngineError.
Bytes back_up(Keyspace& keyspace, const Bytes& target, const durable::Progress& progress);

}  // namespace fdb
