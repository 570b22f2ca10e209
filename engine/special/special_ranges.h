// The registered ranges of the special key space: one for each group of keys that is implemented together, and the
// transaction as these implementations see it.
//
// Thread-safety: none; called under the transaction's lock.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>

#include "special/special_keys.h"

namespace fdb {

using SpecialRows = std::map<Bytes, Bytes, std::less<>>;

// How many of a range's rows are going to be looked at. Who has to work for each row need not deliver more.
struct WantedRows {
  int64_t rows = -1;   // -1: all
  int64_t bytes = -1;  // of keys and values; the row that reaches it is wanted, too
  bool reverse = false;

  // Whether a row is wanted after these.
  bool more(int64_t seen_rows, int64_t seen_bytes) const {
    return (rows < 0 || seen_rows < rows) && (bytes < 0 || seen_bytes < bytes);
  }
};

class SpecialKeys::Access {
 public:
  explicit Access(Transaction& transaction) : transaction_(transaction) {}

  const WantedRows& wanted() const { return wanted_; }
  void want(const WantedRows& wanted) { wanted_ = wanted; }

  int api_version() const { return transaction_.api_version(); }
  bool in_tenant() const { return static_cast<bool>(transaction_.tenant_); }
  const TransactionOptions& options() const { return transaction_.options_; }
  Database& database() const { return *transaction_.database_; }
  Keyspace& keyspace() const { return transaction_.keyspace(); }
  bool has_written() const { return transaction_.approximate_size_ > 0; }

  // ---- what the transaction has read and written ----------------------------------------------------
  // Fails when a registered read failed or is still waiting.
  Error read_conflicts(std::vector<KeyRange>* ranges);
  std::vector<KeyRange> write_conflicts(Arena* arena) const;
  const std::vector<std::pair<Bytes, Bytes>>& conflicting_ranges() const { return transaction_.conflicting_ranges_; }

  // ---- system keys, at the transaction's read version; reads add read conflict ranges ----------------
  Error read_version(Version* version);
  Error get(Slice key, std::optional<Bytes>* value);
  Error get_range(Slice begin, Slice end, SpecialRows* rows);
  // The same one by one, from either side, until `take(key, value)` answers false.
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

  // ---- special-key writes ----------------------------------------------------------------------------
  bool has_writes() const { return transaction_.special_writes_ != nullptr; }
  SpecialWrites& writes();
  // Leaves the text for \xff\xff/error_message and answers 2117.
  Error refuse(Slice command, Slice message);

 private:
  Error prepare_read();

  Transaction& transaction_;
  WantedRows wanted_;
};

using SpecialAccess = SpecialKeys::Access;

struct SpecialRange {
  Slice begin;
  Slice end;
  int min_api_version;
  int end_api_version;
  bool in_tenants;
  // Adds the rows of [begin, end), which lies within the range.
  Error (*read)(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows);
  // Null for ranges that are only read.
  Error (*commit)(SpecialAccess& access, const SpecialRange& range);
  // Whether reads show the transaction's own writes.
  bool shows_writes = false;
  // Null: the write is kept until commit.
  Error (*set)(SpecialAccess& access, Slice key, Slice value) = nullptr;
  Error (*clear)(SpecialAccess& access, Slice begin, Slice end) = nullptr;

  bool writable() const { return commit != nullptr; }
  std::vector<SpecialWriteMap::Piece> written(SpecialAccess& access) const { return access.writes().values.pieces(begin, end); }
};

// Each in ascending order and with ranges that do not overlap those of the others.
std::span<const SpecialRange> transaction_special_ranges();
std::span<const SpecialRange> cluster_special_ranges();
std::span<const SpecialRange> management_special_ranges();
std::span<const SpecialRange> exclusion_special_ranges();
std::span<const SpecialRange> configuration_special_ranges();
std::span<const SpecialRange> tenant_special_ranges();

// ---- for implementations -----------------------------------------------------------------------------

// A string literal with its zero bytes, but without the one that ends it.
template <size_t N>
constexpr Slice literal(const char (&text)[N]) {
  return Slice(text, N - 1);
}

inline constexpr int kEveryApiVersion = 1 << 30;  // as end_api_version: for good

// Adds a row if its key is in [begin, end).
inline void add_row(Slice key, Slice value, Slice begin, Slice end, SpecialRows* rows) {
  if (key >= begin && key < end) rows->emplace(key, value);
}

// [begin, end) of a range that is shown below `shown`, where it is stored: below `prefix`.
std::pair<Bytes, Bytes> stored_range(Slice prefix, Slice shown, Slice begin, Slice end);
// Adds the system keys that a special range shows under other names: `prefix` is replaced by `shown`.
Error read_mapped(SpecialAccess& access, Slice prefix, Slice shown, Slice begin, Slice end, SpecialRows* rows);

// A decimal number that fills `text`.
bool parse_number(Slice text, int64_t* number);

}  // namespace fdb
