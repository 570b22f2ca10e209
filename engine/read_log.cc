#include "read_log.h"

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
  if (pending_.size() >= kSettleAt) settle();
}

void ReadLog::add_point(Slice key, size_t bytes) {
  const Slice after = arena_.copy_after(key);
  pending_.push_back({{after.substr(0, key.size()), after}, pages_of(bytes)});
  if (pending_.size() >= kSettleAt) settle();
}

void ReadLog::settle() {
  for (const Read& read : pending_) {
    auto at = known_.upper_bound(read.range.begin);
    if (at != known_.begin() && std::prev(at)->second >= read.range.begin) --at;
    if (at != known_.end() && at->first <= read.range.begin && at->second >= read.range.end) continue;
    pages_ += read.pages;
    Bytes begin(read.range.begin);
    Bytes end(read.range.end);
    while (at != known_.end() && at->first <= end) {
      begin = std::min(begin, at->first);
      end = std::max(end, at->second);
      at = known_.erase(at);
    }
    known_.emplace(std::move(begin), std::move(end));
  }
  pending_.clear();
  arena_.clear();
}

void ReadLog::charge(size_t bytes) { pages_ += pages_of(bytes); }

bool ReadLog::covers(Slice begin, Slice end) {
  if (begin >= end) return true;
  settle();
  const auto after = known_.upper_bound(begin);
  return after != known_.begin() && std::prev(after)->second >= end;
}

int64_t ReadLog::cost() {
  settle();
  return pages_ * kPage;
}

const std::map<Bytes, Bytes, std::less<>>& ReadLog::known() {
  settle();
  return known_;
}

void ReadLog::clear() {
  pending_.clear();
  arena_.clear();
  known_.clear();
  pages_ = 0;
}

}  // namespace fdb
