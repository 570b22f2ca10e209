// What the checksum of a leaf tells apart, and that its value, which is on disk, stays what it is.
#include "store/leaf_checksum.h"

#include <initializer_list>
#include <utility>

#include "sim/test_support.h"

namespace fdb::store {
namespace {

uint32_t of(std::initializer_list<std::pair<Slice, Slice>> rows) {
  LeafChecksum checksum;
  for (const auto& [key, value] : rows) checksum.add(key, value);
  return checksum.value();
}

void test_bytes_cannot_move() {
  CHECK_EQ(of({}), 0u);
  CHECK_EQ(of({{"a", "b"}}), of({{"a", "b"}}));
  CHECK(of({{"ab", "c"}}) != of({{"a", "bc"}}));
  CHECK(of({{"a", ""}}) != of({{"", "a"}}));
  CHECK(of({{"a", "b"}, {"c", "d"}}) != of({{"a", "bc"}, {"", "d"}}));
  CHECK(of({{"a", "b"}, {"c", "d"}}) != of({{"c", "d"}, {"a", "b"}}));
  CHECK(of({{"", ""}}) != of({}));
  CHECK(of({{"", ""}}) != of({{"", ""}, {"", ""}}));
}

// Files hold it.
void test_value_is_kept() {
  CHECK_EQ(of({{"key", "value"}}), crc32c(Slice("\x03\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0keyvalue", 24)));
}

}  // namespace
}  // namespace fdb::store

int main() {
  fdb::store::test_bytes_cannot_move();
  fdb::store::test_value_is_kept();
  std::puts("leaf_checksum_test: ok");
  return 0;
}
