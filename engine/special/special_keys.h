// The special key space, \xff\xff .. \xff\xff\xff (txn/special_key_space.h says what it is asked), and what was written to it.
//
// Thread-safety: none; used under the transaction's lock, which the transaction holds.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/common.h"
#include "txn/special_key_space.h"

namespace fdb {

// What one attempt has written to special keys: for every key unwritten, set or cleared.
class SpecialWriteMap {
 public:
  struct Piece {
    Bytes begin;
    Bytes end;
    std::optional<Bytes> value;  // nullopt: cleared

    // Whether this is [key, key\0) and not a longer range.
    bool is_point() const { return end == key_after(begin); }
    bool covers(Slice key) const { return key >= begin && key < end; }
  };

  bool empty() const { return states_.empty(); }
  void put(Slice begin, Slice end, std::optional<Bytes> value);
  void set(Slice key, Slice value) { put(key, key_after(key), Bytes(value)); }
  // Forgets what was written.
  void forget(Slice begin, Slice end);
  // The written parts of [begin, end), ascending.
  std::vector<Piece> pieces(Slice begin, Slice end) const;

 private:
  struct State {
    bool written = false;
    std::optional<Bytes> value;
  };
  std::map<Bytes, State, std::less<>>::iterator split(Slice key);

  std::map<Bytes, State, std::less<>> states_;  // from each key to the next one; unwritten before the first
};

// What an attempt keeps for this key space.
struct SpecialWrites : SpecialAttempt {
  SpecialWriteMap values;
  Bytes error_message;  // JSON text behind \xff\xff/error_message, empty if none
  bool traced = false;  // whether the two below were chosen
  Bytes trace_id;       // 32 hex digits
  uint64_t trace_token = 0;
};

// The special key space of this library, for whoever makes transactions. Never destroyed.
const SpecialKeySpace& special_key_space();

}  // namespace fdb
