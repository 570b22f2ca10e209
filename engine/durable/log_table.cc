#include "durable/log_table.h"

#include <cstring>

#include "base/crc32c.h"

namespace fdb::durable {

namespace {

constexpr size_t kPrefix = 20;

void put(char* place, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) place[i] = static_cast<char>(number >> (8 * i));
}

uint64_t get(const char* place, int bytes) {
  uint64_t number = 0;
  for (int i = 0; i < bytes; ++i) number |= uint64_t{static_cast<unsigned char>(place[i])} << (8 * i);
  return number;
}

uint32_t checksum(Version version, Slice rest) {
  char bytes[8];
  put(bytes, static_cast<uint64_t>(version), 8);
  return crc32c(rest, crc32c(Slice(bytes, sizeof bytes)));
}

}  // namespace

LogTable::LogTable(Connection* connection)
    : connection_(connection),
      last_(connection, "SELECT version FROM log ORDER BY version DESC LIMIT 1"),
      insert_(connection, "INSERT INTO log VALUES (?1, ?2)"),
      forget_(connection,
              "DELETE FROM log WHERE version IN (SELECT version FROM log WHERE version <= ?1 ORDER BY version LIMIT ?2)"),
      after_(connection, "SELECT version, record FROM log WHERE version > ?1 ORDER BY version") {}

Version LogTable::last(Version base) {
  Execution execution(last_);
  return last_.step() ? last_.integer(0) : base;
}

void LogTable::append(Version version, const LogRecord& record) {
  row_.resize(kPrefix);
  put(row_.data() + 4, static_cast<uint64_t>(record.before), 8);
  put(row_.data() + 12, static_cast<uint64_t>(record.synced), 8);
  row_.append(record.record);
  put(row_.data(), checksum(version, Slice(row_).substr(4)), 4);
  Execution execution(insert_);
  insert_.bind(1, version).bind(2, Slice(row_)).run();
  if (row_.capacity() > 1 << 20) Bytes().swap(row_);
}

bool LogTable::forget(Version until, int most) {
  Execution execution(forget_);
  forget_.bind(1, until).bind(2, int64_t{most}).run();
  return forget_.changes() >= most;
}

bool LogRecord::parse(Version version, Slice row, LogRecord* parsed) {
  if (row.size() < kPrefix || get(row.data(), 4) != checksum(version, row.substr(4))) return false;
  parsed->before = static_cast<Version>(get(row.data() + 4, 8));
  parsed->synced = static_cast<Version>(get(row.data() + 12, 8));
  parsed->record = row.substr(kPrefix);
  return true;
}

void LogTable::for_each(const Versions& versions, const TakeRecord& take) {
  Execution execution(after_);
  after_.bind(1, versions.base);
  Version last = versions.base;
  bool first = true;
  while (after_.step()) {
    const Version version = after_.integer(0);
    LogRecord row;
    if (!LogRecord::parse(version, after_.blob(1), &row)) {
      throw_corrupt(connection_->path(), "is damaged (the checksum of the log's record " + std::to_string(version) + ")");
    }
    if (version <= last || (first ? row.before > versions.base : row.before != last)) {
      throw_corrupt(connection_->path(), "is damaged (the log has a gap before version " + std::to_string(version) + ")");
    }
    take(version, row.record);
    last = version;
    first = false;
  }
  if (last < versions.log_end) {
    throw_corrupt(connection_->path(), "is damaged (the log ends before version " + std::to_string(versions.log_end) + ")");
  }
}

}  // namespace fdb::durable
