// The sequential model that simulated histories are compared with: what a read must return in a given state, what a
// write does to a state, and which keys a read depends on. Written from the specification, apart from the engine's code.
//
// Thread-safety: none.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/common.h"
#include "base/fdb_headers.h"

namespace fdb::sim {

using State = std::map<Bytes, Bytes>;
using Value = std::optional<Bytes>;

constexpr int kSet = 0;
constexpr int kClear = 1;           // [key, value)
constexpr int kWriteConflict = -1;  // [key, value), changes nothing

struct Range {
  Bytes begin;
  Bytes end;

  bool meets(const Range& other) const { return std::max(begin, other.begin) < std::min(end, other.end); }
  bool holds(const Bytes& key) const { return begin <= key && key < end; }
};

struct Write {
  int operation;  // one of the above or an FDBMutationType
  Bytes key;
  Bytes value;

  bool is_range() const { return operation == kClear || operation == kWriteConflict; }
  bool is_stamped_key() const { return operation == FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_KEY; }
  bool is_stamped_value() const { return operation == FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE; }
};

struct Selector {
  Bytes key;
  bool or_equal = false;
  int offset = 1;

  Bytes plain_key() const { return or_equal ? key_after(key) : key; }
};

// Replaces the placeholder of a versionstamp operand and drops its offset.
inline Bytes stamped(const Bytes& operand, const Bytes& stamp) {
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(operand[operand.size() - 4 + i])); };
  Bytes filled = operand.substr(0, operand.size() - 4);
  return filled.replace(byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24, stamp.size(), stamp);
}

// ---- atomic operations (API version 510 and above) --------------------------

inline Bytes fit(const Bytes& value, size_t size) {
  Bytes fitted = value.substr(0, size);
  fitted.resize(size, '\0');
  return fitted;
}

inline bool less_as_number(const Bytes& left, const Bytes& right) {  // little-endian, of one length
  return std::lexicographical_compare(left.rbegin(), left.rend(), right.rbegin(), right.rend(),
                                      [](char a, char b) { return static_cast<uint8_t>(a) < static_cast<uint8_t>(b); });
}

inline Bytes combine(int operation, const Bytes& left, const Bytes& right) {
  Bytes result = right;
  unsigned carry = 0;
  for (size_t i = 0; i < right.size(); ++i) {
    const unsigned a = static_cast<uint8_t>(left[i]);
    const unsigned b = static_cast<uint8_t>(right[i]);
    unsigned byte = a ^ b;
    if (operation == FDB_MUTATION_TYPE_ADD) {
      byte = a + b + carry;
      carry = byte >> 8;
    } else if (operation == FDB_MUTATION_TYPE_BIT_AND) {
      byte = a & b;
    } else if (operation == FDB_MUTATION_TYPE_BIT_OR) {
      byte = a | b;
    }
    result[i] = static_cast<char>(byte);
  }
  return result;
}

inline Value atomic(int operation, const Value& old, const Bytes& operand) {
  const bool and_or_min = operation == FDB_MUTATION_TYPE_BIT_AND || operation == FDB_MUTATION_TYPE_MIN;
  switch (operation) {
    case FDB_MUTATION_TYPE_BYTE_MIN: return old ? std::min(*old, operand) : operand;
    case FDB_MUTATION_TYPE_BYTE_MAX: return old ? std::max(*old, operand) : operand;
    case FDB_MUTATION_TYPE_COMPARE_AND_CLEAR: return old && *old != operand ? old : std::nullopt;
    case FDB_MUTATION_TYPE_APPEND_IF_FITS: return old.value_or("") + operand;  // simulated values are far from the limit
    default: break;
  }
  if (!old || (old->empty() && !and_or_min)) return operand;
  const Bytes existing = fit(*old, operand.size());
  if (operation == FDB_MUTATION_TYPE_MAX) return less_as_number(operand, existing) ? existing : operand;
  if (operation == FDB_MUTATION_TYPE_MIN) return less_as_number(existing, operand) ? existing : operand;
  return combine(operation, existing, operand);
}

// ---- writes ------------------------------------------------------------------------------------------

// Carries out one write. Without a stamp, as the transaction itself sees it, the versionstamped operations do nothing.
inline void apply(const Write& write, const Bytes* stamp, State* state) {
  if (write.operation == kWriteConflict) return;
  if (write.operation == kSet) {
    (*state)[write.key] = write.value;
  } else if (write.operation == kClear) {
    if (write.key < write.value) state->erase(state->lower_bound(write.key), state->lower_bound(write.value));
  } else if (write.is_stamped_key()) {
    if (stamp) (*state)[stamped(write.key, *stamp)] = write.value;
  } else if (write.is_stamped_value()) {
    if (stamp) (*state)[write.key] = stamped(write.value, *stamp);
  } else {
    const auto at = state->find(write.key);
    const Value result = atomic(write.operation, at == state->end() ? Value() : Value(at->second), write.value);
    if (result) {
      (*state)[write.key] = *result;
    } else if (at != state->end()) {
      state->erase(at);
    }
  }
}

