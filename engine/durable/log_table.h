// The commits that are not (all) in the table kv yet: the table `log`, a row for each.
//
//   version  INTEGER  the commit's version, the primary key
//   record   BLOB     4 bytes: crc32c of all that follows, after the 8 bytes of the version
//                     8 bytes: the version of the record before, or of meta's `base` where there was none
//                     8 bytes: a version up to which the log was on disk when the record was written, 0 if that was not known
//                     the rest: the commit_record
//   (numbers in little-endian order)
//
// Thread-safety: none.
// Invariants:
//  1. A record is what was appended, for the version under which it lies, or reading it is error 1522.
//  2. The records after `base` are all that were appended: each names the one before it, the first one names one up to `base`, and the
//     last one is not before `log_end`.
#pragma once

#include <functional>

#include "durable/meta_table.h"

namespace fdb::durable {

// A row's parts.
struct LogRecord {
  Version before = 0;
  Version synced = 0;
  Slice record;

  // Whether the blob of a row is what was appended under `version`.
  static bool parse(Version version, Slice row, LogRecord* parsed);
};

class LogTable {
 public:
  using TakeRecord = std::function<void(Version version, Slice record)>;

  explicit LogTable(Connection* connection);

  // The version of the newest record, or `base` where there is none; what append() goes on from.
  Version last(Version base);
  // Versions ascend from `record.before`, which is the newest record's.
  void append(Version version, const LogRecord& record);
  // Removes at most `most` records up to `until`; true if there are more of them.
  bool forget(Version until, int most);
  void for_each(const Versions& versions, const TakeRecord& take);

 private:
  Connection* connection_;
  Statement last_, insert_, forget_, after_;
  Bytes row_;  // the memory of the last one
};

}  // namespace fdb::durable
