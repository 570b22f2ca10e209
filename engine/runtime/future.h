// One future of the C API: a result or an error that arrives once, and what waits for it.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. state goes from pending to ready once and never back (release_memory turns the value into error 1102).
//  2. A callback runs exactly once: inline when set on a ready future, otherwise on the network thread.
//  3. No engine lock is held while a callback, a look hook or a cancel hook runs.
//  4. `destroy` drops the caller's reference after cancelling; pending callbacks still fire.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/arena.h"
#include "base/common.h"
#include "base/fdb_headers.h"

namespace fdb {

class Future;
class Network;

// Keeps bytes that rows point to.
class RowKeeper {
 public:
  virtual ~RowKeeper() = default;
};

// Rows of a range read. The bytes live in the arena, or in what the keeper keeps.
struct KeyValueArray {
  std::vector<FDBKeyValue> rows;
  bool more = false;
  Arena arena;
  std::unique_ptr<RowKeeper> keeper;

  void add(Slice key, Slice value);
};
struct MappedKeyValueArray {
  std::vector<FDBMappedKeyValue> rows;
  std::vector<std::vector<FDBKeyValue>> secondary;  // what rows[i].getRange.data points to
  bool more = false;
  Arena arena;
};
struct KeyArray {
  std::vector<FDBKey> keys;
  Arena arena;

  void add(Slice key);
};
struct StringArray {
  std::vector<Bytes> strings;
  std::vector<const char*> pointers;
};
struct KeyRangeArray {
  std::vector<FDBKeyRange> ranges;
  Arena arena;
};

struct Void {};
struct KeyResult {
  Bytes key;
};
struct ValueResult {
  bool present = false;
  Bytes value;
};

// One whose bytes lie behind the future that has it.
struct PlacedValue {
  bool present = false;
  Slice value;
};

// The last alternative holds an object of the C API: a cluster or a database.
using Result = std::variant<Void, bool, int64_t, uint64_t, double, KeyResult, ValueResult, PlacedValue,
                            std::unique_ptr<KeyValueArray>, std::unique_ptr<MappedKeyValueArray>, std::unique_ptr<KeyArray>,
                            std::unique_ptr<StringArray>, std::unique_ptr<KeyRangeArray>, std::shared_ptr<void>>;

// The value in the result of a read of a key; null if it is none. Good while the future has it.
std::optional<PlacedValue> value_in(const Result& result);

// Called (without locks) before a pending future is looked at (is_ready, wait, callback, getter): a commit that has
// taken effect is delivered at that moment. Also called when a pending future is cancelled or destroyed.
class FutureHook {
 public:
  virtual ~FutureHook() = default;
  virtual void before_look(Future&) {}
  // The future was pending and has just become 1101 by fdb_future_cancel or fdb_future_destroy.
  virtual void after_cancel(Future&) {}
};

class Future : public RefCounted<Future> {
 public:
  // A future that is pending until complete() or fail(). Its callbacks are posted to `network`.
  explicit Future(Network& network);
  ~Future();

  // Ready at birth (argument errors always; results only while the network runs: see Network::answer).
  static Ref<Future> ready(Result result);
  static Ref<Future> ready_value(bool present, Slice value);
  static Ref<Future> failed(Error error);
  // One that says so (1500) when there is no memory for any other; the same each time, and there is always a reference to it.
  static Ref<Future> failed_for_want_of_memory() noexcept;

  // Dropped on completion. Set before the future is handed out, or while its creator has not said that it is a watch.
  void set_hook(std::shared_ptr<FutureHook> hook);

  // First one wins; false if it was ready already. Callbacks are always posted to the network thread's queue, also when
  // this is the network thread: the caller may hold a transaction's lock.
  bool complete(Result result);
  bool fail(Error error);

  // ---- what the C API asks --------------------------------------------------------------------
  bool is_ready();
  // Like is_ready, but does not count as a look.
  bool is_ready_quietly() const;
  Error block_until_ready();  // 2026 when pending on the network thread
  Error set_callback(FDBCallback callback, void* parameter);
  Error get_error();  // 2015 when not ready
  void cancel();
  void destroy();
  void release_memory();

  // The stored result for a getter: 2015, the error, or 0 with *out set (and the value-reference counter
  // of fdb_future_release_memory incremented).
  Error value(Result** out);

  static void* operator new(size_t size) { return ::operator new(size); }
  static void operator delete(void* place) noexcept { ::operator delete(place); }

  FDBFuture* handle() { return reinterpret_cast<FDBFuture*>(this); }
  static Future* from(FDBFuture* handle) { return reinterpret_cast<Future*>(handle); }

 private:
  struct Callbacks;
  struct Slow;  // callbacks, hook; only futures that were pending when somebody cared have one

  struct Room {
    size_t bytes;
  };

  Future();  // for those that are ready at birth
  // With room for bytes behind it.
  static void* operator new(size_t size, Room room) { return ::operator new(size + room.bytes); }
  static void operator delete(void* place, Room) noexcept { ::operator delete(place); }

  // Also tells which hook the future had until then.
  bool finish(Error error, Result&& result, std::shared_ptr<FutureHook>* hook = nullptr);
  // Whether the future is ready after those who deliver on demand had their chance.
  bool look();
  Slow& slow();
  std::shared_ptr<FutureHook> hook();

  // In an order without gaps: 80 bytes, which begin with the count of references.
  Error error_ = 0;  // written before kReady, then constant
  enum State : uint8_t { kPending, kFinishing, kReady };
  std::atomic<uint8_t> state_{kPending};
  // How many getters succeeded and were not balanced by release_memory(), or a mark that the value is gone.
  std::atomic<int> value_references_{0};
  Network* const network_ = nullptr;  // of one that was pending
  Result result_{Void{}};             // as error_, but for release_memory()
  std::unique_ptr<Slow> slow_;        // guarded by the stripe of this future; gone when ready
};

}  // namespace fdb
