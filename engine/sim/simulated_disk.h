// A disk for tests, with files that are in memory only: it loses power, fails, and makes who syncs wait. SQLite reaches it as a VFS
// (simulated_vfs.h).
//
// Thread-safety: every member may be called from any thread; lose_power() while nobody is in another one.
// Invariants:
//  1. What was written is on disk after the next sync of its file that succeeds. Until then a loss of power keeps it, drops it or tears
//     it apart, for each 512-byte sector on its own; it never touches bytes that were not written (SQLite's "powersafe overwrite").
//  2. Files that were made or removed are so on disk after a sync of their directory: SQLite asks for one with the first sync of a
//     journal, and when it removes one. Until then, and each on its own, a loss of power undoes it.
//  3. A sync that fails has taken what was written for clean, as Linux does: the next one succeeds without it.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

#include "base/common.h"

namespace fdb::test {

enum class Fault { kNone, kError, kFull };

class SimulatedDisk {
 public:
  // One file; it lives on while it is open, like an inode.
  struct File {
    enum class State { kDirty, kLost, kSynced };
    struct Change {
      bool truncates;
      int64_t offset;
      Bytes bytes;
      State state = State::kDirty;
    };
    Bytes live;
    Bytes synced;                 // before all of `changes`
    std::vector<Change> changes;  // in order
  };
  using FileRef = std::shared_ptr<File>;

  explicit SimulatedDisk(uint64_t seed) : random_(seed) {}

  // ---- faults -----------------------------------------------------------------------------------------
  // The `nth` call from now on that can fail does so (0: the next one), and with `all_after` those that follow it.
  void fail(int64_t nth, Fault fault, bool all_after) {
    std::lock_guard lock(mutex_);
    left_ = nth, fault_ = fault, all_after_ = all_after;
  }
  void heal() { fail(-1, Fault::kNone, false); }
  int64_t calls() const { return calls_; }
  int64_t faults() const { return faults_; }

  // ---- power ------------------------------------------------------------------------------------------
  // What is open turns useless, and what a reboot finds is there.
  void lose_power() {
    std::lock_guard lock(mutex_);
    ++boots_;
    for (const Entry& entry : entries_) {
      if (random_() % 2 == 0) apply(&synced_names_, entry);
    }
    entries_.clear();
    names_ = synced_names_;
    for (auto& [name, file] : names_) {
      file = std::make_shared<File>(File{after_power_loss(*file), {}, {}});
      file->synced = file->live;
    }
    synced_names_ = names_;
  }
  int boots() const { return boots_; }

  // ---- syncs that wait --------------------------------------------------------------------------------
  void hold_syncs() {
    std::lock_guard lock(mutex_);
    holding_ = true;
  }
  void let_syncs_go() {
    std::lock_guard lock(mutex_);
    holding_ = false;
    changed_.notify_all();
  }
  // Returns when one waits.
  void await_sync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }

  // ---- files, without faults --------------------------------------------------------------------------
  Bytes contents(const Bytes& name) {
    std::lock_guard lock(mutex_);
    const auto found = names_.find(name);
    return found == names_.end() ? Bytes() : found->second->live;
  }
  bool exists(const Bytes& name) {
    std::lock_guard lock(mutex_);
    return names_.count(name) > 0;
  }
  // As if it had always been there.
  void install(const Bytes& name, Bytes bytes) {
    std::lock_guard lock(mutex_);
    const auto file = std::make_shared<File>(File{bytes, bytes, {}});
    names_[name] = synced_names_[name] = file;
  }
  void forget(const Bytes& name) {
    std::lock_guard lock(mutex_);
    names_.erase(name);
    synced_names_.erase(name);
  }

