// Handles of the C API: a Database over a Keyspace, and a Tenant of it.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "db/keyspace.h"
#include "runtime/future.h"

namespace fdb {

class FileHandle;
class Tenant;

// One default that a database gives to its transactions.
struct OptionDefault {
  int transaction_option;
  bool present;
  Bytes value;
};

class Database : public RefCounted<Database> {
 public:
  Database(Network& network, Ref<Keyspace> keyspace, Error deferred, Bytes opened_path);
  // In a file, which it keeps open.
  Database(Network& network, std::shared_ptr<FileHandle> file, Bytes opened_path);
  // One that cannot be used, for a reason that there is a text for.
  Database(Network& network, const durable::FileError& problem, Bytes opened_path);

  // The program's handles, of which this object is the first: a database, its tenants, its transactions. When the last one is dropped
  // a file is closed, whoever still refers to this object. Blocks then.
  void add_handle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }
  void drop_handle() noexcept;
  // fdb_database_destroy: drops the caller's reference.
  void destroy() {
    drop_handle();
    release();
  }

  Error set_option(int option, const uint8_t* value, int length);
  Ref<Tenant> open_tenant(Slice name);
  // Hands out an answer of the database's own, late if it has a latency.
  Ref<Future> answer(Result result);
  Ref<Future> answer_error(Error error);

  Network& network() const { return network_; }
  // Null when the database is unusable; then deferred_error() says why.
  Keyspace* keyspace() const { return keyspace_.get(); }
  Error deferred_error() const { return deferred_error_.load(std::memory_order_acquire); }
  // What there is to say to people about that; empty if nothing.
  const Bytes& problem() const { return problem_; }
  // What the cluster file path special key shows.
  const Bytes& opened_path() const { return opened_path_; }
  Bytes connection_string() const;

  // ---- for transactions ---------------------------------------------------------------------------
  int snapshot_ryw_counter() const { return snapshot_ryw_counter_.load(std::memory_order_acquire); }
  bool has_transaction_defaults() const { return has_defaults_.load(std::memory_order_acquire); }
  std::vector<OptionDefault> transaction_defaults() const;
  const std::shared_ptr<WatchSlots>& watch_slots() const { return watch_slots_; }

  FDBDatabase* handle() { return reinterpret_cast<FDBDatabase*>(this); }
  static Database* from(FDBDatabase* handle) { return reinterpret_cast<Database*>(handle); }

 private:
  Network& network_;
  const Ref<Keyspace> keyspace_;
  std::shared_ptr<FileHandle> file_;
  std::atomic<int64_t> handles_{1};
  const Bytes opened_path_;
  Bytes problem_;
  // Every new transaction looks at these three, so that takes no lock; they change under it.
  std::atomic<Error> deferred_error_;
  std::atomic<int> snapshot_ryw_counter_;
  std::atomic<bool> has_defaults_{false};
  mutable Mutex mutex_;
  std::vector<OptionDefault> defaults_;
  const std::shared_ptr<WatchSlots> watch_slots_ = std::make_shared<WatchSlots>();  // of watches that may outlive this
};

class Tenant : public RefCounted<Tenant> {
 public:
  Tenant(Ref<Database> database, Slice name) : database_(std::move(database)), name_(name) { database_->add_handle(); }

  // fdb_tenant_destroy: drops the caller's reference.
  void destroy();

  Ref<Future> get_id();

  Database& database() const { return *database_; }
  const Bytes& name() const { return name_; }
  // The id the name had in `snapshot`, remembered from the first success on; 2131 if there is none.
  Error resolve(const Snapshot& snapshot, int64_t* id);

  FDBTenant* handle() { return reinterpret_cast<FDBTenant*>(this); }
  static Tenant* from(FDBTenant* handle) { return reinterpret_cast<Tenant*>(handle); }

 private:
  const Ref<Database> database_;
  const Bytes name_;
  Mutex mutex_;
  int64_t id_ = -1;
};

}  // namespace fdb
