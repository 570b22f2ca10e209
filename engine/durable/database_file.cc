#include "durable/database_file.h"

#include "base/schedule.h"
#include "durable/database_file_schema.h"
#include "durable/file_opening.h"
#include "durable/kv_table.h"
#include "durable/leaf_table.h"
#include "durable/log_table.h"
#include "durable/stoppable.h"
#include "durable/write_ahead_log.h"

namespace fdb::durable {

namespace {

struct Tables {
  explicit Tables(Connection* connection) : meta(connection), kv(connection), log(connection), leaves(connection) {}
  MetaTable meta;
  KvTable kv;
  LogTable log;
  LeafTable leaves;
};

}  // namespace

struct DatabaseFile::Impl {
  FileSettings settings;
  OpenedFile opened;
  Connection* connection = nullptr;    // that of `opened`
  std::unique_ptr<Tables> tables;      // their statements go before the connection
  std::unique_ptr<WriteAheadLog> log;  // null while only reading a file without one
  Meta meta;                           // as it is in the file
  Version last_record = 0;
  Mutex mutex;                                // for all above, and what happens on the connection
  std::atomic<int64_t> pending{0};            // bytes
  std::atomic<bool> state_is_unclear{false};  // a transaction could not be undone
  std::atomic<Version> committed_record{0};   // last_record, for who syncs
  std::atomic<Version> synced_record{0};      // what it was when the last sync began

  void load();
  void check_writable() const;
  ~Impl();
};

// For as long as something is done with the connection.
class DatabaseFile::Use {
 public:
  explicit Use(Impl* file) : lock_(file->mutex) {}

 private:
  std::lock_guard<Mutex> lock_;
  InsideSqlite inside_;
};

// ---- opening ------------------------------------------------------------------------------------------

std::unique_ptr<DatabaseFile> DatabaseFile::open(const FileSettings& settings, bool* is_new) {
  auto file = std::make_unique<Impl>();
  file->settings = settings;
  file->settings.path = real_path(settings.path);
  if ((settings.must_exist || settings.read_only) && !vfs_for_tests && !file_exists(file->settings.path)) {
    throw FileError(err::kFileNotFound, "there is no file " + settings.path);
  }
  bool created = false;
  file->opened = open_file(file->settings, &created);
  file->connection = file->opened.connection.get();
  file->load();
  *is_new = created || (file->meta.versions == Versions{} && file->last_record == 0 && file->meta.totals == LeafTotals{});
  return std::unique_ptr<DatabaseFile>(new DatabaseFile(std::move(file)));
}

void DatabaseFile::Impl::load() {
  InsideSqlite inside;
  check_schema(connection);
  tables = std::make_unique<Tables>(connection);
  meta = tables->meta.load();
  last_record = tables->log.last(meta.versions.base);
  committed_record.store(last_record);
  if (connection->file(sqlite::kControlJournalPointer)) {
    log = std::make_unique<WriteAheadLog>(connection);
    log->check_end(last_record);
  }
  if (settings.read_only) return;
  if (!log) connection->fail(sqlite::kCantOpen, "write the log of");
  sqlite_api().wal_hook(
      connection->handle(),
      [](void* self, sqlite3*, const char*, int frames) {
        static_cast<Impl*>(self)->pending.store(frames * WriteAheadLog::kFrame);
        return sqlite::kOk;
      },
      this);
  pending.store(log->size());
  connection->checkpoint_on_close(true);
  if (settings.sync == Sync::kOff) return;
  log->write_again();
  if (!vfs_for_tests) sync_directory_of(settings.path);
  if (settings.sync == Sync::kFull) synced_record.store(last_record);
}

DatabaseFile::DatabaseFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

DatabaseFile::~DatabaseFile() {
  if (impl_->opened.entry && impl_->opened.entry->is_inherited()) {
    static_cast<void>(impl_.release());
    return;
  }
  try {
    // Closing moves everything into the database: as for any other checkpoint, it has to say where the log ends.
    if (!impl_->settings.read_only) note_log_end();
  } catch (...) {
  }
}

DatabaseFile::Impl::~Impl() {
  InsideSqlite inside;
  // After a failed sync the log on disk may have holes; what a checkpoint would put beside it has to wait until it is written again.
  if (connection && connection->sync_failed()) connection->checkpoint_on_close(false);
  tables.reset();
  opened.unlocked_in_child.reset();
  opened.connection.reset();
}

void DatabaseFile::Impl::check_writable() const {
  if (settings.read_only) throw FileError(err::kFileNotWritable, settings.path + " was opened with ?mode=ro");
  log->check_synced();
  if (state_is_unclear.load()) throw FileError(err::kIoError, settings.path + ": a change could not be undone; open it again");
}

const FileSettings& DatabaseFile::settings() const { return impl_->settings; }

const Bytes& DatabaseFile::id() const { return impl_->meta.id; }

Versions DatabaseFile::versions() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->meta.versions;
}

