// A random use of a database file with a model of it: after whatever happens, the file is as one of the batches left it, none before
// the last one that was synced.
//
// Thread-safety: none.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "durable/database_file.h"
#include "sim/test_support.h"
#include "store/leaf_checksum.h"

namespace fdb::test {

// All that a file holds.
struct FileState {
  std::map<Bytes, Bytes> rows;
  std::map<Version, Bytes> records;  // after base
  std::map<Bytes, int64_t> leaves;   // by their first keys, to their checksums
  durable::Versions versions;        // without log_end
  bool operator==(const FileState&) const = default;
};

inline FileState state_of(durable::DatabaseFile& file) {
  FileState state;
  file.scan("", "", [&](Slice key, Slice value) { CHECK(state.rows.emplace(key, value).second); });
  file.for_each_record([&](Version version, Slice record) { CHECK(state.records.emplace(version, record).second); });
  file.for_each_leaf([&](const StoredLeaf& leaf) { CHECK(state.leaves.emplace(leaf.first, leaf.checksum).second); });
  state.versions = file.versions();
  state.versions.log_end = 0;
  return state;
}

// Of a commit that the file has, in its log or folded.
inline Version newest_version(const FileState& state) {
  return state.records.empty() ? state.versions.base : state.records.rbegin()->first;
}

class FileWorkload {
 public:
  FileWorkload(uint64_t seed, durable::Sync sync) : random_(seed), sync_(sync) {}

  // Makes `steps` steps, the first of which opens the file. False after a FileError.
  bool run(int steps) {
    try {
      if (!file_) open();
      for (int i = 0; i < steps; ++i) step();
      return true;
    } catch (const durable::FileError& error) {
      last_error_ = error.text;
      return false;
    }
  }
  // Lets go of the file, as a program that ends, and does not look at what comes of it.
  void close() { file_.reset(); }

  // What is in the file now, opened anew; nothing if it cannot be opened or read.
  std::optional<FileState> read() {
    try {
      bool is_new;
      const auto file = durable::DatabaseFile::open({"test.fdb", sync_}, &is_new);
      return state_of(*file);
    } catch (const durable::FileError& error) {
      last_error_ = error.text;
      return std::nullopt;
    }
  }
  // The number of the batch that left a state like this, -1 if none did that still can be there.
  int batch_of(const FileState& state) const {
    for (size_t i = states_.size(); i-- > 0;) {
      if (states_[i] == state) return static_cast<int>(i);
    }
    return -1;
  }
  // Whether it is as a batch left it, but for its rows.
  bool differs_in_rows(const FileState& state) const {
    return std::any_of(states_.begin(), states_.end(), [&](FileState left) {
      left.rows = state.rows;
      return left == state;
    });
  }
  // Goes on from there: what comes after is lost.
  void resume(int batch) {
    states_.resize(static_cast<size_t>(batch) + 1);
    committed_ = synced_ = batch;
  }
  int synced() const { return synced_; }
  int committed() const { return committed_; }
  // The newest version of which a record that was committed later says that it was on disk.
  Version proven() const { return proven_; }
  const Bytes& last_error() const { return last_error_; }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }

  void open() {
    bool is_new;
    file_ = durable::DatabaseFile::open({"test.fdb", sync_}, &is_new);
    CHECK(state_of(*file_) == states_[static_cast<size_t>(committed_)]);
    synced_ = committed_;
    synced_version_ = newest_version(states_.back());
  }

  void step() {
    const int choice = below(20);
    if (choice == 0) {
      close();
      open();
    } else if (choice < 3) {
      file_->checkpoint();
    } else if (choice < 9) {
      file_->sync();
      synced_ = committed_;
      synced_version_ = newest_version(states_.back());
    } else {
      batch();
    }
  }

  void batch() {
    const auto batch = file_->begin();
    FileState state = states_.back();
    for (int i = below(6); i >= 0; --i) change(batch.get(), &state);
    if (below(10) == 0) return;  // undone
    states_.push_back(state);    // it may be there even if the commit fails
    batch->commit();
    if (newest_version(state) > newest_version(states_[static_cast<size_t>(committed_)])) proven_ = synced_version_;
    committed_ = static_cast<int>(states_.size()) - 1;
  }

  void change(durable::DatabaseFile::Batch* batch, FileState* state) {
    const Bytes key(1, static_cast<char>('a' + below(26))), longer = key + std::to_string(below(9));
    switch (below(8)) {
      case 0:
      case 1: {
        const Version version = ++version_;
        const Bytes record(static_cast<size_t>(below(300)), static_cast<char>(version));
        batch->append(version, record);
        state->records[version] = record;
        break;
      }
      case 2:
        batch->erase(longer);
        state->rows.erase(longer);
        break;
      case 3: {
        std::vector<StoredLeaf> leaves;
        constexpr Slice kNames = "abcdefghijklmnopqrstuvwxyz";
        for (size_t first = kNames.find(key); first < kNames.find('m'); first += 3) {
          leaves.push_back({kNames.substr(first, 1), 1, 10, static_cast<uint32_t>(random_())});
        }
        batch->replace_leaves(key, key < "m" ? "m" : "", leaves);
        state->leaves.erase(state->leaves.lower_bound(key), key < "m" ? state->leaves.lower_bound("m") : state->leaves.end());
        for (const StoredLeaf& leaf : leaves) state->leaves[Bytes(leaf.first)] = leaf.checksum;
        break;
      }
      case 4: {
        durable::Versions& versions = state->versions;
        const auto record = state->records.begin();
        if (record != state->records.end()) {
          versions.base = versions.fold_target = record->first;
          state->records.erase(record);
        }
        versions.lease += 1000;
        batch->set_versions(versions);
        batch->forget_records(below(3) + 1);
        break;
      }
      default: {
        const Bytes value(static_cast<size_t>(below(12) == 0 ? 1500 + below(9000) : below(100)), static_cast<char>(random_()));
        batch->put(longer, value);
        state->rows[longer] = value;
      }
    }
  }

  std::mt19937_64 random_;
  const durable::Sync sync_;
  std::unique_ptr<durable::DatabaseFile> file_;
  std::vector<FileState> states_{1};  // after each batch, in order; the first one is of an empty file
  int committed_ = 0, synced_ = 0;    // into states_
  Version version_ = 0, synced_version_ = 0, proven_ = 0;
  Bytes last_error_;
};

}  // namespace fdb::test
