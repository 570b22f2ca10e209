#include <algorithm>
#include <map>
#include <vector>

#include "base/json.h"
#include "durable/database_file_schema.h"
#include "durable/file_opening.h"
#include "durable/file_tools.h"
#include "durable/kv_table.h"
#include "durable/leaf_table.h"
#include "durable/log_table.h"
#include "durable/stoppable.h"
#include "durable/write_ahead_log.h"
#include "store/leaf_description.h"

namespace fdb::durable {

namespace {

class Check {
 public:
  Check(const Bytes& path, const Progress& progress);
  void run();
  Bytes report() const;

 private:
  struct Problems {
    int64_t count = 0;
    std::vector<Bytes> first;
  };

  void note(const Bytes& kind, Slice place) {
    Problems& problems = problems_[kind];
    if (++problems.count <= 10) problems.first.emplace_back(place);
  }
  // Does `work`; what it says about damage is a problem, too.
  template <class Work>
  bool attempt(const Bytes& kind, Work work) {
    try {
      work();
      return true;
    } catch (const FileError& error) {
      if (error.code != err::kFileCorrupt) throw;
      note(kind, error.text);
      return false;
    }
  }

  bool report_progress() const;
  void check_all();
  void check_pages();
  void check_leaves();
  void check_rows_before(Slice end);
  void check_leaf(const StoredLeaf& leaf, Slice end);
  void check_long_values();
  void check_log();

