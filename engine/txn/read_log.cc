#include "txn/read_log.h"

#include <algorithm>
#include <climits>

namespace fdb {

namespace {

constexpr size_t kSettleAt = 4096;

uint32_t pages_of(size_t bytes) {
  const size_t pages = (bytes + ReadLog::kPage - 1) / ReadLog::kPage;
  return pages == 0 ? 1 : static_cast<uint32_t>(pages);
}

}  // namespace

void ReadLog::add(Slice begin, Slice end, size_t bytes) {
  if (begin >= end) return;
  pending_.push_back({{arena_.copy(begin), arena_.copy(end)}, pages_of(bytes)});
  has_ranges_ = true;
  if (pending_.size() >= kSettleAt) settle();
}

PointReads::Point& ReadLog::add_point(Slice key, size_t bytes) {
  if (has_ranges_ && pending_.size() == pending_.capacity()) pending_.reserve(2 * pending_.size() + 8);
  bool is_new;
  PointReads::Point& point = points_.add(key, &is_new);
  if (!is_new) return point;
  if (has_ranges_) {
    pending_.push_back({point.range(), pages_of(bytes)});
  } else {
    pages_ += pages_of(bytes);
    ++to_learn_;
  }
  return point;
}

// Makes [begin, end) known, which it was not entirely. Throws before it changes anything.
void ReadLog::learn(Slice begin, Slice end) {
  auto first = known_.upper_bound(begin);
  if (first != known_.begin() && std::prev(first)->second >= begin) --first;
  auto last = first;
  for (; last != known_.end() && last->first <= end; ++last) end = std::max<Slice>(end, last->second);
  if (first == last) {
    known_.emplace(begin, end);
    return;
  }
  Bytes low(std::min<Slice>(begin, first->first));
  Bytes high(end);
  auto kept = known_.extract(first++);
  known_.erase(first, last);
  kept.key() = std::move(low);
  kept.mapped() = std::move(high);
  known_.insert(std::move(kept));
}

void ReadLog::settle() {
  for (int steps = INT_MAX; !settle(&steps); steps = INT_MAX) continue;
}

bool ReadLog::settle(int* steps) {
  for (; to_learn_ > 0 && *steps > 0; --to_learn_, --*steps) {
    const PointReads::Point* const point = last_learned_ ? last_learned_->next : points_.first();
    const KeyRange range = point->range();
    if (!is_known(range.begin, range.end)) learn(range.begin, range.end);
    last_learned_ = point;
  }
  if (to_learn_ > 0) return false;
  for (; settled_ < pending_.size() && *steps > 0; ++settled_, --*steps) {
    const Read& read = pending_[settled_];
    if (is_known(read.range.begin, read.range.end)) continue;
    learn(read.range.begin, read.range.end);
    pages_ += read.pages;
  }
  if (settled_ < pending_.size()) return false;
  pending_.clear();
  settled_ = 0;
  arena_.clear();
  return true;
}

bool ReadLog::is_known(Slice begin, Slice end) const {
  const auto after = known_.upper_bound(begin);
  return after != known_.begin() && std::prev(after)->second >= end;
}

void ReadLog::charge(size_t bytes) { pages_ += pages_of(bytes); }

bool ReadLog::covers(Slice begin, Slice end) {
  if (begin >= end) return true;
  if (is_key_after(end, begin)) return covers_point(begin);
  settle();
  return is_known(begin, end);
}

bool ReadLog::covers_point(Slice key) {
  if (points_.contains(key)) return true;
  if (!has_ranges_) return false;
  settle();
  return is_known(key, key_after(key));
}

int64_t ReadLog::cost() {
  if (has_ranges_) settle();
  return pages_ * kPage;
}

const std::map<Bytes, Bytes, std::less<>>& ReadLog::known() {
  settle();
  return known_;
}

void ReadLog::clear() noexcept {
  points_.clear();
  last_learned_ = nullptr;
  to_learn_ = settled_ = 0;
  has_ranges_ = false;
  pending_.clear();
  arena_.clear();
  known_.clear();
  pages_ = 0;
}

}  // namespace fdb
