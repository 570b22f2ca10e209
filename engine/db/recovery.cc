#include "db/recovery.h"

#include <algorithm>
#include <deque>

#include "db/initial_content.h"
#include "db/published_state.h"
#include "store/commit_record.h"
#include "store/leaf_use.h"
#include "store/snapshot_builder.h"

namespace fdb {

namespace {

constexpr int64_t kNoLimit = INT64_MAX;

// The leaves of the table, none of them loaded.
Snapshot stored_state(const RecoveredFile& recovered) {
  SnapshotBuilder builder(recovered.cache);
  recovered.file->for_each_leaf([&](const StoredLeaf& leaf) { builder.add(leaf); });
  return builder.finish();
}

// A file that nothing was folded in holds what every database begins with, and its log.
Snapshot first_state(const RecoveredFile& recovered) {
  const Bytes name = "embedded:file@127.0.0.1:4500";
  return recovered.file->versions().base == 0 ? initial_content(name) : stored_state(recovered);
}

}  // namespace

RecoveredFile recover(const durable::FileSettings& settings, int64_t cache_bytes) {
  RecoveredFile recovered;
  bool is_new = false;
  recovered.file = durable::DatabaseFile::open(settings, &is_new);
  recovered.leaves = std::make_unique<durable::FileLeaves>(*recovered.file);
  recovered.cache = make_ref<store::LeafCache>(recovered.leaves.get(), cache_bytes);
  const durable::Versions versions = recovered.file->versions();
  recovered.newest_commit = versions.base;
  recovered.mark = Editor::next_mark();  // before there is an editor whose leaves are not in the table
  Editor editor(first_state(recovered));
  editor.keep_emptied_leaves();
  // Leaves that the replay needs cannot be loaded while the log is read.
  std::deque<Bytes> records;
  recovered.file->for_each_record([&](Version version, Slice record) {
    records.emplace_back(record);
    recovered.newest_commit = version;
  });
  for (; !records.empty(); records.pop_front()) {
    const store::LeafUse use;  // for each, so that leaves which are evicted meanwhile can be freed
    commit_record::apply(records.front(), &editor);
  }
  recovered.state = editor.finish();
  recovered.lease = versions.lease;
  recovered.first_version = std::max({PublishedState::kFirstVersion, versions.lease, recovered.newest_commit});
  return recovered;
}

RecoveredFile load_into_memory(const Bytes& path) {
  const durable::FileSettings settings{path, durable::Sync::kFull, true, true};
  RecoveredFile stored = recover(settings, kNoLimit);
  RecoveredFile loaded;
  loaded.first_version = stored.first_version;
  loaded.newest_commit = stored.newest_commit;
  const store::LeafUse use;
  SnapshotBuilder builder;
  Cursor cursor(stored.state);
  for (cursor.seek(Slice()); cursor.valid(); cursor.next()) builder.add_row(cursor.key(), cursor.value());
  loaded.state = builder.finish();
  stored.cache->detach();
  return loaded;
}

}  // namespace fdb
