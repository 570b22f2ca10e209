// Frees nodes of the version store whose last reference is gone, large structures on a thread of its own.
//
// Thread-safety: release() (declared in store_node.h) may be called from any thread.
// Invariants:
//  1. A drop frees at most kInlineBudget nodes in the caller; what is left goes to the thread, unless that one lags
//     by more than kMaxBacklog bytes or cannot be started: then the caller frees everything itself.
//  2. The thread blocks all signals, is detached and uses nothing that static destruction destroys.
//  3. After fork() the child starts a thread of its own when it needs one; what was queued is freed there.
#pragma once

#include <cstdint>

namespace fdb::store {

constexpr int kInlineBudget = 64;
constexpr int64_t kMaxBacklog = 64 << 20;

// Estimated bytes that wait for the thread, for tests.
int64_t reclaimer_backlog();

}  // namespace fdb::store
