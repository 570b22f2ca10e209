#include "runtime/options.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <string_view>

#include "base/fdb_headers.h"

namespace fdb {

namespace {

enum class ParameterType { None, Int, String, Bytes };

struct OptionRow {
  OptionScope scope;
  int code;
  ParameterType type;
  int default_for;  // -1: not a default of a transaction option
};

constexpr OptionScope scope_named(std::string_view name) {
  return name == "network" ? OptionScope::kNetwork : name == "database" ? OptionScope::kDatabase : OptionScope::kTransaction;
}

constexpr OptionRow kOptions[] = {
#define FDB_OPTION(scope, name, code, type, persistent, default_for, hidden) \
  {scope_named(#scope), code, ParameterType::type, default_for},
#include "runtime/generated_options.inc"
#undef FDB_OPTION
};

// Options without parameter whose value, if any, nobody looks at.
constexpr struct {
  OptionScope scope;
  int code;
} kUnchecked[] = {
    {OptionScope::kNetwork, FDB_NET_OPTION_TRACE_INITIALIZE_ON_SETUP},
    {OptionScope::kNetwork, FDB_NET_OPTION_BUGGIFY_ENABLE},
    {OptionScope::kNetwork, FDB_NET_OPTION_BUGGIFY_DISABLE},
    {OptionScope::kNetwork, FDB_NET_OPTION_BUGGIFY_SECTION_ACTIVATED_PROBABILITY},
    {OptionScope::kNetwork, FDB_NET_OPTION_BUGGIFY_SECTION_FIRED_PROBABILITY},
    {OptionScope::kNetwork, FDB_NET_OPTION_TLS_DISABLE_PLAINTEXT_CONNECTION},
    {OptionScope::kNetwork, FDB_NET_OPTION_CLIENT_BUGGIFY_ENABLE},
    {OptionScope::kNetwork, FDB_NET_OPTION_CLIENT_BUGGIFY_DISABLE},
    {OptionScope::kNetwork, FDB_NET_OPTION_EXTERNAL_CLIENT},
    {OptionScope::kNetwork, FDB_NET_OPTION_EXTERNAL_CLIENT_TRANSPORT_ID},
    {OptionScope::kTransaction, FDB_TR_OPTION_CAUSAL_READ_DISABLE},
    {OptionScope::kTransaction, FDB_TR_OPTION_DURABILITY_DATACENTER},
    {OptionScope::kTransaction, FDB_TR_OPTION_DURABILITY_RISKY},
    {OptionScope::kTransaction, FDB_TR_OPTION_DURABILITY_DEV_NULL_IS_WEB_SCALE},
    {OptionScope::kTransaction, FDB_TR_OPTION_READ_SERVER_SIDE_CACHE_ENABLE},
    {OptionScope::kTransaction, FDB_TR_OPTION_READ_SERVER_SIDE_CACHE_DISABLE},
    {OptionScope::kTransaction, FDB_TR_OPTION_READ_PRIORITY_NORMAL},
    {OptionScope::kTransaction, FDB_TR_OPTION_READ_PRIORITY_LOW},
    {OptionScope::kTransaction, FDB_TR_OPTION_READ_PRIORITY_HIGH},
    {OptionScope::kTransaction, FDB_TR_OPTION_BYPASS_STORAGE_QUOTA},
};

// Legal values of integer options; an option that is not here takes every number.
constexpr struct {
  OptionScope scope;
  int code;
  int64_t low;
  int64_t high;
} kRanges[] = {
    {OptionScope::kNetwork, FDB_NET_OPTION_TRACE_ROLL_SIZE, 0, INT64_MAX},
    {OptionScope::kNetwork, FDB_NET_OPTION_TRACE_MAX_LOGS_SIZE, 0, INT64_MAX},
    {OptionScope::kNetwork, FDB_NET_OPTION_CLIENT_THREADS_PER_VERSION, 1, 1024},
    {OptionScope::kNetwork, FDB_NET_OPTION_CLIENT_BUGGIFY_SECTION_ACTIVATED_PROBABILITY, 0, 100},
    {OptionScope::kNetwork, FDB_NET_OPTION_CLIENT_BUGGIFY_SECTION_FIRED_PROBABILITY, 0, 100},
    {OptionScope::kDatabase, FDB_DB_OPTION_LOCATION_CACHE_SIZE, 0, INT_MAX},
    {OptionScope::kDatabase, FDB_DB_OPTION_MAX_WATCHES, 0, 1'000'000},
    {OptionScope::kDatabase, FDB_DB_OPTION_TEST_CAUSAL_READ_RISKY, 0, 100},
    {OptionScope::kTransaction, FDB_TR_OPTION_TRANSACTION_LOGGING_MAX_FIELD_LENGTH, -1, INT32_MAX},
    {OptionScope::kTransaction, FDB_TR_OPTION_TIMEOUT, 0, INT_MAX},
    {OptionScope::kTransaction, FDB_TR_OPTION_RETRY_LIMIT, -1, INT_MAX},
    {OptionScope::kTransaction, FDB_TR_OPTION_MAX_RETRY_DELAY, 0, INT_MAX},
    {OptionScope::kTransaction, FDB_TR_OPTION_SIZE_LIMIT, 32, 10'000'000},
    {OptionScope::kTransaction, FDB_TR_OPTION_CONSISTENCY_CHECK_REQUIRED_REPLICAS, -2, INT64_MAX},
};

const OptionRow* find_option(OptionScope scope, int code) {
  for (const OptionRow& row : kOptions) {
    if (row.scope == scope && row.code == code) return &row;
  }
  return nullptr;
}

bool is_unchecked(const OptionRow& row) {
  if (row.scope == OptionScope::kDatabase && row.default_for >= 0) return true;
  return std::any_of(std::begin(kUnchecked), std::end(kUnchecked),
                     [&](const auto& entry) { return entry.scope == row.scope && entry.code == row.code; });
}

int64_t little_endian(Slice bytes) {
  uint64_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return static_cast<int64_t>(number);
}

Error check_range(const OptionRow& row, int64_t number) {
  // Lengths of log fields: any, or unlimited (-1), but not none.
  if (row.scope == OptionScope::kTransaction && row.code == FDB_TR_OPTION_TRANSACTION_LOGGING_MAX_FIELD_LENGTH && number == 0) {
    return err::kInvalidOptionValue;
  }
  for (const auto& range : kRanges) {
    if (range.scope != row.scope || range.code != row.code) continue;
    return number < range.low || number > range.high ? err::kInvalidOptionValue : 0;
  }
  return 0;
}

}  // namespace

int default_for(int database_option) {
  const OptionRow* row = find_option(OptionScope::kDatabase, database_option);
  return row ? row->default_for : -1;
}

bool is_known_option(OptionScope scope, int code) { return find_option(scope, code) != nullptr; }

Error parse_option_value(OptionScope scope, int code, const uint8_t* value, int length, OptionValue* out) {
  const OptionRow* row = find_option(scope, code);
  if (!row) return err::kInvalidOption;
  out->present = value != nullptr;
  out->bytes = value && length > 0 ? Slice(reinterpret_cast<const char*>(value), static_cast<size_t>(length)) : Slice();
  const bool is_number = row->type == ParameterType::Int && out->bytes.size() == sizeof(int64_t);
  out->number = is_number ? little_endian(out->bytes) : 0;
  if (is_unchecked(*row)) return 0;
  switch (row->type) {
    case ParameterType::None: return out->bytes.empty() ? 0 : err::kInvalidOptionValue;
    case ParameterType::Int: return is_number ? check_range(*row, out->number) : err::kInvalidOptionValue;
    case ParameterType::String:
    case ParameterType::Bytes: return 0;
  }
  return 0;
}

}  // namespace fdb
