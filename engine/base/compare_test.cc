#include "base/compare.h"

#include <random>
#include <vector>

#include "sim/test_support.h"

namespace fdb {

namespace {

int sign(int order) { return order == 0 ? 0 : order < 0 ? -1 : 1; }

void check(Slice a, Slice b) {
  CHECK_EQ(sign(compare(a, b)), sign(a.compare(b)));
  CHECK_EQ(sign(compare(b, a)), sign(b.compare(a)));
  CHECK_EQ(equal(a, b), a == b);
}

// Every length up to beyond the one from which the C library compares, and a difference at every place, both ways round.
void test_every_place() {
  for (size_t size = 0; size <= 80; ++size) {
    const Bytes low(size, '\x7f');
    check(low, low);
    check(low, low + '\0');
    for (size_t at = 0; at < size; ++at) {
      Bytes high = low;
      high[at] = '\x80';  // above as a byte, below as a signed one
      check(low, high);
      // What comes behind the difference is the other way round.
      for (size_t behind = at + 1; behind < size; ++behind) high[behind] = '\0';
      check(low, high);
    }
  }
}

void test_words_are_ordered() {
  CHECK_EQ(load_ordered64("\x01\x02\x03\x04\x05\x06\x07\xff"), 0x01020304050607ffu);
  CHECK_EQ(load_ordered32("\xff\x02\x03\x04"), 0xff020304u);
}

void test_shared_prefix() {
  CHECK_EQ(shared_prefix("", "a"), size_t{0});
  CHECK_EQ(shared_prefix("ab", "abc"), size_t{2});
  CHECK_EQ(shared_prefix("abd", "abc"), size_t{2});
  CHECK_EQ(shared_prefix("abc", "abc"), size_t{3});
}

// Bytes of an alphabet so small that much is equal.
void test_random(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&random] {
    Bytes bytes(random() % 20, 'a');
    for (char& byte : bytes) byte = static_cast<char>("\0\x7f\x80\xff"[random() % 4]);
    return bytes;
  };
  for (int i = 0; i < 20000; ++i) check(draw(), draw());
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_every_place();
  fdb::test_words_are_ordered();
  fdb::test_shared_prefix();
  fdb::test_random(fdb::test::seed());
  return 0;
}
