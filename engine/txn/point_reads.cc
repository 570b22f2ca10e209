#include "txn/point_reads.h"

#include <algorithm>
#include <cstring>

#include "base/compare.h"
#include "base/env.h"

namespace fdb {

namespace {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15ULL;

// Both halves of the product, so that every bit of the state has a say in every bit of the result.
uint64_t mix(uint64_t state) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(state) * kMultiplier;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

// Not from Env, whose randomness a simulation repeats: from when and where this was loaded.
const uint64_t PointReads::seed_ = mix(static_cast<uint64_t>(Env::system_micros()) ^ reinterpret_cast<uintptr_t>(&seed_));

uint32_t PointReads::hash_of(Slice key) {
  uint64_t state = mix(seed_ ^ key.size());
  const char* at = key.data();
  size_t left = key.size();
  for (; left > 8; at += 8, left -= 8) state = mix(state ^ load_native<uint64_t>(at)) + seed_;
  uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);
  return static_cast<uint32_t>(mix(state ^ rest) >> 32);
}

PointReads::Point* const* PointReads::find(Slice key, uint32_t hash) const {
  Point* const* const table = table_ ? table_.get() : first_table_;
  for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
    const Point* point = table[at];
    if (point == nullptr || (point->hash == hash && point->key() == key)) return &table[at];
  }
}

PointReads::Point& PointReads::add(Slice key, bool* is_new) {
  const uint32_t hash = hash_of(key);
  Point* const* place = find(key, hash);
  *is_new = *place == nullptr;
  if (*place != nullptr) return **place;
  // Half of the slots stay free.
  if (2 * (size_ + 1) > mask_ + 1) {
    grow();
    place = find(key, hash);
  }
  auto* point =
      new (allocate(sizeof(Point) + key.size() + 1)) Point{nullptr, static_cast<uint32_t>(key.size()), hash, false, false};
  char* bytes = reinterpret_cast<char*>(point + 1);
  if (!key.empty()) std::memcpy(bytes, key.data(), key.size());
  bytes[key.size()] = '\0';
  *const_cast<Point**>(place) = point;
  *last_ = point;
  last_ = &point->next;
  ++size_;
  return *point;
}

void PointReads::grow() {
  const size_t slots = 4 * (mask_ + 1);
  auto table = std::make_unique<Point*[]>(slots);
  for (Point* point = first_; point != nullptr; point = point->next) {
    size_t at = point->hash & (slots - 1);
    while (table[at] != nullptr) at = (at + 1) & (slots - 1);
    table[at] = point;
  }
  table_ = std::move(table);
  mask_ = slots - 1;
}

void* PointReads::allocate(size_t size) {
  size = (size + alignof(Point) - 1) / alignof(Point) * alignof(Point);
  if (size > kRoom - room_used_) return arena_.allocate(size);  // aligned, since each of these is
  void* const place = room_ + room_used_;
  room_used_ += size;
  return place;
}

void PointReads::collect(RangeSet* set) {
  for (; *uncollected_ != nullptr; uncollected_ = &(*uncollected_)->next) {
    Point& point = **uncollected_;
    if (point.depends) set->add_kept(point.range());
    point.is_collected = true;
  }
}

void PointReads::clear() noexcept {
  if (size_ == 0) return;
  if (table_) {
    table_.reset();
    mask_ = kFirstSlots - 1;
  }
  std::fill(first_table_, first_table_ + kFirstSlots, nullptr);
  first_ = nullptr;
  last_ = uncollected_ = &first_;
  size_ = room_used_ = 0;
  arena_.clear();
}

}  // namespace fdb
