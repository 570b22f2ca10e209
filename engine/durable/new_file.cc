#include "durable/new_file.h"

#include "durable/database_file_schema.h"
#include "durable/kv_table.h"
#include "durable/leaf_table.h"
#include "durable/open_files.h"
#include "durable/partial_file.h"
#include "store/leaf_description.h"

namespace fdb::durable {

namespace {

// As full as leaves of the tree are after random writes.
constexpr int64_t kLeafKeys = 50;
constexpr int64_t kLeafBytes = 4000;

}  // namespace

struct NewFile::State {
  explicit State(const Bytes& path) : file(path), connection(file.partial()) {}

  void begin();
  void end_leaf();

  PartialFile file;
  Connection connection;
  std::unique_ptr<KvTable> kv;
  std::unique_ptr<LeafTable> leaves;
  Meta before;
  LeafTotals totals;
  Bytes first;  // of the leaf that is being filled; the first leaf begins with all keys
  store::LeafDescription rows;
};

void NewFile::State::begin() {
  connection.open(file.partial(), sqlite::kOpenReadwrite, nullptr);
  create_schema(&connection);
  // Until it has its name nobody misses it.
  connection.run(
      "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; BEGIN",
      "write");
  before = MetaTable(&connection).load();
  kv = std::make_unique<KvTable>(&connection);
  leaves = std::make_unique<LeafTable>(&connection);
}

void NewFile::State::end_leaf() {
  if (rows.keys() == 0) return;
  const StoredLeaf leaf = rows.leaf(first);
  leaves->insert(leaf);
  durable::add(&totals, leaf);
  rows = {};
}

NewFile::NewFile(const Bytes& path) : state_(std::make_unique<State>(path)) {
  InsideSqlite inside;
  state_->begin();
}

NewFile::~NewFile() {
  InsideSqlite inside;
  state_.reset();
}

void NewFile::add(Slice key, Slice value) {
  InsideSqlite inside;
  State& state = *state_;
  const int64_t size = store::LeafDescription::size_of(key, value);
  if (state.rows.keys() == kLeafKeys || (state.rows.keys() > 0 && state.rows.bytes() + size > kLeafBytes)) {
    state.end_leaf();
    state.first = key;
  }
  state.kv->put(key, value);
  state.rows.add(key, value);
}

void NewFile::finish(Version lease) {
  InsideSqlite inside;
  State& state = *state_;
  state.end_leaf();
  Meta meta = state.before;
  meta.versions = {lease, lease, lease, 0};
  meta.totals = state.totals;
  MetaTable(&state.connection).update(state.before, meta);
  state.connection.run("COMMIT", "write");
  state.kv.reset();
  state.leaves.reset();
  state.connection.close();
  state.file.finish();
}

}  // namespace fdb::durable