  // ---- what the VFS calls -----------------------------------------------------------------------------
  // Null where there is none and none may be made, or when making one fails.
  FileRef open(const Bytes& name, bool create) {
    std::lock_guard lock(mutex_);
    const auto found = names_.find(name);
    if (found != names_.end()) return found->second;
    if (!create || next_fault() != Fault::kNone) return nullptr;
    const auto file = std::make_shared<File>();
    if (!name.empty()) note({name, file});
    return file;
  }
  Fault remove(const Bytes& name, bool sync_directory) {
    std::lock_guard lock(mutex_);
    if (const Fault fault = next_fault(); fault != Fault::kNone) return fault;
    note({name, nullptr});
    if (sync_directory) sync_names();
    return Fault::kNone;
  }
  // A write that finds the disk full is made by half.
  Fault write(File* file, int64_t offset, Slice bytes) {
    std::lock_guard lock(mutex_);
    const Fault fault = next_fault();
    if (fault == Fault::kFull) bytes = bytes.substr(0, bytes.size() / 2);
    if (fault != Fault::kError) change(file, {false, offset, Bytes(bytes)});
    return fault;
  }
  Fault truncate(File* file, int64_t size) {
    std::lock_guard lock(mutex_);
    const Fault fault = next_fault();
    if (fault == Fault::kNone) change(file, {true, size, {}});
    return fault;
  }
  Fault sync(File* file, bool with_directory) {
    std::unique_lock lock(mutex_);
    const Fault fault = next_fault();
    const size_t count = file->changes.size();  // what comes while it waits is not of this sync
    if (holding_) {
      ++waiting_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return !holding_; });
      --waiting_;
    }
    for (size_t i = 0; i < std::min(count, file->changes.size()); ++i) {
      File::State& state = file->changes[i].state;
      if (state == File::State::kDirty) state = fault == Fault::kNone ? File::State::kSynced : File::State::kLost;
    }
    fold(file);
    if (fault == Fault::kNone && with_directory) sync_names();
    return fault;
  }
  uint64_t random() {
    std::lock_guard lock(mutex_);
    return random_();
  }

 private:
  struct Entry {
    Bytes name;
    FileRef file;  // null: removed
  };
  using Names = std::map<Bytes, FileRef>;

  static void apply(Names* names, const Entry& entry) {
    entry.file ? void((*names)[entry.name] = entry.file) : void(names->erase(entry.name));
  }
  void note(Entry entry) {
    apply(&names_, entry);
    entries_.push_back(std::move(entry));
  }
  void sync_names() {
    synced_names_ = names_;
    entries_.clear();
  }
  Fault next_fault() {
    ++calls_;
    if (left_ < 0 || left_-- > 0) return Fault::kNone;
    if (all_after_) left_ = 0;
    ++faults_;
    return fault_;
  }

  static void apply(Bytes* bytes, const File::Change& change) {
    if (change.truncates) return bytes->resize(static_cast<size_t>(change.offset));
    const auto offset = static_cast<size_t>(change.offset);
    if (change.bytes.empty()) return;
    if (bytes->size() < offset + change.bytes.size()) bytes->resize(offset + change.bytes.size());
    bytes->replace(offset, change.bytes.size(), change.bytes);
  }
  static void change(File* file, File::Change change) {
    apply(&file->live, change);
    file->changes.push_back(std::move(change));
  }
  static void fold(File* file) {
    size_t done = 0;
    for (; done < file->changes.size() && file->changes[done].state == File::State::kSynced; ++done) {
      apply(&file->synced, file->changes[done]);
    }
    file->changes.erase(file->changes.begin(), file->changes.begin() + static_cast<ptrdiff_t>(done));
  }

  Bytes after_power_loss(const File& file) {
    constexpr unsigned kChances[] = {0, 10, 50, 90, 100};
    const unsigned chance = kChances[random_() % 5];
    const auto is_kept = [&] { return random_() % 100 < chance; };
    Bytes bytes = file.synced;
    for (const File::Change& change : file.changes) {
      if (change.state == File::State::kSynced || change.truncates) {
        if (change.state == File::State::kSynced || is_kept()) apply(&bytes, change);
        continue;
      }
      constexpr int64_t kSector = 512;
      const int64_t end = change.offset + static_cast<int64_t>(change.bytes.size());
      for (int64_t from = change.offset; from < end;) {
        const int64_t to = std::min(end, (from / kSector + 1) * kSector);
        int64_t kept = is_kept() ? to - from : 0;
        if (chance % 100 != 0 && random_() % 10 == 0)
          kept = static_cast<int64_t>(random_() % static_cast<uint64_t>(to - from + 1));
        const Slice part = Slice(change.bytes).substr(static_cast<size_t>(from - change.offset), static_cast<size_t>(kept));
        apply(&bytes, {false, from, Bytes(part)});
        from = to;
      }
    }
    return bytes;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::mt19937_64 random_;
  Names names_, synced_names_;
  std::vector<Entry> entries_;  // changes of the directory since its last sync
  std::atomic<int> boots_{0};
  std::atomic<int64_t> calls_{0}, faults_{0};
  int64_t left_ = -1;
  Fault fault_ = Fault::kNone;
  bool all_after_ = false;
  bool holding_ = false;
  int waiting_ = 0;
};

}  // namespace fdb::test
