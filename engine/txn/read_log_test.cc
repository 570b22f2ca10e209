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

// Against one that is told of each key as of a range, which is accounted for in order.
void test_keys_count_as_ranges_do(uint64_t seed) {
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    ReadLog log;
    ReadLog model;
    for (int i = 0; i < 30; ++i) {
      const Bytes key(1 + random() % 2, static_cast<char>('a' + random() % 8));
      const size_t bytes = random() % 3 * kPage;
      if (random() % 6 == 0) {
        log.add(key, key + "b", bytes);
        model.add(key, key + "b", bytes);
      } else {
        log.add_point(key, bytes);
        model.add(key, key_after(key), bytes);
      }
      if (random() % 8 == 0) CHECK_EQ(log.cost(), model.cost());
      if (random() % 8 == 0) CHECK(log.known() == model.known());
      CHECK_EQ(log.covers_point("a"), model.covers("a", key_after("a")));
    }
    CHECK_EQ(log.cost(), model.cost());
    CHECK(log.known() == model.known());
  }
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_what_is_known();
  fdb::test_a_read_costs_its_pages();
  fdb::test_what_is_known_is_read_once();
  fdb::test_the_accounting_can_be_done_in_parts();
  fdb::test_keys_count_as_ranges_do(fdb::test::seed());
}
