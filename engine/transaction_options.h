// The options of one transaction, and how each of them is applied.
//
// Thread-safety: none; a transaction owns it under its lock.
#pragma once

#include <set>
#include <vector>

#include "common.h"
#include "options.h"

namespace fdb {

// Facts about the transaction that decide whether an option may be set.
struct OptionContext {
  bool used;              // a read or write was issued
  bool tenant;            // a tenant transaction
  bool version_requested;  // a read version was requested or set
  int api_version;
  bool grv_cache_available;
};

struct TransactionOptions {
  bool causal_write_risky = false;
  bool read_your_writes_disabled = false;
  bool next_write_no_conflict = false;
  bool access_system_keys = false;
  bool read_system_keys = false;
  bool raw_access = false;
  bool bypass_unreadable = false;
  bool lock_aware = false;
  bool read_lock_aware = false;
  bool unprotected_during_commit = false;
  bool report_conflicting_keys = false;
  bool special_keys_relaxed = false;
  bool special_keys_writable = false;
  bool include_port = false;
  bool initialize_new_database = false;
  int snapshot_ryw_counter = 1;
  int64_t timeout_ms = 0;
  int64_t retry_limit = -1;
  int64_t max_retry_delay_ms = 1000;
  int64_t size_limit = 10'000'000;
  std::set<Bytes> tags;
  Bytes debug_identifier;
  Bytes span_parent;

  // Checks and applies one option. The error is to be deferred by the caller.
  Error apply(int option, const OptionValue& value, const OptionContext& context);
};

}  // namespace fdb
