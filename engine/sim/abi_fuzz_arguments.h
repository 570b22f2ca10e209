// Arguments for random calls of the C API (abi_fuzz_test.cc).
#pragma once

#include <climits>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>

#include "base/common.h"

namespace fdb::test {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int below(int limit) { return static_cast<int>(engine_() % static_cast<uint64_t>(limit)); }
  bool one_in(int count) { return below(count) == 0; }
  uint64_t word() { return engine_(); }
  template <class T, size_t count>
  const T& of(const T (&choices)[count]) {
    return choices[below(count)];
  }

 private:
  std::mt19937_64 engine_;
};

inline Bytes random_bytes(Random& random, int length) {
  Bytes bytes;
  for (int i = 0; i < length; ++i) bytes.push_back(static_cast<char>(random.word()));
  return bytes;
}

// Few enough keys that calls meet each other, and all the places that are treated apart.
inline Bytes random_key(Random& random) {
  static const Bytes special[] = {
      "",
      "\xff",
      "\xff\xff",
      "\xff\xff\xff",
      "\xff/metadataVersion",
      "\xff/keyServers/a",
      "\xff/conf/x",
      "\xff\xff/transaction/conflicting_keys/",
      "\xff\xff/transaction/read_conflict_range/a",
      "\xff\xff/transaction/write_conflict_range/",
      "\xff\xff/status/json",
      "\xff\xff/cluster_file_path",
      "\xff\xff/connection_string",
      "\xff\xff/worker_interfaces/",
      "\xff\xff/management/tenant/map/t1",
      "\xff\xff/management/tenant/map/t2",
      "\xff\xff/management/options/excluded/force",
      "\xff\xff/error_message",
      "\xff\xff/configuration/",
      "\xff\xff/global_config/",
      "\xff\xff/tracing/",
      "\xff\xff/metrics/health/",
      "\xff\xff/management/db_locked",
  };
  switch (random.below(48)) {
    case 0: return Bytes(static_cast<size_t>(9'990 + random.below(40)), 'L');
    case 1: return random_bytes(random, random.below(20));
    case 2:
    case 3:
    case 4: return random.of(special);
    case 5: return random.of(special) + "\xff";
    default: {
      Bytes key(1, static_cast<char>('a' + random.below(12)));
      if (random.one_in(3)) key.push_back(static_cast<char>(random.below(4)));
      return key;
    }
  }
}

inline Bytes random_value(Random& random) {
  switch (random.below(60)) {
    case 0: return Bytes(static_cast<size_t>(99'990 + random.below(20)), 'v');
    case 1: return Bytes(static_cast<size_t>(random.below(5000)), 'w');
    default: return random_bytes(random, random.below(24));
  }
}

inline int random_int(Random& random) {
  static const int special[] = {INT_MIN, INT_MIN + 1, -100, -2, -1, 0, 1, 2, 3, 100, 80'000, INT_MAX - 1, INT_MAX};
  return random.one_in(8) ? random.of(special) : random.below(20);
}

inline int64_t random_int64(Random& random) {
  static const int64_t special[] = {INT64_MIN, -2, -1, 0, 1, 5, 100, 10'000'000, INT64_MAX};
  return random.one_in(2) ? random.of(special) : static_cast<int64_t>(random.word() >> random.below(64));
}

// A versionstamp operand is only valid with an offset at its end.
inline Bytes random_operand(Random& random) {
  Bytes operand = random_bytes(random, random.below(24));
  if (random.one_in(2)) operand += Bytes(1, static_cast<char>(random.below(16))) + Bytes(3, '\0');
  return operand;
}

// A tuple of byte strings, which is what a mapper is.
inline Bytes packed(std::initializer_list<const char*> elements) {
  Bytes tuple;
  for (const char* element : elements) {
    tuple += '\x01';
    tuple += element;
    tuple += '\0';
  }
  return tuple;
}

inline Bytes random_mapper(Random& random) {
  static const Bytes mappers[] = {
      packed({"a", "{K[0]}"}), packed({"{V[0]}", "{...}"}), packed({"{K[9]}"}), packed({"{K[x]}"}), packed({"b", "{...}"}), "",
  };
  return random.one_in(5) ? random_bytes(random, random.below(12)) : random.of(mappers);
}

inline const uint8_t* data(const Bytes& bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

inline int size(const Bytes& bytes) { return static_cast<int>(bytes.size()); }

// One option and a value for it. The value is often of the wrong shape.
struct OptionArgument {
  int code;
  Bytes bytes;
  bool present;
  const uint8_t* value() const { return present ? data(bytes) : nullptr; }
};

inline OptionArgument random_option(Random& random, fdb::Slice scope) {
  struct Known {
    fdb::Slice scope;
    int code;
  };
  static const Known known[] = {
#define FDB_OPTION(scope, name, code, type, persistent, default_for, hidden) {#scope, code},
#include "runtime/generated_options.inc"
#undef FDB_OPTION
  };
  OptionArgument argument{random_int(random), {}, !random.one_in(3)};
  for (int tries = 0; tries < 20; ++tries) {
    const Known& option = random.of(known);
    if (option.scope == scope) argument.code = option.code;
  }
  if (random.one_in(2)) {
    const auto number = static_cast<uint64_t>(random_int64(random));
    for (int shift = 0; shift < 64; shift += 8) argument.bytes.push_back(static_cast<char>(number >> shift));
  } else if (random.one_in(2)) {
    argument.bytes = random_bytes(random, random.below(300));
  }
  return argument;
}

}  // namespace fdb::test
