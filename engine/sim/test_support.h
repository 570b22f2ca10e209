// Checks for the engine's own tests. A failed check prints its place and ends the program with status 1.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <random>

namespace fdb::test {

// Values that can be printed are; others show as "?".
template <class T>
void show(const char* label, const T& value) {
  std::cerr << "  " << label << ": ";
  if constexpr (requires { std::cerr << value; }) {
    std::cerr << value;
  } else {
    std::cerr << '?';
  }
  std::cerr << '\n';
}

[[noreturn]] inline void fail(const char* file, int line, const char* what) {
  std::cerr << file << ':' << line << ": check failed: " << what << '\n';
  std::exit(1);
}

// A function, so that temporaries in the arguments live long enough.
template <class Actual, class Expected>
void check_equal(const Actual& actual, const Expected& expected, const char* file, int line, const char* what) {
  if (actual == expected) return;
  show("actual", actual);
  show("expected", expected);
  fail(file, line, what);
}

// How much less of what one thread does is enough under ThreadSanitizer, which finds nothing in it and takes that much longer.
#if defined(__SANITIZE_THREAD__)
inline constexpr int kReduction = 10;
#else
inline constexpr int kReduction = 1;
#endif

// The seed of a randomized test: the environment's FDB_TEST_SEED, else a fresh one; always printed.
inline uint64_t seed() {
  const char* wanted = std::getenv("FDB_TEST_SEED");
  const uint64_t chosen = wanted ? std::strtoull(wanted, nullptr, 10) : std::random_device{}();
  std::printf("FDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(chosen));
  std::fflush(stdout);
  return chosen;
}

}  // namespace fdb::test

#define CHECK(condition)                                                 \
  do {                                                                   \
    if (!(condition)) ::fdb::test::fail(__FILE__, __LINE__, #condition); \
  } while (0)

#define CHECK_EQ(actual, expected) ::fdb::test::check_equal((actual), (expected), __FILE__, __LINE__, #actual " == " #expected)
