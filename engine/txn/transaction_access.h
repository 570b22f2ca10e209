// A transaction as the special key space sees it: what it has read and written, the system keys at its read version, and
// writes that no check refuses.
//
// Thread-safety: none; used under the transaction's lock.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "txn/special_key_space.h"
#include "txn/transaction_state.h"

namespace fdb {

class TransactionAccess {
 public:
  explicit TransactionAccess(TransactionState& transaction) : transaction_(transaction) {}

  const ApiBehavior& behavior() const { return transaction_.behavior(); }
  bool in_tenant() const { return transaction_.view_.in_tenant(); }
  const TransactionOptions& options() const { return transaction_.options_; }
  Database& database() const { return *transaction_.database_; }
  Keyspace& keyspace() const { return transaction_.keyspace(); }
  bool has_written() const { return transaction_.size_.approximate() > 0; }

  // ---- what the transaction has read and written ----------------------------------------------------
  // Fails when a registered read failed or is still waiting.
  Error read_conflicts(std::vector<KeyRange>* ranges);
  std::vector<KeyRange> write_conflicts(Arena* arena) const;
  const std::vector<std::pair<Bytes, Bytes>>& conflicting_ranges() const { return transaction_.conflicting_ranges_; }

  // ---- system keys, at the transaction's read version; reads add read conflict ranges ----------------
  Error read_version(Version* version);
  Error get(Slice key, std::optional<Bytes>* value);
  // The keys of [begin, end) one by one, from either side, until `take(key, value)` answers false.
  Error scan(Slice begin, Slice end, bool reverse, const std::function<bool(Slice, Slice)>& take);
  // Whether [begin, end) holds a key.
  Error any_key(Slice begin, Slice end, bool* found);
  // How many keys [begin, end) has now, without a conflict range.
  int64_t count(Slice begin, Slice end) const { return keyspace().current().range_stats(begin, end).keys; }

  // ---- at commit: writes that no check refuses -------------------------------------------------------
  void set(Slice key, Slice value);
  void clear(Slice key) { clear_range(key, key_after(key)); }
  void clear_range(Slice begin, Slice end);
  // The stamp replaces the first ten bytes of `value`.
  void set_stamped(Slice key, Slice value);
  void add_write_conflict(Slice begin, Slice end);
  // From here on the transaction works on a locked database, too.
  void become_lock_aware() { transaction_.options_.lock_aware = true; }

 protected:
  // What the attempt keeps for the special key space; null as long as there is nothing.
  std::unique_ptr<SpecialAttempt>& special_attempt() const { return transaction_.attempt_.special; }

 private:
  Error prepare_read();

  TransactionState& transaction_;
};

}  // namespace fdb
