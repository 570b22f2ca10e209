#include "txn/row_run.h"

#include <algorithm>
#include <memory>

namespace fdb {

namespace {

// A leaf that gives at least one in so many of its rows, and of their bytes if some lie outside of it, is kept instead of copied.
constexpr int kKeptShare = 4;

class KeptLeaves final : public RowKeeper {
 public:
  ~KeptLeaves() override {
    for (store::Node* leaf : leaves_) store::release(leaf);
  }
  void add(const store::Node* leaf) {
    leaves_.push_back(const_cast<store::Node*>(leaf));
    leaves_.back()->references.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  std::vector<store::Node*> leaves_;
};

void keep(const store::Node* leaf, KeyValueArray* result) {
  if (result->keeper == nullptr) result->keeper = std::make_unique<KeptLeaves>();
  static_cast<KeptLeaves&>(*result->keeper).add(leaf);
}

const uint8_t* bytes_of(const char* place) { return reinterpret_cast<const uint8_t*>(place); }

}  // namespace

inline FDBKeyValue RowRun::row_at(int place) const {
  const store::Slot& slot = leaf_->slots()[place];
  const char* entry = leaf_->entry_of<true>(slot);
  return {bytes_of(entry + prefix_), static_cast<int>(slot.key_size - prefix_), bytes_of(entry + slot.key_size),
          static_cast<int>(slot.value_size)};
}

// Whether the result may keep the leaf for rows [from, to).
bool RowRun::may_keep(int from, int to) const {
  if (!is_plain_ || (to - from) * kKeptShare < leaf_->count) return false;
  if (leaf_->blobs == 0) return true;
  int64_t sum = 0;
  for (int row = from; row < to; ++row) sum += bytes(row);
  return sum * kKeptShare >= leaf_->bytes;
}

void RowRun::add_to(KeyValueArray* result, int from, int to) const {
  std::vector<FDBKeyValue>& rows = result->rows;
  const size_t before = rows.size();
  const auto count = static_cast<size_t>(to - from);
  if (!may_keep(from, to)) {
    for (int row = from; row < to; ++row) {
      const store::Node& leaf = *leaf_;
      result->add(key(row), leaf.value(place(row)));
    }
    return;
  }
  if (rows.capacity() < before + count) rows.reserve(std::max(2 * before, before + count));
  keep(leaf_, result);
  for (int row = from; row < to; ++row) rows.push_back(row_at(place(row)));
}

}  // namespace fdb
