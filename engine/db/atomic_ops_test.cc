#include "db/atomic_ops.h"

#include <algorithm>
#include <vector>

#include "sim/test_support.h"

namespace {

using fdb::apply_atomic;
using fdb::Bytes;
using fdb::merge_operands;
using fdb::Op;
using fdb::Slice;
using Value = std::optional<Bytes>;

struct Case {
  Op op;
  Value existing;
  Bytes operand;
  Value expected;
};

// Bytes that may contain zeros.
template <size_t N>
Bytes b(const char (&literal)[N]) {
  return Bytes(literal, N - 1);
}

Value apply(Op op, const Value& existing, Slice operand) {
  return apply_atomic(op, existing ? std::optional<Slice>(*existing) : std::nullopt, operand);
}

void check_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const Value actual = apply(one.op, one.existing, one.operand);
    if (actual != one.expected) std::cerr << "operation " << static_cast<int>(one.op) << '\n';
    CHECK(actual == one.expected);
  }
}

void test_arithmetic() {
  check_all({
      {Op::kAdd, std::nullopt, b("\x01\x02"), b("\x01\x02")},
      {Op::kAdd, b(""), b("\x05"), b("\x05")},
      {Op::kAdd, b("\x01"), b(""), b("")},
      {Op::kAdd, std::nullopt, b(""), b("")},
      {Op::kAdd, b("\xff\x01"), b("\x01\x00"), b("\x00\x02")},
      {Op::kAdd, b("\xff\xff"), b("\x01\x00"), b("\x00\x00")},
      {Op::kAdd, b("\xff"), b("\x01\x00\x00"), b("\x00\x01\x00")},
      {Op::kAdd, b("\xff\xff\xff"), b("\x01"), b("\x00")},
      {Op::kAnd, std::nullopt, b("\xff\xff"), b("\x00\x00")},
      {Op::kAnd, std::nullopt, b(""), b("")},
      {Op::kAnd, b("\x0f"), b("\x03\xff"), b("\x03\x00")},
      {Op::kAndV2, std::nullopt, b("\xff\x0f"), b("\xff\x0f")},
      {Op::kAndV2, b(""), b("\xff\x0f"), b("\x00\x00")},
      {Op::kAndV2, b("\xf0\xff"), b("\x3c"), b("\x30")},
      {Op::kAndV2, b("\xf0"), b(""), b("")},
      {Op::kOr, std::nullopt, b("\x05"), b("\x05")},
      {Op::kOr, b(""), b("\x05"), b("\x05")},
      {Op::kOr, b("\x0f\xf0"), b("\xf0"), b("\xff")},
      {Op::kOr, b("\x01"), b("\x02\x04"), b("\x03\x04")},
      {Op::kOr, b("\x01"), b(""), b("")},
      {Op::kXor, std::nullopt, b("\x05"), b("\x05")},
      {Op::kXor, b("\x0f"), b("\xff\x01"), b("\xf0\x01")},
      {Op::kXor, b("\x0f\x0f"), b("\x0f"), b("\x00")},
  });
}

