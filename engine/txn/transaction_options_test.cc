// What each option of a transaction refuses, and which of them outlive an attempt.
#include "txn/transaction_options.h"

#include "base/fdb_headers.h"
#include "sim/test_support.h"

namespace fdb {

namespace {

constexpr OptionContext kFresh{.used = false, .tenant = false, .version_requested = false, .grv_cache_available = true};

Error apply(TransactionOptions& options, int option, const OptionContext& context = kFresh) {
  return options.apply(option, OptionValue(), context);
}

Error apply(TransactionOptions& options, int option, Slice value) {
  return options.apply(option, OptionValue{.present = true, .bytes = value}, kFresh);
}

void test_what_depends_on_the_transaction() {
  TransactionOptions options;
  OptionContext context = kFresh;
  context.used = true;
  CHECK_EQ(apply(options, FDB_TR_OPTION_READ_YOUR_WRITES_DISABLE, context), err::kClientInvalidOperation);
  context = kFresh;
  context.tenant = true;
  for (const int option : {FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, FDB_TR_OPTION_READ_SYSTEM_KEYS, FDB_TR_OPTION_RAW_ACCESS,
                           FDB_TR_OPTION_USE_PROVISIONAL_PROXIES}) {
    CHECK_EQ(apply(options, option, context), err::kInvalidOption);
    CHECK_EQ(apply(options, option), 0);
  }
  context = kFresh;
  context.version_requested = true;
  CHECK_EQ(apply(options, FDB_TR_OPTION_INITIALIZE_NEW_DATABASE, context), err::kReadVersionAlreadySet);
  context = kFresh;
  context.grv_cache_available = false;
  CHECK_EQ(apply(options, FDB_TR_OPTION_USE_GRV_CACHE, context), err::kInvalidOption);
  CHECK(!options.read_your_writes_disabled && !options.initialize_new_database);
}

void test_system_keys() {
  TransactionOptions raw;
  CHECK_EQ(apply(raw, FDB_TR_OPTION_RAW_ACCESS), 0);
  CHECK(raw.raw_access && !raw.read_system_keys && !raw.access_system_keys);
  TransactionOptions reading;
  CHECK_EQ(apply(reading, FDB_TR_OPTION_READ_SYSTEM_KEYS), 0);
  CHECK(reading.raw_access && reading.read_system_keys && !reading.access_system_keys);
  TransactionOptions writing;
  CHECK_EQ(apply(writing, FDB_TR_OPTION_ACCESS_SYSTEM_KEYS), 0);
  CHECK(writing.raw_access && writing.read_system_keys && writing.access_system_keys);
}

void test_locks() {
  TransactionOptions options;
  CHECK_EQ(apply(options, FDB_TR_OPTION_READ_LOCK_AWARE), 0);
  CHECK(options.read_lock_aware);
  CHECK_EQ(apply(options, FDB_TR_OPTION_LOCK_AWARE), 0);
  CHECK(options.lock_aware && !options.read_lock_aware);
  CHECK_EQ(apply(options, FDB_TR_OPTION_READ_LOCK_AWARE), 0);
  CHECK(!options.read_lock_aware);  // the stronger one stays
}

void test_tags() {
  TransactionOptions options;
  CHECK_EQ(apply(options, FDB_TR_OPTION_TAG), err::kInvalidOptionValue);
  CHECK_EQ(apply(options, FDB_TR_OPTION_TAG, Bytes(256, 't')), err::kTagTooLong);
  for (const Slice tag : {"a", "a", "b", "c", "d"}) CHECK_EQ(apply(options, FDB_TR_OPTION_TAG, tag), 0);
  CHECK_EQ(apply(options, FDB_TR_OPTION_AUTO_THROTTLE_TAG, Bytes(255, 't')), 0);
  CHECK_EQ(apply(options, FDB_TR_OPTION_TAG, "a"), err::kTooManyTags);
  CHECK_EQ(options.tags.size(), 5u);
}

void test_debug_identifiers() {
  TransactionOptions options;
  CHECK_EQ(apply(options, FDB_TR_OPTION_LOG_TRANSACTION), err::kClientInvalidOperation);
  CHECK_EQ(apply(options, FDB_TR_OPTION_DEBUG_TRANSACTION_IDENTIFIER, ""), err::kInvalidOptionValue);
  CHECK_EQ(apply(options, FDB_TR_OPTION_DEBUG_TRANSACTION_IDENTIFIER, Bytes(101, 'i')), err::kInvalidOptionValue);
  CHECK_EQ(apply(options, FDB_TR_OPTION_DEBUG_TRANSACTION_IDENTIFIER, "one"), 0);
  CHECK_EQ(apply(options, FDB_TR_OPTION_DEBUG_TRANSACTION_IDENTIFIER, "one"), 0);
  CHECK_EQ(apply(options, FDB_TR_OPTION_TRANSACTION_LOGGING_ENABLE, "two"), err::kClientInvalidOperation);
  CHECK_EQ(apply(options, FDB_TR_OPTION_LOG_TRANSACTION), 0);
}

void test_lengths_and_formats() {
  TransactionOptions options;
  for (const size_t length : {15, 256}) {
    CHECK_EQ(apply(options, FDB_TR_OPTION_IDEMPOTENCY_ID, Bytes(length, 'i')), err::kInvalidOption);
  }
  for (const size_t length : {16, 255}) CHECK_EQ(apply(options, FDB_TR_OPTION_IDEMPOTENCY_ID, Bytes(length, 'i')), 0);
  CHECK_EQ(apply(options, FDB_TR_OPTION_SPAN_PARENT, Bytes(32, 's')), err::kInvalidOptionValue);
  CHECK_EQ(apply(options, FDB_TR_OPTION_SPAN_PARENT, Bytes(33, 's')), 2100);
  CHECK_EQ(apply(options, FDB_TR_OPTION_SPAN_PARENT, Bytes("\0\0\0\x74\xb0\x00\xdb\x0f", 8) + Bytes(25, '\0')), 0);
}

void test_what_persists() {
  PersistentOptions kept;
  CHECK(PersistentOptions::includes(FDB_TR_OPTION_TIMEOUT) && PersistentOptions::includes(FDB_TR_OPTION_MAX_RETRY_DELAY));
  CHECK(PersistentOptions::includes(FDB_TR_OPTION_RETRY_LIMIT));
  CHECK(!PersistentOptions::includes(FDB_TR_OPTION_SIZE_LIMIT) && !PersistentOptions::includes(FDB_TR_OPTION_LOCK_AWARE));
  kept.remember(FDB_TR_OPTION_TIMEOUT, true, "1");
  kept.remember(FDB_TR_OPTION_RETRY_LIMIT, true, "2");
  kept.remember(FDB_TR_OPTION_TIMEOUT, true, "3");  // moves behind the other
  CHECK_EQ(kept.entries().size(), 2u);
  CHECK_EQ(kept.entries()[0].option, FDB_TR_OPTION_RETRY_LIMIT);
  CHECK_EQ(kept.entries()[1].value, Bytes("3"));
  kept.clear();
  CHECK(kept.entries().empty());
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_what_depends_on_the_transaction();
  fdb::test_system_keys();
  fdb::test_locks();
  fdb::test_tags();
  fdb::test_debug_identifiers();
  fdb::test_lengths_and_formats();
  fdb::test_what_persists();
}
