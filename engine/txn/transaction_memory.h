// The memory of transactions: that of one that has ended is kept for the next, as most live for a few calls, and an allocation of
// their size takes longer than those.
//
// Thread-safety: every function may be called from any thread. No lock is taken.
#pragma once

#include <cstddef>

namespace fdb::transaction_memory {

// Throws std::bad_alloc. The size is the same each time.
void* allocate(size_t size);
void free(void* place, size_t size) noexcept;

}  // namespace fdb::transaction_memory

namespace fdb {

// Base of the class whose objects lie there.
class InTransactionMemory {
 public:
  static void* operator new(size_t size) { return transaction_memory::allocate(size); }
  static void operator delete(void* place, size_t size) noexcept { transaction_memory::free(place, size); }
};

}  // namespace fdb
