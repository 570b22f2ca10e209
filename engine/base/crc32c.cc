#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace fdb {

namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // reflected

using Tables = std::array<std::array<uint32_t, 256>, 8>;

// Table t advances a byte over t further zero bytes, so that eight bytes take eight independent look-ups.
constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t t = 1; t < tables.size(); ++t) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[t - 1][byte];
      tables[t][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

// Four bytes as a number, least significant first, on every machine.
uint32_t little_endian(const unsigned char* at) {
  return uint32_t{at[0]} | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
}

uint32_t update_by_tables(uint32_t crc, const unsigned char* at, size_t size) noexcept {
  for (; size >= 8; size -= 8, at += 8) {
    const uint32_t low = little_endian(at) ^ crc;
    const uint32_t high = little_endian(at + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][low >> 8 & 0xff] ^ kTables[5][low >> 16 & 0xff] ^ kTables[4][low >> 24] ^
          kTables[3][high & 0xff] ^ kTables[2][high >> 8 & 0xff] ^ kTables[1][high >> 16 & 0xff] ^ kTables[0][high >> 24];
  }
  for (; size > 0; --size, ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t update_by_instruction(uint32_t crc, const unsigned char* at, size_t size) noexcept {
  uint64_t wide = crc;
  for (; size >= 8; size -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; size > 0; --size, ++at) crc = _mm_crc32_u8(crc, *at);
  return crc;
}

const bool has_instruction = [] {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2") != 0;
}();
#endif

uint32_t finish(uint32_t (*update)(uint32_t, const unsigned char*, size_t) noexcept, Slice bytes, uint32_t before) {
  return ~update(~before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}  // namespace

uint32_t crc32c(Slice bytes, uint32_t before) noexcept {
#if defined(__x86_64__)
  if (has_instruction) return finish(update_by_instruction, bytes, before);
#endif
  return crc32c_by_tables(bytes, before);
}

uint32_t crc32c_by_tables(Slice bytes, uint32_t before) noexcept { return finish(update_by_tables, bytes, before); }

}  // namespace fdb
