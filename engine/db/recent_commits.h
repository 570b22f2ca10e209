// The commits of the read window: what each of them did, and from that the state at every version in it.
//
// A record of a commit takes little more than what it wrote; a snapshot keeps every page alive that was rewritten since, some
// kilobytes a commit. So there are records of all commits and snapshots ("bases") of some, and the state at any other version
// is the base before it with the records up to it applied.
//
// Thread-safety: every member may be called from any thread; add() by one at a time, in version order.
// Invariants:
//  1. The state at every version in the window is exact, also between commits.
//  2. A record is kept as long as a version in the window may need it; a commit too large for a record, which is not small beside the
//     pages that the commit rewrote, is a base instead.
//  3. The bases between the oldest and the newest weigh no more than the most of kSpareBytes, the records and a part of the state; those
//     that have to go leave gaps that grow with their age, as what is read is mostly recent.
//  4. A failed add() changes nothing. One add() lets go of a bounded number of bases and chunks, outside of the lock.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <vector>

#include "store/commit_record.h"

namespace fdb {

class RecentCommits {
 public:
  static constexpr int64_t kChangesPerBase = 256;
  static constexpr size_t kLargestRecord = 16 << 10;        // of any commit
  static constexpr size_t kLargestSparingRecord = 4 << 20;  // of one whose pages weigh kSparingFactor times as much
  static constexpr int64_t kSparingFactor = 4;
  static constexpr size_t kMostBases = 64;
  static constexpr int64_t kSpareBytes = 8 << 20;
  static constexpr int64_t kSparePart = 4;  // a quarter of the state

  RecentCommits(Version version, Snapshot content);
  ~RecentCommits();

  // The state right after a commit of `changes` at `version`, newer than all before; `replaced` is how many bytes of pages older
  // than newest_base_mark() it rewrote. What is only needed for versions before `window_start` may go.
  void add(Version version, std::span<const Change> changes, const Snapshot& state, int64_t replaced, Version window_start);
  // The same for a commit that is published already and cannot fail any more, from its record. Where memory runs out, only the
  // state right after it is known from then on.
  void add_published(Version version, Slice record, int64_t changes, const Snapshot& state, int64_t replaced,
                     Version window_start) noexcept;
  // The newest state in another form, with the same content.
  void restate(const Snapshot& same) noexcept;
  // The oldest version whose state is known.
  Version oldest_version() const;
  // The state at `version`; false if that is before everything that is known. Not for versions that a commit may still get.
  bool state_at(Version version, Snapshot* state);
  // Lets go of what no version from `window_start` on needs, and of rebuilt states that nobody has asked for since the last
  // call. True if there is more to come.
  bool trim(Version window_start);

  // An editor's mark (Editor::next_mark()) when the newest base was taken.
  uint64_t newest_base_mark() const { return mark_; }

  // For tests.
  size_t bases() const;
  int64_t record_bytes() const;
  int64_t replayed_changes() const { return replayed_.load(std::memory_order_relaxed); }

 private:
  struct Chunk;
  // Where a record starts, or the next one will.
  struct Position {
    uint64_t chunk = 0;
    uint32_t offset = 0;
  };
  struct Base {
    Version version;
    Snapshot state;
    Position next;    // the first record that is not in it
    int64_t changes;  // of all commits up to it
    int64_t pinned;   // bytes of pages that no newer base shares with it
    bool is_record;   // stands for a commit without record
  };
  struct Rebuilt {
    Version version = kInvalidVersion;
    Snapshot state;
    Position next;
    bool asked_for = false;
  };
  // Freed after the lock.
  struct Garbage;
  // A commit to add, by its changes or by the record of them.
  struct Commit;
  // A part of a chunk.
  struct Stretch {
    Ref<Chunk> chunk;
    uint64_t number;  // of the chunk
    uint32_t from;
    uint32_t to;
  };

  void add(const Commit& commit, Version window_start);
  char* make_room(size_t size);
  void thin(Garbage* garbage);
  bool is_over_budget() const;
  bool drop_outdated(Version window_start, Garbage* garbage);
  void forget(size_t index, Garbage* garbage);
  void keep_only_newest(Garbage* garbage);
  bool start_of(Version version, Rebuilt* start);
  std::vector<Stretch> records_between(Position from, Version version) const;
  static int64_t replay(const std::vector<Stretch>& stretches, Version version, Editor* editor, Rebuilt* place);
  void remember(Rebuilt& rebuilt);

  mutable std::mutex mutex_;
  std::deque<Base> bases_;  // never empty
  std::deque<Ref<Chunk>> chunks_;
  int64_t record_bytes_ = 0;  // their capacity
  uint64_t first_chunk_ = 0;  // the number of chunks_.front()
  Position end_;
  Version newest_version_;
  Snapshot newest_state_;
  int64_t changes_ = 0;
  std::atomic<uint64_t> mark_;
  std::array<Rebuilt, 4> rebuilt_;
  size_t next_rebuilt_ = 0;
  std::atomic<int64_t> replayed_{0};
};

}  // namespace fdb