void test_appending() {
  const Bytes big(99'999, 'x');
  check_all({
      {Op::kAppendIfFits, std::nullopt, b("ab"), b("ab")},
      {Op::kAppendIfFits, b("ab"), b(""), b("ab")},
      {Op::kAppendIfFits, b("ab"), b("cd"), b("abcd")},
      {Op::kAppendIfFits, big, b("1"), big + "1"},
      {Op::kAppendIfFits, big, b("12"), big},
  });
}

void test_extremes() {
  check_all({
      {Op::kMax, std::nullopt, b("\x01"), b("\x01")},
      {Op::kMax, b(""), b("\x01"), b("\x01")},
      {Op::kMax, b("\x01\x02"), b("\x02\x01"), b("\x01\x02")},
      {Op::kMax, b("\x01\x02\x03"), b("\x02\x01"), b("\x01\x02")},
      {Op::kMax, b("\xff"), b("\x00\x01"), b("\x00\x01")},
      {Op::kMax, b("\x07"), b(""), b("")},
      {Op::kMin, std::nullopt, b("\x01\x01"), b("\x00\x00")},
      {Op::kMin, std::nullopt, b(""), b("")},
      {Op::kMin, b("\x02\x01"), b("\x01\x02"), b("\x02\x01")},
      {Op::kMinV2, std::nullopt, b("\x01\x01"), b("\x01\x01")},
      {Op::kMinV2, b(""), b("\x01\x01"), b("\x00\x00")},
      {Op::kMinV2, b("\x80\x00\x01"), b("\x7f\x00"), b("\x7f\x00")},
      {Op::kMinV2, b("\x05"), b("\x06\x00"), b("\x05\x00")},
      {Op::kByteMin, std::nullopt, b("zz"), b("zz")},
      {Op::kByteMin, b("ab"), b("b"), b("ab")},
      {Op::kByteMin, b("\x80"), b("\x7f"), b("\x7f")},
      {Op::kByteMin, b(""), b("a"), b("")},
      {Op::kByteMin, b("abc"), b("ab"), b("ab")},
      {Op::kByteMax, std::nullopt, b(""), b("")},
      {Op::kByteMax, b("ab"), b("b"), b("b")},
      {Op::kByteMax, b("\x80"), b("\x7f"), b("\x80")},
      {Op::kByteMax, b("ab"), b("abc"), b("abc")},
  });
}

void test_compare_and_clear() {
  check_all({
      {Op::kCompareAndClear, std::nullopt, b("a"), std::nullopt},
      {Op::kCompareAndClear, b("a"), b("a"), std::nullopt},
      {Op::kCompareAndClear, b(""), b(""), std::nullopt},
      {Op::kCompareAndClear, b("a"), b("b"), b("a")},
  });
}

void test_codes() {
  const std::vector<int> atomic = {2, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20};
  for (int code = -3; code < 300; ++code) {
    CHECK_EQ(fdb::is_atomic_op(code), std::count(atomic.begin(), atomic.end(), code) == 1);
  }
}

void test_merge_rules() {
  CHECK(merge_operands(Op::kAdd, "ab", "c") == std::nullopt);
  CHECK(merge_operands(Op::kAdd, b("\x01\x00"), b("\xff\x00")) == Value(b("\x00\x01")));
  CHECK(merge_operands(Op::kOr, "a", "") == std::nullopt);
  CHECK(merge_operands(Op::kXor, "a", "bc") == std::nullopt);
  CHECK(merge_operands(Op::kMax, "a", "bc") == std::nullopt);
  CHECK(merge_operands(Op::kMin, "a", "bc") == std::nullopt);
  CHECK(merge_operands(Op::kMinV2, "a", "bc") == std::nullopt);
  CHECK(merge_operands(Op::kAndV2, b("\x0f\x0f"), b("\xff")) == Value(b("\x0f")));
  CHECK(merge_operands(Op::kAppendIfFits, "ab", "c") == Value("abc"));
  CHECK(merge_operands(Op::kAppendIfFits, Bytes(60'000, 'a'), Bytes(60'000, 'b')) == Value(Bytes(60'000, 'a')));
  CHECK(merge_operands(Op::kByteMin, "ab", "c") == Value("ab"));
  CHECK(merge_operands(Op::kByteMax, "ab", "c") == Value("c"));
  CHECK(merge_operands(Op::kCompareAndClear, "a", "a") == std::nullopt);
  CHECK(merge_operands(Op::kSetVersionstampedValue, "a", "a") == std::nullopt);
}

// Where operands merge, one application of the result equals two applications.
void test_merging_keeps_the_meaning(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto value = [&] {
    Bytes bytes(random() % 4, '\0');
    for (char& byte : bytes) byte = "\x00\x01\x7f\xff"[random() % 4];
    return bytes;
  };
  const Op ops[] = {Op::kAdd, Op::kAnd, Op::kAndV2, Op::kOr,      Op::kXor,    Op::kAppendIfFits,
                    Op::kMax, Op::kMin, Op::kMinV2, Op::kByteMin, Op::kByteMax};
  for (int i = 0; i < 200'000; ++i) {
    const Op op = ops[random() % std::size(ops)];
    const Bytes first = value(), second = value();
    const Value existing = random() % 4 ? Value(value()) : std::nullopt;
    const Value merged = merge_operands(op, first, second);
    if (!merged) continue;
    CHECK(apply(op, existing, *merged) == apply(op, apply(op, existing, first), second));
  }
}

}  // namespace

int main() {
  test_arithmetic();
  test_appending();
  test_extremes();
  test_compare_and_clear();
  test_codes();
  test_merge_rules();
  test_merging_keeps_the_meaning(fdb::test::seed());
  std::puts("atomic_ops_test: ok");
  return 0;
}
