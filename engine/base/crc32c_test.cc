// CRC-32C against published values, against the definition bit by bit, and in pieces.
#include "base/crc32c.h"

#include "sim/test_support.h"

namespace fdb {
namespace {

// As the standard defines it.
uint32_t by_definition(Slice bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  return ~crc;
}

void check_value(Slice bytes, uint32_t expected) {
  CHECK_EQ(crc32c(bytes), expected);
  CHECK_EQ(crc32c_by_tables(bytes), expected);
}

// The check value of the catalogues, and the examples of RFC 3720, B.4.
void test_published_values() {
  check_value("", 0);
  check_value("123456789", 0xe3069283);
  check_value(Bytes(32, '\0'), 0x8a9136aa);
  check_value(Bytes(32, '\xff'), 0x62a8ab43);
  Bytes ascending, descending;
  for (int i = 0; i < 32; ++i) {
    ascending.push_back(static_cast<char>(i));
    descending.push_back(static_cast<char>(31 - i));
  }
  check_value(ascending, 0x46dd794e);
  check_value(descending, 0x113fdb5c);
}

// Every length and alignment that the unrolled loops treat differently, whole and in two pieces.
void test_random_bytes() {
  std::mt19937_64 random(test::seed());
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes(random() % 80, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const Slice part = Slice(bytes).substr(bytes.empty() ? 0 : random() % bytes.size());
    const uint32_t expected = by_definition(part);
    check_value(part, expected);
    const size_t cut = random() % (part.size() + 1);
    CHECK_EQ(crc32c(part.substr(cut), crc32c(part.substr(0, cut))), expected);
    CHECK_EQ(crc32c_by_tables(part.substr(cut), crc32c_by_tables(part.substr(0, cut))), expected);
  }
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_published_values();
  fdb::test_random_bytes();
  std::puts("crc32c_test: ok");
  return 0;
}
