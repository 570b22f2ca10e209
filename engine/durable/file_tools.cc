#include "durable/file_tools.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "durable/database_file_schema.h"
#include "durable/file_opening.h"
#include "durable/log_table.h"
#include "durable/partial_file.h"
#include "durable/stoppable.h"
#include "durable/write_ahead_log.h"

namespace fdb::durable {

namespace {

int64_t size_of(const Bytes& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 ? static_cast<int64_t>(status.st_size) : 0;
}

// The name as a string in SQL.
Bytes sql_text(const Bytes& name) {
  Bytes text = "'";
  for (const char byte : name) text.append(byte == '\'' ? 2 : 1, byte);
  return text + "'";
}

// Takes what it lies at with it, unless it was moved.
struct Leftover {
  Bytes path;
  ~Leftover() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

// Throws 1522 where the log's end is missing, since what is done next would do away with the traces.
void check_log(Connection* connection) {
  check_schema(connection);
  const Version last = LogTable(connection).last(MetaTable(connection).load().versions.base);
  WriteAheadLog(connection).check_end(last);
}

}  // namespace

Bytes info_of_file(const Bytes& path) {
  bool is_new;
  const auto file = DatabaseFile::open({path, Sync::kFull, true}, &is_new);
  const Bytes& real = file->settings().path;
  int64_t records = 0;
  file->for_each_record([&](Version, Slice) { ++records; });
  const int64_t log_bytes = size_of(real + "-wal");
  JsonWriter report;
  report.begin_object();
  report.member("path", Slice(real));
  report.member("format", kFileFormat);
  report.member("id", Slice(hexadecimal(file->id())));
  const Versions versions = file->versions();
  report.member("base", versions.base);
  report.member("fold_target", versions.fold_target);
  report.member("lease", versions.lease);
  report.member("log_end", versions.log_end);
  report.member("page_size", kPageSize);
  report.member("pages", file->pages());
  report.member("file_bytes", size_of(real));
  report.member("write_ahead_log_bytes", log_bytes);
  const LeafTotals totals = file->totals();
  report.member("keys", totals.keys);
  report.member("bytes", totals.bytes);
  report.member("leaves", totals.leaves);
  report.member("log_records", records);
  report.member("cleanly_closed", log_bytes == 0 && records == 0);
  report.end_object();
  return report.text();
}

Bytes compact_file(const Bytes& path, const Progress& progress) {
  FileSettings settings{real_path(path)};
  if (!file_exists(settings.path)) throw FileError(err::kFileNotFound, "there is no file " + path);
  if (size_of(settings.path) == 0) throw FileError(err::kFileCorrupt, path + " is empty: there is nothing to compact");
  bool created;
  OpenedFile file = open_file(settings, &created);
  InsideSqlite inside;
  check_log(file.connection.get());
  const int64_t before = size_of(settings.path) + size_of(settings.path + "-wal");
  const Bytes fresh = settings.path + ".partial";
  if (file_exists(fresh)) {
    throw FileError(err::kFileNotWritable, fresh + " exists: it is of a tool that runs, or was killed; remove it first");
  }
  if (!progress(0, before)) throw_stopped(settings.path);
  Leftover leftover{fresh};
  {
    Stoppable stoppable(file.connection.get(), [&] { return progress(std::min(size_of(fresh), before), before); });
    stoppable.run([&] { file.connection->run(("VACUUM INTO " + sql_text(fresh)).c_str(), "compact"); });
  }
  // What is in the log is in the new file. The old log must be gone for good before it would lie beside that one.
  file.connection->checkpoint_on_close(true);
  file.connection.reset();
  if (size_of(settings.path + "-wal") > 0) {
    throw FileError(err::kIoError, settings.path + " cannot be compacted: its log does not go away; open and close it first");
  }
  sync_directory_of(settings.path);
  PartialFile::replace(fresh, settings.path);
  leftover.path.clear();
  JsonWriter report;
  report.begin_object();
  report.member("bytes_before", before);
  report.member("bytes_after", size_of(settings.path));
  report.end_object();
  progress(before, before);
  return report.text();
}

Bytes back_up(DatabaseFile& source, const Bytes& target, const Progress& progress) {
  PartialFile copy(target);
  {
    Connection connection(copy.partial());
    {
      InsideSqlite inside;
      connection.open(copy.partial(), sqlite::kOpenReadwrite, nullptr);
      connection.run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE", "write");
    }
    source.copy_to(&connection, progress);
    InsideSqlite inside;
    connection.close();
  }
  copy.finish();
  JsonWriter report;
  report.begin_object();
  report.member("target", Slice(copy.path()));
  report.member("bytes", size_of(copy.path()));
  report.end_object();
  return report.text();
}

}  // namespace fdb::durable
