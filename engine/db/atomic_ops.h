// The atomic operations, as functions on values.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>

#include "base/common.h"

namespace fdb {

// Mutation codes: those of the API, and the internal second versions of MIN and AND, by which an absent value
// becomes the operand (ApiBehavior::min_and_set_absent).
enum class Op : uint8_t {
  kSet = 0,
  kClearRange = 1,
  kAdd = 2,
  kAnd = 6,  // an absent value counts as empty
  kOr = 7,
  kXor = 8,
  kAppendIfFits = 9,
  kMax = 12,
  kMin = 13,  // an absent value counts as empty
  kSetVersionstampedKey = 14,
  kSetVersionstampedValue = 15,
  kByteMin = 16,
  kByteMax = 17,
  kMinV2 = 18,
  kAndV2 = 19,
  kCompareAndClear = 20,
};

constexpr size_t kValueSizeLimit = 100'000;

// Whether `code` names an operation that fdb_transaction_atomic_op takes.
bool is_atomic_op(int code);

// The value after applying `op` with `operand` to `existing` (absent: nullopt). nullopt: the key is absent afterwards.
// Not for the versionstamp operations.
std::optional<Bytes> apply_atomic(Op op, std::optional<Slice> existing, Slice operand);

// Merges two consecutive operations of the same type on an unknown value (`first` was issued first), if the real client
// does: then applying the result is the same as applying both. nullopt: they stay two operations.
std::optional<Bytes> merge_operands(Op op, Slice first, Slice second);

}  // namespace fdb
