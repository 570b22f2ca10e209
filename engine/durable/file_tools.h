// What can be done with a database file besides opening it: looking at it, checking, rewriting and copying it. Reports are JSON objects.
//
// Thread-safety: functions that may be called from any thread; they block.
// Invariants:
//  1. A path that is open, here or elsewhere, is refused with 1529; but several processes may look at and check a file at the same time.
//  2. A tool that fails or is stopped leaves no file behind, and what was there as it was.
#pragma once

#include <functional>

#include "durable/database_file.h"

namespace fdb::durable {

// How far a tool is, in a unit of its own; `total` may grow. False stops it: it throws FileError 1101.
using Progress = std::function<bool(int64_t done, int64_t total)>;

// Looks for damage, and writes nothing. The report:
//   ok        true if there is none
//   problems  an object for each kind: `kind`, `count`, and `first`: at most ten of the places, as text
//             kinds: "pages" (SQLite's integrity check), "tables", "meta", "leaves" (rows of the table), "leaf_rows" (leaves whose rows are
//             not those that were written, by their first keys), "rows" (that belong to no leaf, or cannot be read), "big" (long values
//             that no row or several rows have, or that are missing), "log" (records with another checksum, gaps, an early end), "totals"
//   keys, bytes, leaves, log_records   what was found
// Throws FileError as DatabaseFile::open() does for what cannot be opened at all.
Bytes check_file(const Bytes& path, const Progress& progress);

// What the file says about itself. The report: path, format, id (hexadecimal), base, fold_target, lease, log_end (versions), page_size,
// pages, file_bytes, write_ahead_log_bytes, keys, bytes, leaves, log_records, cleanly_closed.
Bytes info_of_file(const Bytes& path);

// Rewrites the file without free space, its rows in order. Writes PATH.partial and renames it when it is on disk, so that no moment has
// less than a whole file, and a crash costs nothing: VACUUM in place would put all pages into the write-ahead log first, and take three
// times the space. A hard link keeps the old file. The report: bytes_before, bytes_after.
Bytes compact_file(const Bytes& path, const Progress& progress);

// Copies a file that is in use to `target`, where nothing may be (1514), as it is when the copy is complete; transactions go on between
// its steps. The report: target, bytes.
Bytes back_up(DatabaseFile& source, const Bytes& target, const Progress& progress);

}  // namespace fdb::durable
