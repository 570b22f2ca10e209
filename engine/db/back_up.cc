#include "db/back_up.h"

#include "db/keyspace.h"
#include "durable/new_file.h"

namespace fdb {

namespace {

// So often progress is told.
constexpr int64_t kRows = 1024;

void save(Keyspace& keyspace, const Bytes& target, const durable::Progress& progress) {
  const ReadPoint point = keyspace.read_point();
  const int64_t total = point.snapshot.total().keys;
  durable::NewFile file(target);
  int64_t done = 0;
  Cursor cursor(point.snapshot);
  for (cursor.seek(Slice()); cursor.valid(); cursor.next()) {
    if (++done % kRows == 0 && !progress(done, total)) {
      throw durable::FileError(err::kOperationCancelled, "saving to " + target + " was stopped");
    }
    file.add(cursor.key(), cursor.value());
  }
  file.finish(point.version);
}

}  // namespace

Bytes back_up(Keyspace& keyspace, const Bytes& target, const durable::Progress& progress) {
  if (KeyspaceFile* file = keyspace.file()) {
    file->back_up(target, progress);
  } else {
    save(keyspace, target, progress);
  }
  return durable::info_of_file(target);
}

}  // namespace fdb
