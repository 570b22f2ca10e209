#include "txn/transaction_options.h"

#include <algorithm>
#include <cstring>

#include "base/fdb_headers.h"
#include "db/system_keys.h"

namespace fdb {

namespace {

constexpr size_t kMaxTags = 5;
constexpr size_t kMaxTagLength = 255;
constexpr size_t kSpanParentLength = 33;
constexpr Error kIncompatibleProtocol = 2100;

Error add_tag(std::set<Bytes>* tags, const OptionValue& value) {
  if (!value.present) return err::kInvalidOptionValue;
  if (tags->size() >= kMaxTags) return err::kTooManyTags;  // even for one of them
  if (value.bytes.size() > kMaxTagLength) return err::kTagTooLong;
  tags->emplace(value.bytes);
  return 0;
}

Error set_debug_identifier(Bytes* identifier, const OptionValue& value) {
  if (!value.present || value.bytes.empty() || value.bytes.size() > 100) return err::kInvalidOptionValue;
  if (!identifier->empty() && *identifier != value.bytes) return err::kClientInvalidOperation;
  *identifier = value.bytes;
  return 0;
}

// The parent begins with a protocol version: 0x0FDB00B… with or without the object-serializer flag.
Error set_span_parent(Bytes* parent, const OptionValue& value) {
  if (!value.present || value.bytes.size() != kSpanParentLength) return err::kInvalidOptionValue;
  uint64_t protocol;
  std::memcpy(&protocol, value.bytes.data(), sizeof protocol);
  if ((protocol & 0x0FFFFFFF00000000ULL) != 0x0FDB00B000000000ULL && (protocol >> 32 & 0x0FFFFFF0ULL) != 0x0FDB00B0ULL) {
    return kIncompatibleProtocol;
  }
  *parent = value.bytes;
  return 0;
}

}  // namespace

Error TransactionOptions::apply(int option, const OptionValue& value, const OptionContext& context) {
  switch (option) {
    case FDB_TR_OPTION_CAUSAL_WRITE_RISKY: causal_write_risky = true; return 0;
    case FDB_TR_OPTION_READ_YOUR_WRITES_DISABLE:
      if (context.used) return err::kClientInvalidOperation;
      read_your_writes_disabled = true;
      return 0;
    case FDB_TR_OPTION_NEXT_WRITE_NO_WRITE_CONFLICT_RANGE: next_write_no_conflict = true; return 0;
    case FDB_TR_OPTION_ACCESS_SYSTEM_KEYS:
    case FDB_TR_OPTION_READ_SYSTEM_KEYS:
    case FDB_TR_OPTION_RAW_ACCESS:
      if (context.tenant) return err::kInvalidOption;
      access_system_keys = access_system_keys || option == FDB_TR_OPTION_ACCESS_SYSTEM_KEYS;
      read_system_keys = read_system_keys || option != FDB_TR_OPTION_RAW_ACCESS;
      raw_access = true;
      return 0;
    case FDB_TR_OPTION_USE_PROVISIONAL_PROXIES: return context.tenant ? err::kInvalidOption : 0;
    case FDB_TR_OPTION_BYPASS_UNREADABLE: bypass_unreadable = true; return 0;
    case FDB_TR_OPTION_LOCK_AWARE:
      lock_aware = true;
      read_lock_aware = false;
      return 0;
    case FDB_TR_OPTION_READ_LOCK_AWARE:
      if (!lock_aware) read_lock_aware = true;
      return 0;
    case FDB_TR_OPTION_USED_DURING_COMMIT_PROTECTION_DISABLE: unprotected_during_commit = true; return 0;
    case FDB_TR_OPTION_REPORT_CONFLICTING_KEYS: report_conflicting_keys = true; return 0;
    case FDB_TR_OPTION_SPECIAL_KEY_SPACE_RELAXED: special_keys_relaxed = true; return 0;
    case FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES: special_keys_writable = true; return 0;
    case FDB_TR_OPTION_INCLUDE_PORT_IN_ADDRESS: include_port = true; return 0;
    case FDB_TR_OPTION_INITIALIZE_NEW_DATABASE:
      if (context.version_requested) return err::kReadVersionAlreadySet;
      initialize_new_database = true;
      causal_write_risky = true;
      return 0;
    case FDB_TR_OPTION_SNAPSHOT_RYW_ENABLE: ++snapshot_ryw_counter; return 0;
    case FDB_TR_OPTION_SNAPSHOT_RYW_DISABLE: --snapshot_ryw_counter; return 0;
    case FDB_TR_OPTION_TIMEOUT: timeout_ms = value.number; return 0;
    case FDB_TR_OPTION_RETRY_LIMIT: retry_limit = value.number; return 0;
    case FDB_TR_OPTION_MAX_RETRY_DELAY: max_retry_delay_ms = value.number; return 0;
    case FDB_TR_OPTION_SIZE_LIMIT: size_limit = value.number; return 0;
    case FDB_TR_OPTION_TAG:
    case FDB_TR_OPTION_AUTO_THROTTLE_TAG: return add_tag(&tags, value);
    case FDB_TR_OPTION_DEBUG_TRANSACTION_IDENTIFIER:
    case FDB_TR_OPTION_TRANSACTION_LOGGING_ENABLE: return set_debug_identifier(&debug_identifier, value);
    case FDB_TR_OPTION_LOG_TRANSACTION: return debug_identifier.empty() ? err::kClientInvalidOperation : 0;
    case FDB_TR_OPTION_SPAN_PARENT: return set_span_parent(&span_parent, value);
    case FDB_TR_OPTION_IDEMPOTENCY_ID: return value.bytes.size() < 16 || value.bytes.size() > 255 ? err::kInvalidOption : 0;
    case FDB_TR_OPTION_USE_GRV_CACHE: return context.grv_cache_available ? 0 : err::kInvalidOption;
    default: return 0;  // no visible effect on one node beyond the checks already made
  }
}

Slice TransactionOptions::max_read_key() const {
  return access_system_keys || read_system_keys ? system_keys::kSystemEnd : system_keys::kSystemBegin;
}

Slice TransactionOptions::max_write_key() const {
  return access_system_keys ? system_keys::kSystemEnd : system_keys::kSystemBegin;
}

size_t TransactionOptions::max_key_size(Slice key, bool for_write) const {
  if (!key.empty() && key[0] == '\xff') return 30'000;
  return for_write && !raw_access ? 10'000 : 10'008;
}

bool PersistentOptions::includes(int option) {
  return option == FDB_TR_OPTION_TIMEOUT || option == FDB_TR_OPTION_RETRY_LIMIT || option == FDB_TR_OPTION_MAX_RETRY_DELAY ||
         option == FDB_TR_OPTION_AUTHORIZATION_TOKEN;
}

void PersistentOptions::remember(int option, bool present, Slice value) {
  std::erase_if(entries_, [option](const Entry& entry) { return entry.option == option; });
  entries_.push_back({option, present, Bytes(value)});
}

}  // namespace fdb
