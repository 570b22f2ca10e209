// What a transaction knows by its reads, and what they cost.
#include "txn/read_log.h"

#include "base/common.h"
#include "sim/test_support.h"

namespace fdb {

namespace {

constexpr int64_t kPage = ReadLog::kPage;

void test_what_is_known() {
  ReadLog log;
  log.add_point("k", 1);
  log.add("m", "p", 10);
  CHECK(log.covers("k", key_after("k")) && log.covers("n", "p"));
  CHECK(!log.covers("k", "m") && !log.covers("p", key_after("p")));
  CHECK(log.covers("z", "a"));  // nothing
  log.add("a", "m", 10);        // closes the gap
  CHECK_EQ(log.known().size(), 1u);
  CHECK(log.covers("a", "p"));
}

void test_a_read_costs_its_pages() {
  ReadLog log;
  CHECK_EQ(log.cost(), 0);
  log.add("a", "b", 0);  // a page in any case
  CHECK_EQ(log.cost(), kPage);
  log.add("b", "c", kPage);
  CHECK_EQ(log.cost(), 2 * kPage);
  log.add("c", "d", kPage + 1);
  CHECK_EQ(log.cost(), 4 * kPage);
  log.add("e", "e", kPage);  // no read
  CHECK_EQ(log.cost(), 4 * kPage);
}

void test_what_is_known_is_read_once() {
  ReadLog log;
  log.add("a", "c", 1);
  log.add("a", "b", 1);
  log.add_point("b", 1);
  CHECK_EQ(log.cost(), kPage);
  log.add("b", "d", 1);  // goes beyond
  CHECK_EQ(log.cost(), 2 * kPage);
  log.charge(1);  // makes nothing known, and costs each time
  log.charge(1);
  CHECK_EQ(log.cost(), 4 * kPage);
  log.clear();
  CHECK_EQ(log.cost(), 0);
  CHECK(!log.covers("a", "b"));
}

void test_the_accounting_can_be_done_in_parts() {
  ReadLog log;
  for (const Slice key : {"a", "c", "e"}) log.add_point(key, 1);
  int steps = 2;
  CHECK(!log.settle(&steps));
  CHECK_EQ(steps, 0);
  steps = 2;
  CHECK(log.settle(&steps));
  CHECK_EQ(steps, 1);
  CHECK_EQ(log.known().size(), 3u);
  CHECK_EQ(log.cost(), 3 * kPage);
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_what_is_known();
  fdb::test_a_read_costs_its_pages();
  fdb::test_what_is_known_is_read_once();
  fdb::test_the_accounting_can_be_done_in_parts();
}
