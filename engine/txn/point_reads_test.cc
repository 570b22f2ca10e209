// The keys that were read one by one: against a plain model, and what becomes of those that a commit depends on.
#include "txn/point_reads.h"

#include <map>

#include "sim/test_support.h"

namespace fdb {

namespace {

Bytes random_key(std::mt19937_64& random) {
  Bytes key(random() % 40, '\0');
  for (char& byte : key) byte = static_cast<char>(random() % 3);  // many that are the beginning of others
  return key;
}

void test_like_a_model(uint64_t seed) {
  std::mt19937_64 random(seed);
  PointReads points;
  for (int round = 0; round < 3; ++round) {
    std::map<Bytes, const PointReads::Point*> model;
    for (int i = 0; i < 3'000; ++i) {
      const Bytes key = random_key(random);
      CHECK_EQ(points.contains(key), model.contains(key));
      bool is_new;
      const PointReads::Point& point = points.add(key, &is_new);
      CHECK(point.key() == key && point.range().end == key_after(key));
      CHECK_EQ(model.emplace(key, &point).second, is_new);
      CHECK(model[key] == &point);  // stays where it is
    }
    CHECK_EQ(points.size(), model.size());
    size_t count = 0;
    for (const PointReads::Point* point = points.first(); point != nullptr; point = point->next, ++count) {
      CHECK(model.at(Bytes(point->key())) == point);
    }
    CHECK_EQ(count, model.size());
    points.clear();
    CHECK(points.size() == 0 && points.first() == nullptr && !points.contains(model.begin()->first));
  }
}

void test_what_a_commit_depends_on_is_collected_once() {
  PointReads points;
  RangeSet set;
  bool is_new;
  points.add("b", &is_new).depends = true;
  points.add("a", &is_new);
  points.collect(&set);
  CHECK_EQ(set.merged().size(), 1u);
  CHECK(set.covers("b", key_after("b")) && !set.covers("a", key_after("a")));
  CHECK(points.add("a", &is_new).is_collected && !is_new);
  PointReads::Point& late = points.add("c", &is_new);
  CHECK(!late.is_collected);
  late.depends = true;
  points.collect(&set);
  points.collect(&set);
  CHECK_EQ(set.merged().size(), 2u);
  CHECK(late.is_collected && set.covers("c", key_after("c")));
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_like_a_model(fdb::test::seed());
  fdb::test_what_a_commit_depends_on_is_collected_once();
}