LeafTotals DatabaseFile::totals() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->meta.totals;
}

int64_t DatabaseFile::pages() {
  Use use(impl_.get());
  return impl_->connection->number("PRAGMA page_count");
}

// ---- reading ------------------------------------------------------------------------------------------

void DatabaseFile::scan(Slice begin, Slice end, const LeafSource::TakeRow& take) {
  Use use(impl_.get());
  impl_->tables->kv.scan(begin, end, INT64_MAX, take);
}

void DatabaseFile::for_each_leaf(const TakeLeaf& take) {
  Use use(impl_.get());
  impl_->tables->leaves.for_each(impl_->meta.totals, take);
}

void DatabaseFile::for_each_record(const TakeRecord& take) {
  Use use(impl_.get());
  impl_->tables->log.for_each(impl_->meta.versions, take);
}

// ---- writing ------------------------------------------------------------------------------------------

void DatabaseFile::sync() {
  if (impl_->settings.sync != Sync::kFull) return;
  impl_->check_writable();
  const Version record = impl_->committed_record.load();
  impl_->log->sync();
  impl_->synced_record.store(record);
}

bool DatabaseFile::give_back(int64_t most, int64_t share) {
  Use use(impl_.get());
  impl_->check_writable();
  Connection& connection = *impl_->connection;
  if (connection.number("PRAGMA freelist_count") * share <= connection.number("PRAGMA page_count")) return false;
  connection.run(("PRAGMA incremental_vacuum(" + std::to_string(most) + ")").c_str(), "write");
  impl_->pending.store(impl_->log->size());
  return true;
}

int64_t DatabaseFile::pending_bytes() { return impl_->pending.load(); }

void DatabaseFile::note_log_end() {
  const Versions noted = versions();
  if (impl_->committed_record.load() <= std::max(noted.log_end, noted.base)) return;
  const auto batch = begin();
  batch->note_log_end();
  batch->commit();
}

void DatabaseFile::checkpoint() {
  note_log_end();
  Use use(impl_.get());
  impl_->check_writable();
  int frames = 0, done = 0;
  Connection& connection = *impl_->connection;
  connection.check(sqlite_api().wal_checkpoint_v2(connection.handle(), "main", sqlite::kCheckpointPassive, &frames, &done),
                   "write");
  impl_->pending.store((frames - done) * WriteAheadLog::kFrame);
}

void DatabaseFile::copy_to(Connection* target, const std::function<bool(int64_t done, int64_t total)>& progress) {
  constexpr int kPages = 100;
  const SqliteApi& sqlite = sqlite_api();
  // Changes of this connection are copied along by SQLite, so that no step starts anew.
  struct Backup {
    Impl* file;
    sqlite3_backup* handle = nullptr;
    int finish() {
      Use use(file);
      return sqlite_api().backup_finish(std::exchange(handle, nullptr));
    }
    ~Backup() {
      if (handle) finish();
    }
  } backup{impl_.get()};
  {
    Use use(impl_.get());
    backup.handle = sqlite.backup_init(target->handle(), "main", impl_->connection->handle(), "main");
    if (!backup.handle) target->fail(sqlite.errcode(target->handle()), "write");
  }
  for (int result = sqlite::kOk; result != sqlite::kDone;) {
    int64_t left, total;
    {
      Use use(impl_.get());
      result = sqlite.backup_step(backup.handle, kPages);
      left = sqlite.backup_remaining(backup.handle);
      total = sqlite.backup_pagecount(backup.handle);
    }
    if (result != sqlite::kDone) target->check(result, "write");
    if (!progress(total - left, total)) throw_stopped(target->path());
  }
  target->check(backup.finish(), "write");
}

std::unique_ptr<DatabaseFile::Batch> DatabaseFile::begin() { return std::unique_ptr<Batch>(new Batch(impl_.get())); }

