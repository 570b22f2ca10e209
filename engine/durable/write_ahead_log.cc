#include "durable/write_ahead_log.h"

#include <algorithm>
#include <memory>

#include "durable/file_error.h"
#include "durable/log_table.h"

namespace fdb::durable {

namespace {

constexpr int64_t kHeader = 32;
constexpr size_t kPage = 4096;
constexpr char kLeafOfTable = 0x0d;

// A page of a SQLite table whose rows may be those of the table `log`. It may be damaged, or be of another table.
class LogPage {
 public:
  explicit LogPage(Slice page) : page_(page) {}

  // The newest version that a record here says was on disk when it was written; 0 if there is none.
  Version newest_synced() const {
    if (page_[0] != kLeafOfTable) return 0;
    Version newest = 0;
    const size_t cells = number(3);
    for (size_t i = 0; i < cells && 8 + 2 * i + 2 <= kPage; ++i) newest = std::max(newest, synced_of(number(8 + 2 * i)));
    return newest;
  }

 private:
  size_t byte(size_t place) const { return static_cast<unsigned char>(page_[place]); }
  size_t number(size_t place) const { return byte(place) << 8 | byte(place + 1); }

  // SQLite's number of variable length; false at the end of the page.
  bool read(size_t* place, uint64_t* value) const {
    *value = 0;
    for (int i = 0; i < 9; ++i) {
      if (*place >= kPage) return false;
      const size_t next = byte((*place)++);
      if (i == 8) {
        *value = *value << 8 | next;
        return true;
      }
      *value = *value << 7 | (next & 127);
      if (next < 128) return true;
    }
    return true;
  }

  // A cell: the size of the row, its number, and the row: the size of its head, the types of its columns, the columns. The version is the
  // number, in its own column there is nothing.
  Version synced_of(size_t place) const {
    uint64_t size, version, head, no_version, type;
    if (!read(&place, &size) || !read(&place, &version)) return 0;
    const size_t row = place;
    if (size > kPage || row + size > kPage || !read(&place, &head) || !read(&place, &no_version) || !read(&place, &type))
      return 0;
    if (no_version != 0 || type < 12 || type % 2 != 0 || head > size || (type - 12) / 2 != size - head) return 0;
    LogRecord record;
    if (!LogRecord::parse(static_cast<Version>(version), page_.substr(row + head, size - head), &record)) return 0;
    return record.synced;
  }

  Slice page_;
};

}  // namespace

WriteAheadLog::WriteAheadLog(Connection* connection)
    : connection_(connection), file_(connection->file(sqlite::kControlJournalPointer)) {
  if (!file_) connection_->fail(sqlite::kCantOpen, "write the log of");
}

int64_t WriteAheadLog::size() {
  int64_t size = 0;
  connection_->check(file_->methods->file_size(file_, &size), "read");
  return size;
}

void WriteAheadLog::check_end(Version last) {
  const int64_t end = size();
  const std::unique_ptr<char[]> frame(new char[kFrame]);
  Version synced = 0;
  for (int64_t offset = kHeader; offset + kFrame <= end; offset += kFrame) {
    connection_->check(file_->methods->read(file_, frame.get(), kFrame, offset), "read");
    synced = std::max(synced, LogPage(Slice(frame.get() + kFrame - kPage, kPage)).newest_synced());
  }
  if (synced <= last) return;
  throw_corrupt(connection_->path(), "is damaged (its write-ahead log: it was on disk up to version " + std::to_string(synced) +
                                         ", and can be read up to version " + std::to_string(last) + ")");
}

void WriteAheadLog::write_again() {
  constexpr int64_t kStep = 65536;
  const int64_t end = size();
  const std::unique_ptr<char[]> bytes(new char[kStep]);
  for (int64_t offset = 0; offset < end; offset += kStep) {
    const int step = static_cast<int>(std::min(kStep, end - offset));
    connection_->check(file_->methods->read(file_, bytes.get(), step, offset), "read");
    connection_->check(file_->methods->write(file_, bytes.get(), step, offset), "write");
  }
  sync();
}

void WriteAheadLog::sync() {
  const int result = file_->methods->sync(file_, sqlite::kSyncFull);
  // Whatever it was: another sync would tell nothing about what this one should have written.
  if (result != sqlite::kOk) connection_->note_result(sqlite::kIoErrorSync);
  check_synced();
}

void WriteAheadLog::check_synced() const {
  if (!connection_->sync_failed()) return;
  throw FileError(err::kIoError,
                  connection_->path() + ": a sync has failed, and what was written since may be lost; open it again");
}

}  // namespace fdb::durable
