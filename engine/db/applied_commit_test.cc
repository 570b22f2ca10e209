// AppliedCommit: the state and the changes that the operations of a commit come to, and that they agree.
#include "db/applied_commit.h"

#include "sim/test_support.h"

namespace fdb {
namespace {

const Bytes kStamp = Bytes("stampstamp");

Snapshot content() {
  Editor editor{Snapshot()};
  editor.set("a", "1");
  editor.set("b", "2");
  editor.set("c", "3");
  return editor.finish();
}

AppliedCommit applied(const std::vector<Mutation>& mutations) { return AppliedCommit(content(), mutations, kStamp, 0); }

std::optional<Bytes> value_in(const Snapshot& snapshot, Slice key) {
  Slice value;
  return snapshot.get(key, &value) ? std::optional<Bytes>(value) : std::nullopt;
}

// The changes, applied to the state before, come to the same state: the record of a commit relies on it.
void check_changes_agree(const AppliedCommit& commit) {
  Editor editor(content());
  for (const Change& change : commit.changes()) {
    change.is_clear ? editor.clear_range(change.key, change.value) : editor.set(change.key, change.value);
  }
  const Snapshot again = editor.finish();
  Cursor left(again), right(commit.state());
  for (left.seek(""), right.seek(""); left.valid() && right.valid(); left.next(), right.next()) {
    CHECK_EQ(left.key(), right.key());
    CHECK_EQ(left.value(), right.value());
  }
  CHECK_EQ(left.valid(), right.valid());
}

void sets_and_clears_in_order() {
  const AppliedCommit commit = applied({{Op::kSet, "d", "4"}, {Op::kClearRange, "a", "c"}, {Op::kSet, "b", "new"}});
  CHECK_EQ(commit.changes().size(), 3u);
  CHECK_EQ(value_in(commit.state(), "a"), std::nullopt);
  CHECK_EQ(value_in(commit.state(), "b"), "new");
  CHECK_EQ(value_in(commit.state(), "d"), "4");
  check_changes_agree(commit);
}

// Whoever gives the state before up first leaves its nodes to the state after it.
void one_set_copies_one_path() {
  Snapshot state;
  for (int i = 0; i < 5000; ++i) {
    const Bytes key = std::to_string(10'000 + i * 7919 % 5000);
    const AppliedCommit commit(std::move(state), {{Op::kSet, key, "a value of some length"}}, kStamp, 0);
    CHECK(commit.copied_nodes() <= 4);
    state = commit.state();
  }
  CHECK_EQ(state.total().keys, 5000);
  for (int i = 0; i < 5000; ++i) CHECK(value_in(state, std::to_string(10'000 + i)).has_value());
}

void atomic_operations_are_resolved() {
  const AppliedCommit commit =
      applied({{Op::kByteMax, "a", "9"}, {Op::kCompareAndClear, "b", "2"}, {Op::kAppendIfFits, "c", "4"}});
  CHECK_EQ(commit.changes()[0].value, "9");
  CHECK(!commit.changes()[0].is_clear);
  CHECK(commit.changes()[1].is_clear);
  CHECK_EQ(commit.changes()[1].value, Slice("b\0", 2));
  CHECK_EQ(commit.changes()[2].value, "34");
  CHECK_EQ(value_in(commit.state(), "b"), std::nullopt);
  check_changes_agree(commit);
}

void stamps_are_filled_in() {
  const Bytes place = Bytes(10, '.');
  const Bytes key = "k" + place + Bytes("\1\0\0\0", 4);
  const Bytes value = place + "v" + Bytes("\0\0\0\0", 4);
  const AppliedCommit commit = applied({{Op::kSetVersionstampedKey, key, "x"}, {Op::kSetVersionstampedValue, "y", value}});
  CHECK_EQ(commit.changes()[0].key, "k" + kStamp);
  CHECK_EQ(value_in(commit.state(), "k" + kStamp), "x");
  CHECK_EQ(value_in(commit.state(), "y"), kStamp + "v");
  check_changes_agree(commit);
}

void knows_what_may_touch_system_keys() {
  CHECK(!applied({{Op::kSet, "a", "1"}, {Op::kSet, "", "2"}}).touches_system_keys());
  CHECK(applied({{Op::kSet, "\xff/x", "1"}}).touches_system_keys());
  CHECK(!applied({{Op::kClearRange, "a", "b"}}).touches_system_keys());
  CHECK(applied({{Op::kClearRange, "a", "\xff\xff"}}).touches_system_keys());
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::sets_and_clears_in_order();
  fdb::one_set_copies_one_path();
  fdb::atomic_operations_are_resolved();
  fdb::stamps_are_filled_in();
  fdb::knows_what_may_touch_system_keys();
  return 0;
}