inline Range conflict_range_of(const Write& write, const Bytes& stamp) {
  if (write.is_range()) return {write.key, write.value};
  const Bytes key = write.is_stamped_key() ? stamped(write.key, stamp) : write.key;
  return {key, key_after(key)};
}

// What the first `count` writes of a transaction mean for its own reads.
class OwnWrites {
 public:
  OwnWrites(const std::vector<Write>& writes, size_t count) {
    for (size_t i = 0; i < count; ++i) add(writes[i]);
  }

  bool unreadable(const Bytes& key) const { return unreadable_.count(key) != 0; }
  bool any_unreadable() const { return stamped_keys_ || !unreadable_.empty(); }
  bool has_unreadable_in(const Range& range) const {
    const auto at = unreadable_.lower_bound(range.begin);
    return at != unreadable_.end() && *at < range.end;
  }

  // The parts of `candidate` whose content still depends on the database.
  std::vector<Range> dependent_parts(const Range& candidate) const {
    std::vector<Range> parts{candidate};
    for (const Range& hole : cleared_) cut(hole, &parts);
    for (const auto& [key, independent] : keys_) {
      if (independent) cut({key, key_after(key)}, &parts);
    }
    return parts;
  }

 private:
  void add(const Write& write) {
    if (write.operation == kClear) {
      const Range range{write.key, write.value};
      if (range.begin >= range.end) return;
      cleared_.push_back(range);
      keys_.erase(keys_.lower_bound(range.begin), keys_.lower_bound(range.end));
      unreadable_.erase(unreadable_.lower_bound(range.begin), unreadable_.lower_bound(range.end));
    } else if (write.is_stamped_key()) {
      stamped_keys_ = true;
    } else if (write.operation != kWriteConflict) {
      add_to_key(write);
    }
  }

  void add_to_key(const Write& write) {
    const bool first = keys_.count(write.key) == 0;
    const bool blind = write.operation == kSet && !unreadable(write.key);
    if (first) keys_[write.key] = write.operation == kSet || write.is_stamped_value() || is_cleared(write.key);
    if (blind) keys_[write.key] = true;
    if (write.is_stamped_value()) unreadable_.insert(write.key);
  }

  bool is_cleared(const Bytes& key) const {
    return std::any_of(cleared_.begin(), cleared_.end(), [&](const Range& range) { return range.holds(key); });
  }

  static void cut(const Range& hole, std::vector<Range>* parts) {
    std::vector<Range> rest;
    for (const Range& part : *parts) {
      if (!part.meets(hole)) {
        rest.push_back(part);
        continue;
      }
      if (part.begin < hole.begin) rest.push_back({part.begin, hole.begin});
      if (hole.end < part.end) rest.push_back({hole.end, part.end});
    }
    parts->swap(rest);
  }

  std::vector<Range> cleared_;
  std::map<Bytes, bool> keys_;  // whether the key's record begins with something that needs no old value
  std::set<Bytes> unreadable_;
  bool stamped_keys_ = false;
};

// ---- reads -------------------------------------------------------------------------------------------

constexpr char kKeysEnd[] = "\xff";

// Where a selector leads.
struct Resolved {
  Bytes key;
  bool off_begin = false;
  bool off_end = false;
};

inline Resolved resolve(const State& state, const Selector& selector) {
  auto at = state.lower_bound(selector.plain_key());
  int steps = selector.offset - 1;
  for (; steps > 0; --steps, ++at) {
    if (at == state.end()) return {kKeysEnd, false, true};
  }
  for (; steps < 0; ++steps) {
    if (at == state.begin()) return {"", true, false};
    --at;
  }
  return at == state.end() ? Resolved{kKeysEnd, false, true} : Resolved{at->first};
}

using Rows = std::vector<std::pair<Bytes, Bytes>>;

inline Rows rows_between(const State& state, const Selector& begin, const Selector& end, bool reverse) {
  const Bytes low = resolve(state, begin).key;
  const Bytes high = resolve(state, end).key;
  if (low >= high) return {};
  Rows rows(state.lower_bound(low), state.lower_bound(high));
  if (reverse) std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace fdb::sim
