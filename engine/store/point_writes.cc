#include "store/point_writes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>

#include "base/compare.h"

namespace fdb {

namespace {

constexpr Version kNever = std::numeric_limits<Version>::min();
constexpr size_t kBlock = 32;  // entries, or blocks, that have one maximum

// The eight bytes from `at` on, so that they compare as numbers; zeros behind the end.
uint64_t head_of(Slice key, size_t at) {
  if (key.size() >= at + sizeof(uint64_t)) return load_ordered64(key.data() + at);
  char bytes[sizeof(uint64_t)] = {};
  if (key.size() > at) std::memcpy(bytes, key.data() + at, key.size() - at);
  return load_ordered64(bytes);
}

// How many maxima there are in all above so many entries.
size_t maxima_above(size_t entries) {
  size_t sum = 0;
  while (entries > kBlock) sum += entries = (entries + kBlock - 1) / kBlock;
  return sum;
}

bool has_newer(const uint32_t* ages, size_t from, size_t to, uint32_t since) {
  for (; from < to; ++from) {
    if (ages[from] > since) return true;
  }
  return false;
}

}  // namespace

// A key and what it compares by: its bytes behind what all keys around share, the first eight of them as a number.
struct PointWrites::Entry {
  uint64_t head;
  Slice key;
  uint32_t order;  // grows with time

  bool is_before(const Entry& other) const {
    if (head != other.head) return head < other.head;
    const int difference = compare(key, other.key);
    return difference != 0 ? difference < 0 : order < other.order;
  }
};

// Sorted keys, each with the newest version it was written at. Versions are counted from `oldest` on, so that they fit.
// Layout: Run | age[count] | maxima | end[count] | key bytes.
struct PointWrites::Run {
  Version oldest;
  Version newest;
  uint32_t capacity;
  uint32_t count;
  uint32_t bytes_used;
  uint32_t bytes_capacity;
  int level;

  uint32_t* ages() { return reinterpret_cast<uint32_t*>(this + 1); }
  uint32_t* maxima() { return ages() + capacity; }
  uint32_t* ends() { return maxima() + maxima_above(capacity); }
  char* bytes() { return reinterpret_cast<char*>(ends() + capacity); }
  Slice key(size_t index) {
    const uint32_t begin = index == 0 ? 0 : ends()[index - 1];
    return Slice(bytes() + begin, ends()[index] - begin);
  }
  size_t size() { return static_cast<size_t>(bytes() + bytes_capacity - reinterpret_cast<char*>(this)); }

