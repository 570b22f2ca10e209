// Saving what a database holds: all of one version, or nothing.
#include "db/back_up.h"

#include <list>

#include "db/keyspace.h"
#include "runtime/network.h"
#include "sim/file_checks.h"
#include "sim/temporary_directory.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

using test::check_fails;
using test::TemporaryDirectory;

constexpr int kRows = 5000;

const durable::Progress kGoOn = [](int64_t, int64_t) { return true; };

Ref<Keyspace> filled(Network& network) {
  network.simulate();
  auto keyspace = make_ref<Keyspace>(network, "test");
  CommitRequest request;
  std::list<Bytes> kept;
  request.read_version = keyspace->read_point().version;
  for (int i = 0; i < kRows; ++i) {
    kept.push_back("key " + std::to_string(100'000 + i));
    kept.push_back(Bytes(static_cast<size_t>(i), 'v'));
    request.mutations.push_back({Op::kSet, *std::prev(kept.end(), 2), kept.back()});
  }
  CHECK_EQ(keyspace->commit(request).error, 0);
  return keyspace;
}

void what_is_saved_is_what_was_there() {
  TemporaryDirectory directory;
  Network network;
  const Ref<Keyspace> keyspace = filled(network);
  const Bytes path = directory.file("saved.fdb");
  int64_t told = 0;
  const Bytes report = back_up(*keyspace, path, [&](int64_t done, int64_t total) {
    CHECK(done > told && done <= total);
    told = done;
    return true;
  });
  CHECK(told >= kRows / 2);
  CHECK(report.find("\"cleanly_closed\":true") != Bytes::npos);
  CHECK(durable::check_file(path, kGoOn).find("\"ok\":true") != Bytes::npos);
  const auto file = test::open_file(path, durable::Sync::kFull, true);
  CHECK(file->versions().lease >= keyspace->read_point().version - kVersionsPerSecond * 60);
  const test::Rows rows = test::rows_of(*file);
  const Snapshot state = keyspace->current();
  CHECK_EQ(static_cast<int64_t>(rows.size()), state.total().keys);
  for (const auto& [key, value] : rows) {
    Slice found;
    CHECK(state.get(key, &found) && found == value);
  }
}

void nothing_is_overwritten_or_left_half_done() {
  TemporaryDirectory directory;
  Network network;
  const Ref<Keyspace> keyspace = filled(network);
  const Bytes path = directory.file("saved.fdb");
  check_fails(err::kOperationCancelled, "stopped", [&] { back_up(*keyspace, path, [](int64_t, int64_t) { return false; }); });
  CHECK(std::filesystem::is_empty(directory.path()));
  back_up(*keyspace, path, kGoOn);
  const Bytes before = test::read_file(path);
  check_fails(err::kFileNotWritable, path, [&] { back_up(*keyspace, path, kGoOn); });
  CHECK(test::read_file(path) == before);
  check_fails(err::kFileNotFound, "no directory", [&] { back_up(*keyspace, directory.file("none/a.fdb"), kGoOn); });
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::what_is_saved_is_what_was_there();
  fdb::nothing_is_overwritten_or_left_half_done();
  return 0;
}
