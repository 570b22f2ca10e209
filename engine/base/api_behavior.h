// What depends on the API version that a program selects: one table, a row for each behaviour.
//
// Thread-safety: a value. Network keeps the one of the selected version, which is complete before that version can be seen.
// Invariants:
//  1. A row tells a behaviour, not a version: where two change at the same version, each has its row.
//  2. Nothing else in the engine compares API versions. Which arguments a C function takes, and which functions there are, is
//     decided by the version of the program's header (abi/legacy.h).
#pragma once

#include <cstdint>

namespace fdb {

class ApiBehavior {
 private:
  int16_t version_;  // first: the rows are computed from it

 public:
  explicit constexpr ApiBehavior(int version) : version_(static_cast<int16_t>(version)) {}

  // ---- life cycle -----------------------------------------------------------------------------------
  // A transaction without a tenant is born with ACCESS_SYSTEM_KEYS.
  bool born_with_system_access = before(16);
  // A retry keeps the options, but the timeout is not watched any more. Otherwise those that do not persist are forgotten.
  bool retry_keeps_options = before(16);
  // reset() applies the database's defaults again. Otherwise only the creation of a transaction does.
  bool reset_applies_defaults = from(16);
  // A successful commit resets the transaction, a failed one begins a new attempt. Otherwise it stays committed until reset
  // or on_error.
  bool commit_resets = before(410);
  // A commit that is answered lets go of the read version: the next get_read_version obtains another.
  bool commit_forgets_read_version = between(410, 700);
  // A refused on_error after a read-only commit resets one half of the official client's transaction: the next commit fails.
  bool read_only_commit_resets_half = between(410, 610);
  // An on_error that fails cancels its transaction. Otherwise it resets it as a retry does.
  bool failed_on_error_cancels = from(610);

  // ---- reads ----------------------------------------------------------------------------------------
  // A negative limit of rows reads backwards.
  bool negative_limit_reverses = before(14);
  // get_read_version is refused in an error state.
  bool error_state_refuses_read_version = from(101);
  // A get_read_version that is pending fails with a reset, cancel, timeout.
  bool reset_fails_read_version = from(101);
  // Snapshot reads see the transaction's own writes unless an option says otherwise.
  bool snapshot_sees_writes = from(300);
  // Watches of system keys need the option that reads them.
  bool watch_checks_system_access = from(300);
  // Addresses come with their port, whatever INCLUDE_PORT_IN_ADDRESS says.
  bool addresses_with_port = from(630);
  // USE_GRV_CACHE is refused where clients do not share a cache.
  bool grv_cache_needs_shared_state = from(720);

  // ---- writes ---------------------------------------------------------------------------------------
  // Conflict ranges count in the limit of a transaction's size.
  bool conflict_ranges_count_in_size = from(300);
  // Conflict ranges in the system keys need an option.
  bool conflict_range_checks_system_access = from(300);
  // A write after a commit was started is refused. Otherwise it is taken, and only the commit is poisoned.
  bool commit_refuses_writes = from(410);
  // MIN and BIT_AND set a key that is absent. Otherwise it counts as empty.
  bool min_and_set_absent = from(510);
  // The place of a versionstamp is given by four bytes at the end, of a value, too. Otherwise by two in a key, and a value
  // has its stamp at the beginning.
  bool stamp_offset_has_four_bytes = from(520);

  // ---- special keys ---------------------------------------------------------------------------------
  // The keys under \xff\xff are modules. Otherwise three of them and one range are read, and there is nothing else.
  bool special_modules = from(630);
  // set and clear reach the special keys.
  bool special_writes = from(700);
  // What each of these modules or keys has registered: management, configuration, global configuration and tracing;
  bool special_management = from(700);
  // the message of the last error;
  bool special_error_message = from(700);
  // samples of a process's actors;
  bool special_lineage = from(700);
  // the profiling keys of the management module;
  bool special_profiling = between(700, 720);
  // the part of the status about fault tolerance.
  bool special_fault_tolerance = from(740);

 private:
  constexpr bool from(int first) const { return version_ >= first; }
  constexpr bool before(int end) const { return version_ < end; }
  constexpr bool between(int first, int end) const { return from(first) && before(end); }
};

}  // namespace fdb
