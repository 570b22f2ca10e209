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
#include "txn/transaction_access.h"

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

class SpecialAccess : public TransactionAccess {
 public:
  using TransactionAccess::TransactionAccess;

  const WantedRows& wanted() const { return wanted_; }
  void want(const WantedRows& wanted) { wanted_ = wanted; }

  // System keys, as scan() reads them.
  Error get_range(Slice begin, Slice end, SpecialRows* rows);

  // ---- special-key writes ----------------------------------------------------------------------------
  bool has_writes() const { return special_attempt() != nullptr; }
  SpecialWrites& writes();
  // Leaves the text for \xff\xff/error_message and answers 2117.
  Error refuse(Slice command, Slice message);

 private:
  WantedRows wanted_;
};

struct SpecialRange {
  Slice begin;
  Slice end;
  bool ApiBehavior::* available;  // kAlways: at every version that reads special keys
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

inline constexpr bool ApiBehavior::* kAlways = nullptr;

// Adds a row if its key is in [begin, end).
inline void add_row(Slice key, Slice value, Slice begin, Slice end, SpecialRows* rows) {
  if (key >= begin && key < end) rows->emplace(key, value);
}

// Where a key that is shown below `shown` is stored: below `prefix`.
Bytes stored_key(Slice prefix, Slice shown, Slice key);
// [begin, end) of a range that is shown below `shown`, where it is stored: below `prefix`.
std::pair<Bytes, Bytes> stored_range(Slice prefix, Slice shown, Slice begin, Slice end);
// Adds the system keys that a special range shows under other names: `prefix` is replaced by `shown`.
Error read_mapped(SpecialAccess& access, Slice prefix, Slice shown, Slice begin, Slice end, SpecialRows* rows);

// A decimal number that fills `text`.
bool parse_number(Slice text, int64_t* number);

// Whether the database's only process goes by this name.
bool is_own_address(Slice address);
// Refuses the command if `address` is none.
Error check_address(SpecialAccess& access, Slice command, const Bytes& address);

}  // namespace fdb
