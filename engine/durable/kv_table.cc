#include "durable/kv_table.h"

namespace fdb::durable {

KvTable::KvTable(Connection* connection)
    : connection_(connection),
      rows_(connection, "SELECT k, v FROM kv WHERE k >= ?1 ORDER BY k"),
      put_(connection, "INSERT OR REPLACE INTO kv VALUES (?1, ?2)"),
      erase_(connection, "DELETE FROM kv WHERE k = ?1"),
      put_big_(connection, "INSERT INTO big (v) VALUES (?1)"),
      get_big_(connection, "SELECT v FROM big WHERE id = ?1"),
      remove_big_(connection, "DELETE FROM big WHERE id = (SELECT v FROM kv WHERE k = ?1 AND typeof(v) = 'integer')"),
      any_big_(connection, "SELECT 1 FROM big LIMIT 1") {}

bool KvTable::scan(Slice begin, Slice end, int64_t most, const LeafSource::TakeRow& take) {
  if (!end.empty() && end <= begin) return false;
  Execution execution(rows_);
  rows_.bind(1, begin);
  for (; rows_.step(); --most) {
    const Slice key = rows_.blob(0);
    // Cheaper here than as a condition of the statement.
    if (!end.empty() && key >= end) return false;
    if (most == 0) return true;
    int64_t id;
    Slice value;
    if (rows_.integer_or_blob(1, &id, &value)) {
      Execution inner(get_big_);
      take(key, big_value(id));
    } else {
      take(key, value);
    }
  }
  return false;
}

Slice KvTable::big_value(int64_t id) {
  get_big_.bind(1, id);
  if (!get_big_.step()) throw_corrupt(connection_->path(), "is damaged (a long value is missing)");
  return get_big_.blob(0);
}

bool KvTable::has_big() {
  if (!has_big_known_) {
    Execution execution(any_big_);
    has_big_ = any_big_.step();
    has_big_known_ = true;
  }
  return has_big_;
}

void KvTable::remove_big(Slice key) {
  if (!has_big()) return;
  Execution execution(remove_big_);
  remove_big_.bind(1, key).run();
}

void KvTable::put(Slice key, Slice value) {
  remove_big(key);
  Execution execution(put_);
  put_.bind(1, key);
  if (value.size() <= kLongestInlineValue) {
    put_.bind(2, value).run();
    return;
  }
  Execution inner(put_big_);
  put_big_.bind(1, value).run();
  has_big_ = true;
  put_.bind(2, sqlite_api().last_insert_rowid(connection_->handle())).run();
}

void KvTable::erase(Slice key) {
  remove_big(key);
  Execution execution(erase_);
  erase_.bind(1, key).run();
}

}  // namespace fdb::durable
