// Sizes of transactions: what is told, and what is held against the limit.
#include "txn/size_accounting.h"

#include "sim/test_support.h"

namespace fdb {

namespace {

void test_what_is_told_counts_each_call() {
  SizeAccounting size;
  CHECK_EQ(size.approximate(), 0);
  size.add_mutation("key", "value");
  CHECK_EQ(size.approximate(), 44 + 8);
  size.add_point("key");
  CHECK_EQ(size.approximate(), 52 + 24 + 3 + 4);
  size.add_range("a", "bcd");
  CHECK_EQ(size.approximate(), 83 + 24 + 4);
  size.add_range("a", "bcd");
  CHECK_EQ(size.approximate(), 111 + 28);
  size.clear();
  CHECK_EQ(size.approximate(), 0);
}

void test_a_point_is_the_range_up_to_the_next_key() {
  for (const Slice key : {Slice(), Slice("a"), Slice("\0\xff", 2)}) {
    CHECK_EQ(SizeAccounting::of_point(key), SizeAccounting::of_range(key, key_after(key)));
  }
}

// A watch: what its read adds counts when the read is answered.
void test_taking_back() {
  SizeAccounting size;
  size.add_mutation("", "");
  const int64_t before = size.approximate();
  size.add_point("watched");
  const int64_t later = size.take_back_to(before);
  CHECK_EQ(later, SizeAccounting::of_point("watched"));
  CHECK_EQ(size.approximate(), before);
  size.add(later);
  CHECK_EQ(size.approximate(), before + later);
  CHECK_EQ(size.take_back_to(size.approximate()), 0);
}

void test_a_commit_counts_what_it_submits() {
  CommitRequest request;
  request.mutations = {{Op::kSet, "key", "value"}, {Op::kClearRange, "a", "b"}};
  request.write_conflicts = {{"a", "b"}};
  request.read_conflicts = {{"c", "dd"}, {"e", "f"}};
  SizeAccounting size;
  size.add_range("told", "only");
  CHECK_EQ(size.of_commit(request, true, false), 52 + 46 + 26 + 27 + 26);
  CHECK_EQ(size.of_commit(request, false, false), 52 + 46);
  CHECK_EQ(size.of_commit(CommitRequest(), true, false), 0);
}

void test_without_overlay_each_read_counts() {
  CommitRequest request;
  request.write_conflicts = {{"a", "b"}};
  request.read_conflicts = {{"c", "d"}};
  SizeAccounting size;
  CHECK_EQ(size.of_commit(request, true, true), 26);
  size.add_native_point("c");
  size.add_native_point("c");
  size.add_native_read("a", "bcd");
  CHECK_EQ(size.of_commit(request, true, true), 26 + 27 + 27 + 28);
  CHECK_EQ(size.of_commit(request, false, true), 0);
  CHECK_EQ(size.approximate(), 0);
  size.clear();  // of the overlay: the native half goes on
  CHECK_EQ(size.of_commit(request, true, true), 26 + 82);
  size.clear_native();
  CHECK_EQ(size.of_commit(request, true, true), 26);
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_what_is_told_counts_each_call();
  fdb::test_a_point_is_the_range_up_to_the_next_key();
  fdb::test_taking_back();
  fdb::test_a_commit_counts_what_it_submits();
  fdb::test_without_overlay_each_read_counts();
}
