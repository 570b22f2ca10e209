#include "db/recent_commits.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "store/leaf_use.h"

namespace fdb {

namespace {

constexpr size_t kLargestHeader = 16;
constexpr size_t kSmallestChunk = 4 << 10;
constexpr size_t kLargestChunk = 256 << 10;

// About what the pages of a whole state take.
int64_t weight(const Snapshot& state) {
  constexpr int64_t kBytesPerKey = 40;
  const RangeStats total = state.total();
  return total.bytes + total.keys * kBytesPerKey;
}

// So that a chunk of its own for a large record is not much larger.
size_t rounded(size_t size) {
  return size <= kLargestChunk ? std::bit_ceil(size) : (size + kLargestChunk - 1) / kLargestChunk * kLargestChunk;
}

}  // namespace

// Bytes below `used` never change, so that they may be read without the lock by who has seen that value under it. The largest
// chunks are the system's own pages: a heap would not give them back when a busy database becomes idle.
// Before each record: its version less `before`, and its size, as numbers of the record's format.
struct RecentCommits::Chunk : RefCounted<Chunk> {
  Chunk(size_t size, Version older) : capacity(size), before(older) {
    if (!is_mapped()) {
      bytes = static_cast<char*>(::operator new(size));
      return;
    }
    void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    bytes = static_cast<char*>(pages);
  }
  ~Chunk() {
    if (is_mapped()) {
      munmap(bytes, capacity);
    } else {
      ::operator delete(bytes);
    }
  }
  bool is_mapped() const { return capacity >= kLargestChunk; }

  const size_t capacity;
  const Version before;  // older than all records
  uint32_t used = 0;
  char* bytes;
};

struct RecentCommits::Garbage {
  static constexpr size_t kMost = 4;

  bool is_full() const { return dropped == states.size(); }
  void take(Snapshot& state) { std::swap(states[dropped++], state); }

  std::array<Snapshot, kMost> states;
  size_t dropped = 0;
  std::array<Ref<Chunk>, kMost> chunks;
  std::array<Snapshot, std::tuple_size_v<decltype(rebuilt_)>> rebuilt;
};

RecentCommits::RecentCommits(Version version, Snapshot content)
    : newest_version_(version), newest_state_(std::move(content)), mark_(Editor::next_mark()) {
  bases_.push_back(Base{version, newest_state_, end_, 0, 0, false});
}

RecentCommits::~RecentCommits() = default;

// ---- adding ------------------------------------------------------------------------------------------

// A place for a record of that size behind the last one.
char* RecentCommits::make_room(size_t size) {
  if (chunks_.empty() || chunks_.back()->used + size > chunks_.back()->capacity) {
    const size_t grown = chunks_.empty() ? kSmallestChunk : std::min(kLargestChunk, 4 * chunks_.back()->capacity);
    chunks_.push_back(make_ref<Chunk>(std::max(grown, rounded(size)), newest_version_));
    record_bytes_ += static_cast<int64_t>(chunks_.back()->capacity);
    end_ = Position{first_chunk_ + chunks_.size() - 1, 0};
  }
  return chunks_.back()->bytes + chunks_.back()->used;
}

struct RecentCommits::Commit {
  Version version;
  std::span<const Change> changes;
  Slice record;  // instead of the changes, if there is one
  int64_t count;
  size_t size;
  const Snapshot& state;
  int64_t replaced;

