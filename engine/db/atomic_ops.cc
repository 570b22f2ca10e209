#include "db/atomic_ops.h"

#include <algorithm>
#include <cstdlib>

namespace fdb {

namespace {

// The first `size` bytes of `value`, zero padded.
Bytes resized(Slice value, size_t size) {
  Bytes result(value.substr(0, size));
  result.resize(size, '\0');
  return result;
}

Bytes add(Slice existing, Slice operand) {
  Bytes sum = resized(existing, operand.size());
  unsigned carry = 0;
  for (size_t i = 0; i < sum.size(); ++i) {
    carry += static_cast<unsigned char>(sum[i]) + static_cast<unsigned>(static_cast<unsigned char>(operand[i]));
    sum[i] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  return sum;
}

template <class Combine>
Bytes bytewise(Slice existing, Slice operand, Combine combine) {
  Bytes result = resized(existing, operand.size());
  for (size_t i = 0; i < result.size(); ++i) result[i] = static_cast<char>(combine(result[i], operand[i]));
  return result;
}

// Whether a < b as little-endian numbers of the same length.
bool less_little_endian(Slice a, Slice b) {
  for (size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
  }
  return false;
}

Bytes smaller_number(Slice existing, Slice operand) {
  Bytes other = resized(existing, operand.size());
  return less_little_endian(other, operand) ? other : Bytes(operand);
}

Bytes larger_number(Slice existing, Slice operand) {
  Bytes other = resized(existing, operand.size());
  return less_little_endian(operand, other) ? other : Bytes(operand);
}

Bytes append_if_fits(Slice existing, Slice operand) {
  Bytes result(existing);
  if (existing.size() + operand.size() <= kValueSizeLimit) result.append(operand);
  return result;
}

}  // namespace

bool is_atomic_op(int code) {
  switch (code) {
    case static_cast<int>(Op::kAdd):
    case static_cast<int>(Op::kAnd):
    case static_cast<int>(Op::kOr):
    case static_cast<int>(Op::kXor):
    case static_cast<int>(Op::kAppendIfFits):
    case static_cast<int>(Op::kMax):
    case static_cast<int>(Op::kMin):
    case static_cast<int>(Op::kSetVersionstampedKey):
    case static_cast<int>(Op::kSetVersionstampedValue):
    case static_cast<int>(Op::kByteMin):
    case static_cast<int>(Op::kByteMax):
    case static_cast<int>(Op::kMinV2):
    case static_cast<int>(Op::kAndV2):
    case static_cast<int>(Op::kCompareAndClear): return true;
    default: return false;
  }
}

std::optional<Bytes> apply_atomic(Op op, std::optional<Slice> existing, Slice operand) {
  const Slice value = existing.value_or(Slice());
  switch (op) {
    case Op::kAdd: return value.empty() ? Bytes(operand) : add(value, operand);
    case Op::kAnd: return bytewise(value, operand, [](char a, char b) { return a & b; });
    case Op::kAndV2: return existing ? bytewise(value, operand, [](char a, char b) { return a & b; }) : Bytes(operand);
    // Padding an empty value with zeros gives the operand, as it must.
    case Op::kOr: return bytewise(value, operand, [](char a, char b) { return a | b; });
    case Op::kXor: return bytewise(value, operand, [](char a, char b) { return a ^ b; });
    case Op::kAppendIfFits: return value.empty() ? Bytes(operand) : append_if_fits(value, operand);
    case Op::kMax: return larger_number(value, operand);
    case Op::kMin: return smaller_number(value, operand);
    case Op::kMinV2: return existing ? smaller_number(value, operand) : Bytes(operand);
    case Op::kByteMin: return Bytes(existing ? std::min(value, operand) : operand);
    case Op::kByteMax: return Bytes(existing ? std::max(value, operand) : operand);
    case Op::kCompareAndClear:
      if (!existing || value == operand) return std::nullopt;
      return Bytes(value);
    case Op::kSet:
    case Op::kClearRange:
    case Op::kSetVersionstampedKey:
    case Op::kSetVersionstampedValue: break;
  }
  std::abort();  // the caller decides about these itself
}

std::optional<Bytes> merge_operands(Op op, Slice first, Slice second) {
  switch (op) {
    case Op::kAnd:
    case Op::kAndV2:
    case Op::kAppendIfFits:
    case Op::kByteMin:
    case Op::kByteMax: return apply_atomic(op, first, second);
    case Op::kAdd:
    case Op::kOr:
    case Op::kXor:
    case Op::kMax:
    case Op::kMin:
    case Op::kMinV2:
      if (first.size() != second.size()) return std::nullopt;
      return apply_atomic(op, first, second);
    default: return std::nullopt;
  }
}

}  // namespace fdb