  void append(Slice key, Version version) {
    if (!key.empty()) std::memcpy(bytes() + bytes_used, key.data(), key.size());
    bytes_used += static_cast<uint32_t>(key.size());
    ends()[count] = bytes_used;
    ages()[count] = static_cast<uint32_t>(version - oldest);
    newest = std::max(newest, version);
    ++count;
  }
  size_t lower_bound(Slice wanted) {
    size_t low = 0;
    for (size_t high = count; low < high;) {
      const size_t middle = (low + high) / 2;
      key(middle) < wanted ? low = middle + 1 : high = middle;
    }
    return low;
  }
  bool conflicts(Slice begin, Slice end, Version since) {
    size_t from = lower_bound(begin);
    if (from == count || key(from) >= end) return false;
    if (since < oldest) return true;
    size_t to = from + 1 == count || key(from + 1) >= end ? from + 1 : lower_bound(end);
    const auto age = static_cast<uint32_t>(std::min<Version>(since - oldest, std::numeric_limits<uint32_t>::max()));
    const uint32_t* values = ages();
    const uint32_t* above = maxima();
    // From level to level: what is beside whole blocks here, the blocks above.
    for (size_t length = count; to - from > 2 * kBlock; above += length) {
      const size_t first = (from + kBlock - 1) / kBlock, last = to / kBlock;
      if (has_newer(values, from, first * kBlock, age) || has_newer(values, last * kBlock, to, age)) return true;
      from = first;
      to = last;
      values = above;
      length = (length + kBlock - 1) / kBlock;
    }
    return has_newer(values, from, to, age);
  }
};

void PointWrites::FreeRun::operator()(Run* run) const noexcept { ::operator delete(run); }

PointWrites::PointWrites() : newest_(kNever), forgotten_(kNever) {}
PointWrites::~PointWrites() = default;

// ---- asking ------------------------------------------------------------------------------------------

bool PointWrites::is_newer_than(Slice begin, Slice end, Version since) const {
  if (begin >= end) return false;
  for (auto written = tail_.rbegin(); written != tail_.rend() && written->version > since; ++written) {
    const Slice key = key_of(*written);
    if (key >= begin && key < end) return true;
  }
  for (auto run = runs_.rbegin(); run != runs_.rend() && (*run)->newest > since; ++run) {
    if ((*run)->conflicts(begin, end, since)) return true;
  }
  return false;
}

size_t PointWrites::size() const {
  size_t sum = tail_.size();
  for (const OwnedRun& run : runs_) sum += run->count;
  return sum;
}

size_t PointWrites::memory() const {
  size_t sum = tail_.capacity() * sizeof(Written) + tail_bytes_.capacity();
  for (const OwnedRun& run : runs_) sum += run->size();
  return sum;
}

// ---- adding ------------------------------------------------------------------------------------------

void PointWrites::add(Slice key, Version version) {
  if (tail_.size() == kTail || tail_bytes_.size() + key.size() > kMostTailBytes ||
      (!tail_.empty() && version - tail_.front().version > std::numeric_limits<uint32_t>::max())) {
    seal_tail();
  }
  tail_.reserve(kTail);
  const auto offset = static_cast<uint32_t>(tail_bytes_.size());
  tail_bytes_.insert(tail_bytes_.end(), key.begin(), key.end());
  tail_.push_back(Written{version, offset, static_cast<uint32_t>(key.size())});
  newest_ = version;
}

// Makes a run of the tail.
void PointWrites::seal_tail() {
  if (tail_.empty()) return;
  OwnedRun run = make_run(tail_.size(), tail_bytes_.size(), 0, tail_.front().version);
  if (runs_.size() == runs_.capacity()) runs_.reserve(2 * runs_.size() + kFanOut);
  // Nothing fails from here on.
  const Slice first = key_of(tail_.front());
  size_t shared = first.size();
  for (const Written& written : tail_) {
    const Slice key = key_of(written);
    const bool shares_all = key.size() >= shared && equal_bytes(first.data(), key.data(), shared);
    if (!shares_all) shared = shared_prefix(first.substr(0, shared), key);
  }
  std::array<Entry, kTail> sorted;
  const size_t count = tail_.size();
  for (size_t i = 0; i < count; ++i) {
    const Slice key = key_of(tail_[i]);
    sorted[i] = Entry{head_of(key, shared), key, static_cast<uint32_t>(i)};
  }
  std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count),
            [](const Entry& a, const Entry& b) { return a.is_before(b); });
  for (size_t i = 0; i < count; ++i) {
    if (i + 1 < count && equal(sorted[i + 1].key, sorted[i].key)) continue;  // the newest one counts
    run->append(sorted[i].key, tail_[sorted[i].order].version);
  }
  finish(run.get());
  runs_.push_back(std::move(run));
  tail_.clear();
  tail_bytes_.clear();
  merge_runs();
}

PointWrites::OwnedRun PointWrites::make_run(size_t entries, size_t bytes, int level, Version oldest) {
  const size_t numbers = 2 * entries + maxima_above(entries);
  void* place = ::operator new(sizeof(Run) + numbers * sizeof(uint32_t) + bytes);
  return OwnedRun(new (place) Run{oldest, kNever, static_cast<uint32_t>(entries), 0, 0, static_cast<uint32_t>(bytes), level});
}

