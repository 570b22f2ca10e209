// The overlay against a model that keeps, for every key of a small space, what was done to it.
#include "txn/write_map.h"

#include <cstdio>
#include <random>

#include "sim/test_support.h"

namespace fdb {
namespace {

struct KeyModel {
  bool overwritten = false;  // the value does not depend on what lies below
  std::optional<Bytes> value;
  std::vector<std::pair<Op, Bytes>> pending;  // operations on the unknown value below
  bool conflict = false;
  bool unreadable = false;
};

std::vector<Bytes> all_keys() { return {Bytes(), "a", Bytes("a\0", 2), "ab", "b", "ba", "c", "d"}; }

class Model {
 public:
  explicit Model(uint32_t seed) : random_(seed), keys_(all_keys()), models_(keys_.size()) {}

  void step() {
    switch (random_() % 8) {
      case 0:
      case 1: set(pick(), text(), random_() % 2); break;
      case 2:
      case 3: atomic(pick(), random_() % 2); break;
      case 4: clear(random_() % 2); break;
      case 5: conflict(); break;
      case 6: stamped(pick()); break;
      default: clear_one(pick(), random_() % 2); break;
    }
  }

  void compare() {
    for (size_t i = 0; i < keys_.size(); ++i) {
      const KeyModel& model = models_[i];
      const WriteMap::Segment segment = map_.segment(keys_[i]);
      CHECK(segment.is_unreadable() == model.unreadable);
      CHECK(segment.is_conflict() == model.conflict);
      if (model.unreadable) continue;
      const bool independent = segment.is_cleared() || (segment.is_operation() && segment.is_independent());
      CHECK(independent == model.overwritten);
      for (const std::optional<Slice>& below : {std::optional<Slice>(), std::optional<Slice>("below")}) {
        std::optional<Bytes> got;
        if (segment.is_operation()) {
          got = apply_operations(segment.operations(), below);
        } else if (segment.is_unmodified() && below) {
          got = Bytes(*below);
        }
        CHECK(got == expected(model, below));
      }
    }
  }

 private:
  size_t pick() { return random_() % keys_.size(); }
  Bytes text() { return Bytes(1 + random_() % 3, static_cast<char>('a' + random_() % 3)); }

  static std::optional<Bytes> expected(const KeyModel& model, std::optional<Slice> below) {
    std::optional<Bytes> value;
    if (model.overwritten) {
      value = model.value;
    } else if (below) {
      value = Bytes(*below);
    }
    for (const auto& [op, operand] : model.pending) {
      value = apply_atomic(op, value ? std::optional<Slice>(*value) : std::nullopt, operand);
    }
    return value;
  }

  void set(size_t key, const Bytes& value, bool conflict) {
    map_.mutate(keys_[key], Op::kSet, value, conflict);
    KeyModel& model = models_[key];
    model.conflict = model.conflict || conflict;
    model.overwritten = true;
    model.value = value;
    model.pending.clear();
  }

  void atomic(size_t key, bool conflict) {
    static constexpr Op kOps[] = {Op::kAdd,   Op::kAndV2,   Op::kOr,           Op::kMax,
                                  Op::kMinV2, Op::kByteMin, Op::kAppendIfFits, Op::kCompareAndClear};
    const Op op = kOps[random_() % std::size(kOps)];
    const Bytes operand = text();
    map_.mutate(keys_[key], op, operand, conflict);
    KeyModel& model = models_[key];
    model.conflict = model.conflict || conflict;
    model.pending.emplace_back(op, operand);
  }

  void clear(bool conflict) {
    size_t first = pick();
    size_t last = pick();
    if (first > last) std::swap(first, last);
    if (first == last) return;
    map_.clear_range(keys_[first], keys_[last], conflict);
    for (size_t i = first; i < last; ++i) erase(&models_[i], conflict);
  }

  void clear_one(size_t key, bool conflict) {
    map_.clear_range(keys_[key], key_after(keys_[key]), conflict);
    erase(&models_[key], conflict);
  }

  static void erase(KeyModel* model, bool conflict) {
    model->conflict = model->conflict || conflict;
    model->overwritten = true;
    model->value.reset();
    model->pending.clear();
    model->unreadable = false;
  }

  void conflict() {
    size_t first = pick();
    size_t last = pick();
    if (first > last) std::swap(first, last);
    if (first == last) return;
    map_.add_conflict_range(keys_[first], keys_[last]);
    for (size_t i = first; i < last; ++i) models_[i].conflict = true;
  }

  void stamped(size_t key) {
    map_.mutate(keys_[key], Op::kSetVersionstampedValue, "0123456789\0\0\0\0", true);
    models_[key].conflict = models_[key].unreadable = true;
  }

  std::mt19937 random_;
  const std::vector<Bytes> keys_;
  std::vector<KeyModel> models_;
  WriteMap map_;
};

void test_against_model() {
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    Model model(seed);
    for (int step = 0; step < 20; ++step) {
      model.step();
      model.compare();
    }
  }
}

void test_walks_cover_the_key_space() {
  WriteMap map;
  map.mutate("a", Op::kSet, "1", true);
  map.mutate(Slice("a\0", 2), Op::kAdd, "1", true);
  map.clear_range("c", "d", true);
  std::vector<Bytes> begins;
  WriteMap::Segment segment = map.segment(Slice());
  for (;; segment.next()) {
    begins.push_back(segment.begin());
    if (!segment.has_end()) break;
    CHECK(segment.end() > segment.begin());
  }
  CHECK((begins == std::vector<Bytes>{"", "a", Bytes("a\0", 2), Bytes("a\0\0", 3), "c", "d"}));
  for (size_t i = begins.size(); i-- > 0;) {
    CHECK(segment.begin() == begins[i]);
    CHECK(segment.is_first() == (i == 0));
    if (i > 0) segment.prev();
  }
}

void test_copy_is_independent() {
  WriteMap map;
  map.mutate("a", Op::kSet, "1", true);
  WriteMap copy = map;
  map.mutate("a", Op::kSet, "2", true);
  map = WriteMap();
  CHECK(map.empty());
  CHECK(apply_operations(copy.segment("a").operations(), std::nullopt) == Bytes("1"));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_against_model();
  fdb::test_walks_cover_the_key_space();
  fdb::test_copy_is_independent();
  return 0;
}
