#include "db/applied_commit.h"

#include <cstring>
#include <optional>

namespace fdb {

namespace {

bool may_be_system_key(const Change& change) { return (change.is_clear ? change.value : change.key) > "\xff"; }

}  // namespace

AppliedCommit::AppliedCommit(Snapshot before, const std::vector<Mutation>& mutations, Slice stamp, uint64_t mark,
                             bool is_in_file, store::NodeCache* cache)
    : editor_(std::move(before), cache) {
  changes_.reserve(mutations.size());
  editor_.count_replaced(mark);
  if (is_in_file) editor_.keep_emptied_leaves();
  for (const Mutation& mutation : mutations) carry_out(mutation, stamp);
  state_ = editor_.finish_sharing();
}

void AppliedCommit::carry_out(const Mutation& mutation, Slice stamp) {
  Change change{mutation.key, mutation.value, mutation.op == Op::kClearRange};
  if (mutation.op == Op::kSetVersionstampedKey) {
    change.key = with_stamp(mutation.key, stamp);
  } else if (mutation.op == Op::kSetVersionstampedValue) {
    change.value = with_stamp(mutation.value, stamp);
  } else if (mutation.op != Op::kSet && mutation.op != Op::kClearRange) {
    Slice existing;
    const bool present = editor_.get(mutation.key, &existing);
    const auto value = apply_atomic(mutation.op, present ? std::optional<Slice>(existing) : std::nullopt, mutation.value);
    change.is_clear = !value;
    change.value = value ? arena_.copy(*value) : arena_.copy_after(mutation.key);
  }
  change.is_clear ? editor_.clear_range(change.key, change.value) : editor_.set(change.key, change.value);
  touches_system_keys_ = touches_system_keys_ || may_be_system_key(change);
  changes_.push_back(change);
}

// The last four bytes name the place of the stamp and go.
Slice AppliedCommit::with_stamp(Slice operand, Slice stamp) {
  uint32_t offset;
  std::memcpy(&offset, operand.data() + operand.size() - 4, 4);
  const Slice filled = arena_.copy(operand.substr(0, operand.size() - 4));
  std::memcpy(const_cast<char*>(filled.data()) + offset, stamp.data(), stamp.size());
  return filled;
}

}  // namespace fdb
