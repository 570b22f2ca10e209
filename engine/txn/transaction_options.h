// The options of one transaction, and how each of them is applied.
//
// Thread-safety: none; a transaction owns it under its lock.
#pragma once

#include <set>
#include <vector>

#include "base/common.h"
#include "runtime/options.h"

namespace fdb {

// Facts about the transaction that decide whether an option may be set.
struct OptionContext {
  bool used;               // a read was issued, or a write into the overlay
  bool tenant;             // a tenant transaction
  bool version_requested;  // a read version was requested or set
  bool grv_cache_available;
};

// Options that the official client keeps in the native half of a transaction, below the overlay of its own writes.
struct NativeOptions {
  bool causal_write_risky = false;
  bool raw_access = false;
  bool lock_aware = false;
  bool read_lock_aware = false;
  bool report_conflicting_keys = false;
  bool include_port = false;
  bool initialize_new_database = false;
  int64_t max_retry_delay_ms = 1000;
  int64_t size_limit = 10'000'000;
  std::set<Bytes> tags;
  Bytes debug_identifier;
  Bytes span_parent;
};

struct TransactionOptions : NativeOptions {
  bool read_your_writes_disabled = false;
  bool next_write_no_conflict = false;
  bool access_system_keys = false;
  bool read_system_keys = false;
  bool bypass_unreadable = false;
  bool unprotected_during_commit = false;
  bool special_keys_relaxed = false;
  bool special_keys_writable = false;
  int snapshot_ryw_counter = 1;
  int64_t timeout_ms = 0;
  int64_t retry_limit = -1;

  // Where the keys end that reads and writes may name, and how long they may be.
  Slice max_read_key() const;
  Slice max_write_key() const;
  size_t max_key_size(Slice key, bool for_write) const;

  // Checks and applies one option. The error is to be deferred by the caller.
  Error apply(int option, const OptionValue& value, const OptionContext& context);
};

// The options that a retry sets again, each as it was set last.
class PersistentOptions {
 public:
  struct Entry {
    int option;
    bool present;
    Bytes value;
  };

  static bool includes(int option);

  void remember(int option, bool present, Slice value);
  void clear() { entries_.clear(); }
  // In the order in which they were set.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace fdb