  bool has_record() const {
    return size <= kLargestRecord || (size <= kLargestSparingRecord && kSparingFactor * static_cast<int64_t>(size) <= replaced);
  }
  void write(char* place) const noexcept {
    if (!changes.empty()) return commit_record::encode(changes, place);
    if (!record.empty()) std::memcpy(place, record.data(), size);
  }
};

void RecentCommits::add(Version version, std::span<const Change> changes, const Snapshot& state, int64_t replaced,
                        Version window_start) {
  const auto count = static_cast<int64_t>(changes.size());
  add(Commit{version, changes, Slice(), count, commit_record::encoded_size(changes), state, replaced}, window_start);
}

void RecentCommits::add_published(Version version, Slice record, int64_t changes, const Snapshot& state, int64_t replaced,
                                  Version window_start) noexcept {
  try {
    add(Commit{version, {}, record, changes, record.size(), state, replaced}, window_start);
  } catch (...) {
    std::lock_guard lock(mutex_);
    newest_version_ = version;
    newest_state_ = state;
    bases_.front() = Base{version, state, Position{first_chunk_ + chunks_.size(), 0}, changes_, 0, false};
    while (bases_.size() > 1) bases_.pop_back();
    while (!chunks_.empty()) chunks_.pop_front();
    first_chunk_ = bases_.front().next.chunk;
    end_ = bases_.front().next;
    record_bytes_ = 0;
    rebuilt_.fill(Rebuilt());
  }
}

void RecentCommits::add(const Commit& commit, Version window_start) {
  const bool recorded = commit.has_record();
  Garbage garbage;
  std::lock_guard lock(mutex_);
  const int64_t total = changes_ + commit.count;
  const bool base_is_due = !recorded || total - bases_.back().changes >= kChangesPerBase;
  char* place = recorded ? make_room(kLargestHeader + commit.size) : nullptr;
  if (base_is_due) bases_.push_back(Base{commit.version, commit.state, end_, total, 0, !recorded});
  // Nothing fails from here on.
  bases_[bases_.size() - (base_is_due ? 2 : 1)].pinned += commit.replaced;
  if (recorded) {
    Chunk& chunk = *chunks_.back();
    place = commit_record::put_number(place, static_cast<uint64_t>(commit.version - chunk.before));
    place = commit_record::put_number(place, commit.size);
    commit.write(place);
    end_.offset = chunk.used = static_cast<uint32_t>(place + commit.size - chunk.bytes);
  }
  changes_ = total;
  newest_version_ = commit.version;
  newest_state_ = commit.state;
  if (!base_is_due) return;
  bases_.back().next = end_;
  mark_.store(Editor::next_mark(), std::memory_order_relaxed);
  drop_outdated(window_start, &garbage);
  thin(&garbage);
}

// Keeps the bases between the oldest and the newest within their budget, by giving up the one whose gap would be the
// smallest for its age.
void RecentCommits::thin(Garbage* garbage) {
  while (!garbage->is_full() && is_over_budget()) {
    size_t victim = 0;
    double least = 0;
    for (size_t i = 1; i + 1 < bases_.size(); ++i) {
      if (bases_[i].is_record) continue;
      const auto gap = static_cast<double>(bases_[i + 1].changes - bases_[i - 1].changes);
      const double share = gap / static_cast<double>(1 + changes_ - bases_[i + 1].changes);
      if (victim == 0 || share < least) {
        victim = i;
        least = share;
      }
    }
    if (victim == 0) return;
    Base& before = bases_[victim - 1];
    before.pinned = std::min(before.pinned + bases_[victim].pinned, weight(before.state));
    garbage->take(bases_[victim].state);
    bases_.erase(bases_.begin() + static_cast<std::ptrdiff_t>(victim));
  }
}

bool RecentCommits::is_over_budget() const {
  if (bases_.size() > kMostBases) return true;
  int64_t pinned = 0;
  for (size_t i = 1; i + 1 < bases_.size(); ++i) pinned += bases_[i].pinned;
  return pinned > std::max({kSpareBytes, record_bytes_, weight(newest_state_) / kSparePart});
}

// ---- letting go --------------------------------------------------------------------------------------

// True if there is more to drop.
bool RecentCommits::drop_outdated(Version window_start, Garbage* garbage) {
  const auto outdated = [&] { return bases_.size() > 1 && bases_[1].version <= window_start; };
  while (outdated() && !garbage->is_full()) {
    garbage->take(bases_.front().state);
    bases_.pop_front();
  }
  const auto unneeded = [&] { return !chunks_.empty() && first_chunk_ < bases_.front().next.chunk; };
  for (Ref<Chunk>& dropped : garbage->chunks) {
    if (!unneeded()) break;
    std::swap(dropped, chunks_.front());
    record_bytes_ -= static_cast<int64_t>(dropped->capacity);
    chunks_.pop_front();
    ++first_chunk_;
  }
  for (size_t i = 0; i < rebuilt_.size(); ++i) {
    if (rebuilt_[i].version < bases_.front().version) forget(i, garbage);
  }
  return outdated() || unneeded();
}

void RecentCommits::forget(size_t index, Garbage* garbage) {
  std::swap(garbage->rebuilt[index], rebuilt_[index].state);
  rebuilt_[index] = Rebuilt();
}

// When the newest commit is out of the window its state is all that is left to know.
void RecentCommits::keep_only_newest(Garbage* garbage) {
  if (bases_.back().version == newest_version_ && bases_.back().next.chunk == first_chunk_ + chunks_.size()) return;
  end_ = Position{first_chunk_ + chunks_.size(), 0};
  Base& last = bases_.back();
  garbage->take(last.state);
  last = Base{newest_version_, newest_state_, end_, changes_, 0, false};
  mark_.store(Editor::next_mark(), std::memory_order_relaxed);
}

bool RecentCommits::trim(Version window_start) {
  for (bool more = true, first = true; more; first = false) {
    Garbage garbage;
    std::lock_guard lock(mutex_);
    for (size_t i = 0; first && i < rebuilt_.size(); ++i) {
      if (!std::exchange(rebuilt_[i].asked_for, false)) forget(i, &garbage);
    }
    if (newest_version_ <= window_start) keep_only_newest(&garbage);
    more = drop_outdated(window_start, &garbage);
  }
  std::lock_guard lock(mutex_);
  const auto is_used = [](const Rebuilt& one) { return one.version != kInvalidVersion; };
  return bases_.size() > 1 || !chunks_.empty() || std::any_of(rebuilt_.begin(), rebuilt_.end(), is_used);
}

// ---- looking back ------------------------------------------------------------------------------------

// The newest known state at or before `version`.
bool RecentCommits::start_of(Version version, Rebuilt* start) {
  const auto after = std::upper_bound(bases_.begin(), bases_.end(), version,
                                      [](Version wanted, const Base& base) { return wanted < base.version; });
  if (after == bases_.begin()) return false;
  const Base& base = *std::prev(after);
  *start = Rebuilt{base.version, base.state, base.next, true};
  start->state.set_as_of(base.version);
  for (Rebuilt& known : rebuilt_) {
    if (known.version <= start->version || known.version > version) continue;
    known.asked_for = true;
    *start = known;
    start->state.set_as_of(known.version);
  }
  return true;
}

// Where the records from `from` on are that a state at `version` may need.
std::vector<RecentCommits::Stretch> RecentCommits::records_between(Position from, Version version) const {
  const auto after = std::upper_bound(bases_.begin(), bases_.end(), version,
                                      [](Version wanted, const Base& base) { return wanted < base.version; });
  const Position stop = after == bases_.end() ? end_ : after->next;
  std::vector<Stretch> stretches;
  for (uint64_t chunk = from.chunk; chunk <= stop.chunk && chunk - first_chunk_ < chunks_.size(); ++chunk) {
    const Ref<Chunk>& held = chunks_[chunk - first_chunk_];
    stretches.push_back(Stretch{held, chunk, chunk == from.chunk ? from.offset : 0, held->used});
  }
  return stretches;
}

bool RecentCommits::state_at(Version version, Snapshot* state) {
  const store::LeafUse leaf_use;
  Rebuilt place;
  std::vector<Stretch> stretches;
  {
    std::lock_guard lock(mutex_);
    if (version >= newest_version_) {
      *state = newest_state_;
      state->set_as_of(version);
      return true;
    }
    if (!start_of(version, &place)) return false;
    stretches = records_between(place.next, version);
  }
  Editor editor(place.state);
  const int64_t replayed = replay(stretches, version, &editor, &place);
  if (replayed > 0) {
    place.state = editor.finish();
    replayed_.fetch_add(replayed, std::memory_order_relaxed);
    remember(place);
  }
  *state = std::move(place.state);
  state->set_as_of(version);
  return true;
}

// Applies the records up to `version` and moves `place` behind them; returns how many changes these were.
int64_t RecentCommits::replay(const std::vector<Stretch>& stretches, Version version, Editor* editor, Rebuilt* place) {
  int64_t changes = 0;
  for (const Stretch& stretch : stretches) {
    const Chunk& chunk = *stretch.chunk;
    for (Slice rest(chunk.bytes + stretch.from, stretch.to - stretch.from); !rest.empty();) {
      const Version recorded = chunk.before + static_cast<Version>(commit_record::take_number(&rest));
      if (recorded > version) return changes;
      const size_t size = commit_record::take_number(&rest);
      changes += std::max<int64_t>(1, commit_record::apply(rest.substr(0, size), editor));
      rest.remove_prefix(size);
      place->version = recorded;
      place->next = Position{stretch.number, static_cast<uint32_t>(rest.data() - chunk.bytes)};
    }
  }
  return changes;
}

void RecentCommits::remember(Rebuilt& rebuilt) {
  Snapshot dropped;  // after the lock
  std::lock_guard lock(mutex_);
  if (rebuilt.version < bases_.front().version) return;
  Rebuilt& slot = rebuilt_[next_rebuilt_++ % rebuilt_.size()];
  std::swap(dropped, slot.state);
  slot = rebuilt;
  slot.asked_for = true;
}

void RecentCommits::restate(const Snapshot& same) noexcept {
  Snapshot dropped[] = {same, same};  // after the lock
  std::lock_guard lock(mutex_);
  std::swap(newest_state_, dropped[0]);
  if (bases_.back().version == newest_version_) std::swap(bases_.back().state, dropped[1]);
}

Version RecentCommits::oldest_version() const {
  std::lock_guard lock(mutex_);
  return bases_.front().version;
}

size_t RecentCommits::bases() const {
  std::lock_guard lock(mutex_);
  return bases_.size();
}

int64_t RecentCommits::record_bytes() const {
  std::lock_guard lock(mutex_);
  return record_bytes_;
}

}  // namespace fdb
