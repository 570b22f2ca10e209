#include "base/tuple_codec.h"

namespace fdb {

namespace {

constexpr unsigned char kNull = 0x00;
constexpr unsigned char kNested = 0x05;
constexpr unsigned char kNegativeBig = 0x0b;
constexpr unsigned char kZero = 0x14;
constexpr unsigned char kPositiveBig = 0x1d;

// The length of the element at the front of `packed`; 0 if there is none. `nested` tuples end at a bare 00.
size_t element_length(Slice packed, bool nested);

size_t string_length(Slice packed) {
  for (size_t i = 1; i < packed.size(); ++i) {
    if (packed[i] != '\0') continue;
    if (i + 1 < packed.size() && packed[i + 1] == '\xff') {
      ++i;
      continue;
    }
    return i + 1;
  }
  return 0;
}

size_t nested_length(Slice packed) {
  size_t at = 1;
  while (at < packed.size()) {
    if (packed[at] == '\0' && (at + 1 >= packed.size() || packed[at + 1] != '\xff')) return at + 1;
    const size_t length = element_length(packed.substr(at), true);
    if (length == 0) return 0;
    at += length;
  }
  return 0;
}

size_t fixed_length(unsigned char code) {
  if (code >= 0x0c && code <= 0x1c) return 1 + (code < kZero ? kZero - code : code - kZero);
  switch (code) {
    case 0x20: return 5;
    case 0x21: return 9;
    case 0x26:
    case 0x27: return 1;
    case 0x30: return 17;
    case 0x33: return 13;
    default: return 0;
  }
}

size_t element_length(Slice packed, bool nested) {
  const auto code = static_cast<unsigned char>(packed[0]);
  size_t length = 0;
  if (code == kNull) {
    length = nested ? 2 : 1;
  } else if (code == kTupleBytes || code == kTupleUnicode) {
    length = string_length(packed);
  } else if (code == kNested) {
    length = nested_length(packed);
  } else if (code == kNegativeBig || code == kPositiveBig) {
    if (packed.size() < 2) return 0;
    const auto count = static_cast<unsigned char>(packed[1]);
    length = 2u + (code == kNegativeBig ? count ^ 0xffu : count);
  } else {
    length = fixed_length(code);
  }
  return length <= packed.size() ? length : 0;
}

}  // namespace

std::optional<std::vector<TupleElement>> split_tuple(Slice packed) {
  std::vector<TupleElement> elements;
  while (!packed.empty()) {
    const size_t length = element_length(packed, false);
    if (length == 0) return std::nullopt;
    elements.push_back({static_cast<unsigned char>(packed[0]), packed.substr(0, length)});
    packed.remove_prefix(length);
  }
  return elements;
}

Bytes tuple_text(const TupleElement& element) {
  Bytes text;
  for (size_t i = 1; i + 1 < element.raw.size(); ++i) {
    text.push_back(element.raw[i]);
    if (element.raw[i] == '\0') ++i;  // 00 is followed by ff inside a string
  }
  return text;
}

Bytes pack_bytes(Slice bytes) {
  Bytes packed(1, static_cast<char>(kTupleBytes));
  for (const char byte : bytes) {
    packed.push_back(byte);
    if (byte == '\0') packed.push_back('\xff');
  }
  packed.push_back('\0');
  return packed;
}

}  // namespace fdb
