// Searching nodes, against what a search from slot to slot finds.
#include "store/node_search.h"

#include <algorithm>
#include <vector>

#include "sim/test_support.h"

namespace fdb {

namespace {

using store::Node;
using Random = std::mt19937_64;

// Keys that share much and little, that are shorter than their heads, and that differ behind them or in length alone.
Bytes random_key(Random& random) {
  switch (random() % 6) {
    case 0: return Bytes(random() % 6, "\0\xff"[random() % 2]);
    case 1: return "prefix/" + std::to_string(random() % 400);
    case 2: return "prefix/same head/" + std::to_string(random() % 40);
    case 3: return Bytes(random() % 7, 'p');
    case 4: return Bytes(600, 'b') + std::to_string(random() % 20);  // not in line
    default: return "prefix/" + Bytes(1, static_cast<char>(random() % 256)) + Bytes(random() % 3, '\0');
  }
}

std::vector<Bytes> random_keys(Random& random, size_t count) {
  std::vector<Bytes> keys;
  const size_t kind = random() % 3;
  while (keys.size() < count) {
    if (kind == 0) keys.push_back(random_key(random));
    if (kind == 1) keys.push_back("common/" + std::to_string(random() % 100'000));
    if (kind == 2) keys.push_back("common/head" + Bytes(random() % 3, 'x') + std::to_string(random() % 300));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

Bytes probe(Random& random, const std::vector<Bytes>& keys) {
  Bytes key = keys.empty() ? Bytes() : keys[random() % keys.size()];
  switch (random() % 6) {
    case 0: return key;
    case 1: return key + '\0';
    case 2: return key.substr(0, random() % (key.size() + 1));
    case 3:
      if (!key.empty()) key[random() % key.size()] ^= static_cast<char>(1 << random() % 8);
      return key;
    case 4: return key + "\xff";
    default: return random_key(random);
  }
}

void check_leaf(Random& random, const std::vector<Bytes>& keys) {
  Node* leaf = store::make_node(0, 1, 4, 64);
  for (const Bytes& key : keys) leaf = store::insert_entry(leaf, leaf->count, key, "value");
  for (int i = 0; i < 200; ++i) {
    const Bytes key = probe(random, keys);
    const auto place = std::lower_bound(keys.begin(), keys.end(), key);
    bool equal;
    CHECK_EQ(store::lower_bound(leaf, key, &equal), static_cast<int>(place - keys.begin()));
    CHECK_EQ(equal, place != keys.end() && *place == key);
  }
  store::release(leaf);
}

void check_inner(Random& random, const std::vector<Bytes>& keys) {
  Node* node = store::make_node(1, 1, 4, 64);
  node = store::insert_child(node, 0, Slice(), store::make_node(0, 1, 0, 0));
  for (const Bytes& key : keys) node = store::insert_child(node, node->count, key, store::make_node(0, 1, 0, 0));
  for (int i = 0; i < 200; ++i) {
    const Bytes key = probe(random, keys);
    const auto above = std::upper_bound(keys.begin(), keys.end(), key);
    CHECK_EQ(store::child_index(node, key), static_cast<int>(above - keys.begin()));
    CHECK(store::leaf_towards(node, key) == node->children()[above - keys.begin()].node);
  }
  store::release(node);
}

void test_against_a_plain_search() {
  Random random(test::seed());
  for (size_t count = 0; count < 200; ++count) {
    const std::vector<Bytes> keys = random_keys(random, count % 150);
    check_leaf(random, keys);
    check_inner(random, keys);
  }
}

void test_heads_of_short_keys() {
  CHECK_EQ(store::head_of("", 0), 0u);
  CHECK_EQ(store::head_of("ab", 0), 0x61620000u);
  CHECK_EQ(store::head_of("ab", 1), 0x62000000u);
  CHECK_EQ(store::head_of("ab", 2), 0u);
  CHECK_EQ(store::head_of("ab", 9), 0u);
  CHECK_EQ(store::head_of("abcde", 0), 0x61626364u);
  CHECK_EQ(store::head_of("abcde", 1), 0x62636465u);
  CHECK_EQ(store::head_of("abcde", 2), 0x63646500u);
  CHECK_EQ(store::head_of("abcde", 4), 0x65000000u);
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_heads_of_short_keys();
  fdb::test_against_a_plain_search();
  return 0;
}
