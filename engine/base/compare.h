// Comparing byte strings that mostly are short: in line, eight bytes at a time, instead of a call of the C library.
//
// Thread-safety: functions on values.
#pragma once

#include <bit>
#include <cstring>

#include "base/common.h"

namespace fdb {

template <class Word>
Word load_native(const char* place) {
  Word word;
  std::memcpy(&word, place, sizeof word);
  return word;
}

// The bytes at `place` as a number whose order is theirs.
inline uint64_t load_ordered64(const char* place) {
  const auto word = load_native<uint64_t>(place);
  return std::endian::native == std::endian::big ? word : __builtin_bswap64(word);
}

inline uint32_t load_ordered32(const char* place) {
  const auto word = load_native<uint32_t>(place);
  return std::endian::native == std::endian::big ? word : __builtin_bswap32(word);
}

// Below, equal to or above 0, as memcmp. The last words overlap what was found equal before, which changes no order.
inline int compare_bytes(const char* a, const char* b, size_t size) {
  constexpr size_t kLong = 64;  // from here on the call pays
  const auto order = [](uint64_t x, uint64_t y) { return x == y ? 0 : x < y ? -1 : 1; };
  if (size >= 8) {
    if (size >= kLong) return std::memcmp(a, b, size);
    for (size_t at = 0; at + 8 < size; at += 8) {
      const uint64_t x = load_ordered64(a + at);
      const uint64_t y = load_ordered64(b + at);
      if (x != y) return x < y ? -1 : 1;
    }
    return order(load_ordered64(a + size - 8), load_ordered64(b + size - 8));
  }
  if (size >= 4) {
    const auto both = [size](const char* place) {
      return uint64_t{load_ordered32(place)} << 32 | load_ordered32(place + size - 4);
    };
    return order(both(a), both(b));
  }
  if (size == 0) return 0;
  const auto three = [size](const char* place) {
    const auto byte = [place](size_t at) { return uint64_t{static_cast<unsigned char>(place[at])}; };
    return byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1);
  };
  return order(three(a), three(b));
}

// As Slice::compare.
inline int compare(Slice a, Slice b) {
  const int order = compare_bytes(a.data(), b.data(), a.size() < b.size() ? a.size() : b.size());
  if (order != 0) return order;
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

// Whether the first `size` bytes are equal.
inline bool equal_bytes(const char* a, const char* b, size_t size) {
  if (size >= 8) {
    for (size_t at = 0; at + 8 < size; at += 8) {
      if (load_native<uint64_t>(a + at) != load_native<uint64_t>(b + at)) return false;
    }
    return load_native<uint64_t>(a + size - 8) == load_native<uint64_t>(b + size - 8);
  }
  if (size >= 4) {
    return load_native<uint32_t>(a) == load_native<uint32_t>(b) &&
           load_native<uint32_t>(a + size - 4) == load_native<uint32_t>(b + size - 4);
  }
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

// How many bytes both begin with.
inline size_t shared_prefix(Slice a, Slice b) {
  const size_t limit = a.size() < b.size() ? a.size() : b.size();
  size_t shared = 0;
  while (shared < limit && a[shared] == b[shared]) ++shared;
  return shared;
}

inline bool equal(Slice a, Slice b) { return a.size() == b.size() && equal_bytes(a.data(), b.data(), a.size()); }

}  // namespace fdb