  const Progress& progress_;
  OpenedFile file_;
  Connection* connection_ = nullptr;
  std::unique_ptr<KvTable> kv_;
  Meta meta_;
  bool has_meta_ = false;
  LeafTotals totals_;
  int64_t records_ = 0;
  std::map<Bytes, Problems> problems_;
};

Check::Check(const Bytes& path, const Progress& progress) : progress_(progress) {
  FileSettings settings{real_path(path), Sync::kFull, true};
  if (!file_exists(settings.path)) throw FileError(err::kFileNotFound, "there is no file " + path);
  bool created;
  file_ = open_file(settings, &created);
  connection_ = file_.connection.get();
}

void Check::run() {
  InsideSqlite inside;
  Stoppable stoppable(connection_, [&] { return report_progress(); });
  stoppable.run([&] { check_all(); });
}

bool Check::report_progress() const {
  return progress_(totals_.leaves, std::max({int64_t{1}, totals_.leaves, meta_.totals.leaves}));
}

void Check::check_all() {
  attempt("pages", [&] { check_pages(); });
  if (!attempt("tables", [&] { check_schema(connection_); })) return;
  if (!attempt("rows", [&] { kv_ = std::make_unique<KvTable>(connection_); })) return;
  has_meta_ = attempt("meta", [&] { meta_ = MetaTable(connection_).load(); });
  attempt("leaves", [&] { check_leaves(); });
  if (has_meta_ && totals_ != meta_.totals) note("totals", "the table leaves has others than the table meta says");
  attempt("big", [&] { check_long_values(); });
  attempt("log", [&] { check_log(); });
}

void Check::check_pages() {
  Statement check(connection_, "PRAGMA integrity_check(10)");
  while (check.step()) {
    if (check.text(0) != "ok") note("pages", check.text(0));
  }
}

// Reads on where a row is damaged, since the next one tells where the rows of this one end.
void Check::check_leaves() {
  Statement rows(connection_, "SELECT k, keys, bytes, checksum, own FROM leaves ORDER BY k");
  Execution execution(rows);
  Bytes first;
  StoredLeaf leaf;
  bool has_leaf = false, is_first = true;
  const auto finish = [&](Slice end) {
    if (!has_leaf) return;
    leaf.first = first;
    check_leaf(leaf, end);
  };
  while (rows.step()) {
    const StoredLeaf next{rows.blob(0), rows.integer(1), rows.integer(2), static_cast<uint32_t>(rows.integer(3))};
    if (is_first && !next.first.empty()) check_rows_before(next.first);
    is_first = false;
    finish(next.first);
    has_leaf = rows.integer(4) == int64_t{own_checksum(next)};
    if (!has_leaf) note("leaves", next.first);
    first = next.first;
    leaf = next;
    add(&totals_, next);
    if (!report_progress()) throw_stopped(connection_->path());
  }
  finish("");
  if (is_first) check_rows_before("");
}

void Check::check_rows_before(Slice end) {
  attempt("rows", [&] { kv_->scan("", end, INT64_MAX, [&](Slice key, Slice) { note("rows", key); }); });
}

void Check::check_leaf(const StoredLeaf& leaf, Slice end) {
  store::LeafDescription rows;
  const bool is_read = attempt(
      "rows", [&] { kv_->scan(leaf.first, end, INT64_MAX, [&rows](Slice key, Slice value) { rows.add(key, value); }); });
  const StoredLeaf found = rows.leaf(leaf.first);
  if (is_read && found.keys == leaf.keys && found.bytes == leaf.bytes && found.checksum == leaf.checksum) return;
  note("leaf_rows", leaf.first);
}

void Check::check_long_values() {
  Statement orphans(connection_, "SELECT id FROM big WHERE id NOT IN (SELECT v FROM kv WHERE typeof(v) = 'integer')");
  while (orphans.step()) note("big", "no row has the long value " + std::to_string(orphans.integer(0)));
  Statement missing(connection_, "SELECT k FROM kv WHERE typeof(v) = 'integer' AND v NOT IN (SELECT id FROM big)");
  while (missing.step()) note("big", Bytes("the long value is missing of the key ").append(missing.blob(0)));
  Statement shared(connection_, "SELECT v FROM kv WHERE typeof(v) = 'integer' GROUP BY v HAVING count(*) > 1");
  while (shared.step()) note("big", "several rows have the long value " + std::to_string(shared.integer(0)));
}

void Check::check_log() {
  Statement rows(connection_, "SELECT version, record FROM log ORDER BY version");
  const Versions& versions = meta_.versions;
  Version last = 0;
  bool in_chain = false;  // `last` is of a record after base, or nothing is expected of the next one
  while (rows.step()) {
    const Version version = rows.integer(0);
    ++records_;
    LogRecord row;
    const Bytes name = "version " + std::to_string(version);
    if (!LogRecord::parse(version, rows.blob(1), &row)) {
      note("log", name + ": another checksum");
    } else if (has_meta_ && version > versions.base && (in_chain ? row.before != last : row.before > versions.base)) {
      note("log", name + ": a gap before it");
    }
    in_chain = has_meta_ && version > versions.base;
    last = version;
  }
  if (has_meta_ && std::max(last, versions.base) < versions.log_end) {
    note("log", "it ends before version " + std::to_string(versions.log_end));
  }
  if (has_meta_ && connection_->file(sqlite::kControlJournalPointer)) {
    WriteAheadLog(connection_).check_end(std::max(last, versions.base));
  }
}

Bytes Check::report() const {
  JsonWriter report;
  report.begin_object();
  report.member("path", Slice(connection_->path()));
  report.member("ok", problems_.empty());
  report.begin_array("problems");
  for (const auto& [kind, problems] : problems_) {
    report.begin_object();
    report.member("kind", Slice(kind));
    report.member("count", problems.count);
    report.begin_array("first");
    for (const Bytes& place : problems.first) report.element(place);
    report.end_array();
    report.end_object();
  }
  report.end_array();
  report.member("keys", totals_.keys);
  report.member("bytes", totals_.bytes);
  report.member("leaves", totals_.leaves);
  report.member("log_records", records_);
  report.end_object();
  return report.text();
}

}  // namespace

Bytes check_file(const Bytes& path, const Progress& progress) {
  Check check(path, progress);
  check.run();
  return check.report();
}

}  // namespace fdb::durable