// ---- a batch ------------------------------------------------------------------------------------------

struct DatabaseFile::Batch::State {
  explicit State(Impl* owner) : file(owner), lock(owner->mutex) {}
  Impl* file;
  std::unique_lock<Mutex> lock;
  Meta meta;  // as it will be
  Version last_record = 0;
  bool alive = false;  // SQLite's transaction goes on
};

DatabaseFile::Batch::Batch(Impl* file) : state_(std::make_unique<State>(file)) {
  InsideSqlite inside;
  file->check_writable();
  state_->meta = file->meta;
  state_->last_record = file->last_record;
  file->connection->run("BEGIN IMMEDIATE", "write");
  state_->alive = true;
}

DatabaseFile::Batch::~Batch() {
  const auto& entry = state_->file->opened.entry;
  if (entry && entry->is_inherited()) {
    static_cast<void>(state_.release());
  } else if (state_->alive) {
    InsideSqlite inside;
    undo();
  }
}

void DatabaseFile::Batch::check_alive() const {
  if (!state_->alive) throw FileError(err::kIoError, state_->file->settings.path + ": the batch was undone, or is committed");
}

// Whatever SQLite has undone by itself already.
void DatabaseFile::Batch::undo() noexcept {
  Connection& connection = *state_->file->connection;
  state_->alive = false;
  state_->file->tables->kv.forget();
  if (!connection.in_transaction()) return;
  const int result = sqlite_api().exec(connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  connection.note_result(result);
  if (result != sqlite::kOk || connection.in_transaction()) state_->file->state_is_unclear.store(true);
}

template <class Work>
void DatabaseFile::Batch::write(Work work) {
  check_alive();
  InsideSqlite inside;
  try {
    work();
  } catch (...) {
    undo();
    throw;
  }
}

void DatabaseFile::Batch::append(Version version, Slice record) {
  write([&] {
    Impl* file = state_->file;
    file->tables->log.append(version, {state_->last_record, file->synced_record.load(), record});
    state_->last_record = version;
  });
}

bool DatabaseFile::Batch::forget_records(int most) {
  bool more = false;
  write([&] { more = state_->file->tables->log.forget(state_->meta.versions.base, most); });
  return more;
}

bool DatabaseFile::Batch::rows(Slice begin, Slice end, int64_t most, const LeafSource::TakeRow& take) {
  check_alive();
  InsideSqlite inside;
  try {
    return state_->file->tables->kv.scan(begin, end, most, take);
  } catch (...) {
    // Some errors end the transaction; the others, and those of `take`, have changed nothing.
    if (!state_->file->connection->in_transaction()) undo();
    throw;
  }
}

void DatabaseFile::Batch::put(Slice key, Slice value) {
  write([&] { state_->file->tables->kv.put(key, value); });
}

void DatabaseFile::Batch::erase(Slice key) {
  write([&] { state_->file->tables->kv.erase(key); });
}

void DatabaseFile::Batch::replace_leaves(Slice begin, Slice end, std::span<const StoredLeaf> leaves) {
  write([&] { state_->file->tables->leaves.replace(begin, end, leaves, &state_->meta.totals); });
}

bool DatabaseFile::Batch::next_leaf(Slice key, Bytes* first) {
  check_alive();
  InsideSqlite inside;
  try {
    return state_->file->tables->leaves.next(key, first);
  } catch (...) {
    if (!state_->file->connection->in_transaction()) undo();
    throw;
  }
}

void DatabaseFile::Batch::set_versions(const Versions& versions) {
  check_alive();
  const Version log_end = state_->meta.versions.log_end;
  state_->meta.versions = versions;
  state_->meta.versions.log_end = log_end;
}

Versions DatabaseFile::Batch::versions() const { return state_->meta.versions; }

void DatabaseFile::Batch::note_log_end() { state_->meta.versions.log_end = state_->last_record; }

void DatabaseFile::Batch::commit() {
  write([this] {
    Impl* file = state_->file;
    file->tables->meta.update(file->meta, state_->meta);
    file->connection->run("COMMIT", "write");
    state_->alive = false;
    std::swap(file->meta, state_->meta);
    file->last_record = state_->last_record;
    file->committed_record.store(file->last_record);
  });
  state_->lock.unlock();
}

}  // namespace fdb::durable
