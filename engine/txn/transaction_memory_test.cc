// Memory of transactions that have ended, and of several at a time.
#include "txn/transaction_memory.h"

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "sim/test_support.h"

namespace fdb {

namespace {

constexpr size_t kSize = 2'000;

void test_pieces_are_apart() {
  std::set<void*> pieces;
  for (int i = 0; i < 100; ++i) {
    void* const piece = transaction_memory::allocate(kSize);
    std::memset(piece, i, kSize);
    CHECK(pieces.insert(piece).second);
  }
  for (void* piece : pieces) transaction_memory::free(piece, kSize);
}

void test_threads_take_what_others_leave() {
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([number] {
      for (int i = 0; i < 10'000; ++i) {
        auto* const first = static_cast<int*>(transaction_memory::allocate(kSize));
        auto* const second = static_cast<int*>(transaction_memory::allocate(kSize));
        *first = number;
        *second = -number;
        CHECK(first != second && *first == number && *second == -number);
        transaction_memory::free(first, kSize);
        transaction_memory::free(second, kSize);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_pieces_are_apart();
  fdb::test_threads_take_what_others_leave();
}