void PointWrites::finish(Run* run) noexcept {
  const uint32_t* below = run->ages();
  uint32_t* above = run->maxima();
  for (size_t length = run->count; length > kBlock;) {
    const size_t blocks = (length + kBlock - 1) / kBlock;
    for (size_t i = 0; i < blocks; ++i) {
      above[i] = *std::max_element(below + i * kBlock, below + std::min(length, (i + 1) * kBlock));
    }
    below = above;
    above += blocks;
    length = blocks;
  }
}

// ---- merging -----------------------------------------------------------------------------------------

void PointWrites::merge_runs() noexcept {
  while (runs_.size() >= kFanOut) {
    const size_t first = runs_.size() - kFanOut;
    const int level = runs_.back()->level;
    if (level == kLevels || runs_[first]->level != level) return;
    OwnedRun run;
    try {
      run = merged(first);
    } catch (const std::bad_alloc&) {
    }
    if (!run) return;
    runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(first), runs_.end());
    if (run->count > 0) runs_.push_back(std::move(run));  // there is room
  }
}

// The entries of one run, in order.
class PointWrites::Source {
 public:
  void start(Run* run, size_t shared, uint32_t order) {
    run_ = run;
    shared_ = shared;
    entry_.order = order;
    look();
  }
  bool is_done() const { return index_ == run_->count; }
  const Entry& entry() const { return entry_; }
  Version version() const { return run_->oldest + run_->ages()[index_]; }
  void next() {
    ++index_;
    look();
  }

 private:
  void look() {
    if (is_done()) return;
    entry_.key = run_->key(index_);
    entry_.head = head_of(entry_.key, shared_);
  }

  Run* run_ = nullptr;
  size_t shared_ = 0;
  size_t index_ = 0;
  Entry entry_{};
};

// One run for those from `first` on, without what is forgotten; null if it would be too large.
PointWrites::OwnedRun PointWrites::merged(size_t first) const {
  size_t entries = 0, bytes = 0;
  const Slice sample = runs_[first]->key(0);
  size_t shared = sample.size();
  for (size_t i = first; i < runs_.size(); ++i) {
    Run& run = *runs_[i];
    entries += run.count;
    bytes += run.bytes_used;
    shared = shared_prefix(sample.substr(0, shared), run.key(0));
    shared = shared_prefix(sample.substr(0, shared), run.key(run.count - 1));
  }
  const Version oldest = runs_[first]->oldest;
  const bool fits = bytes <= kMostMergedBytes && newest_ - oldest <= std::numeric_limits<uint32_t>::max();
  if (!fits) return nullptr;
  OwnedRun result = make_run(entries, bytes, runs_[first]->level + 1, oldest);
  std::array<Source, kFanOut> sources;
  for (uint32_t i = 0; i < kFanOut; ++i) sources[i].start(runs_[first + i].get(), shared, i);
  for (size_t left = kFanOut; left > 0;) {
    Source* least = &sources[0];
    for (size_t i = 1; i < left; ++i) {
      if (sources[i].entry().is_before(least->entry())) least = &sources[i];
    }
    const Slice key = least->entry().key;
    const Version version = least->version();
    if (result->count > 0 && equal(result->key(result->count - 1), key)) {
      // Of the same key in several runs the newest comes last.
      result->ages()[result->count - 1] = static_cast<uint32_t>(version - oldest);
      result->newest = std::max(result->newest, version);
    } else if (version > forgotten_) {
      result->append(key, version);
    }
    least->next();
    if (least->is_done()) *least = sources[--left];
  }
  finish(result.get());
  return result;
}

// ---- forgetting --------------------------------------------------------------------------------------

void PointWrites::forget(Version version) noexcept {
  forgotten_ = version;
  if (newest_ <= version) {
    tail_.clear();
    tail_bytes_.clear();
  }
  if (!runs_.empty() && runs_.front()->newest <= version) runs_.erase(runs_.begin());
}

}  // namespace fdb
