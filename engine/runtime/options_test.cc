// Shapes and ranges of option values, the network options and their environment variables.
#include "runtime/options.h"

#include <stdlib.h>
#include <unistd.h>

#include <climits>
#include <fstream>

#include "base/fdb_headers.h"
#include "runtime/network_options.h"
#include "sim/test_support.h"
#include "txn/transaction_options.h"

namespace fdb {

namespace {

Bytes little_endian(int64_t number) {
  Bytes bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(static_cast<uint64_t>(number) >> shift));
  return bytes;
}

const uint8_t* pointer(Slice bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

Error parse(OptionScope scope, int code, Slice value, OptionValue* out) {
  return parse_option_value(scope, code, pointer(value), static_cast<int>(value.size()), out);
}

Error check_number(OptionScope scope, int code, int64_t number) {
  OptionValue value;
  const Bytes bytes = little_endian(number);
  const Error error = parse(scope, code, bytes, &value);
  CHECK_EQ(value.number, number);
  return error;
}

void test_transaction_options() {
  constexpr auto kScope = OptionScope::kTransaction;
  OptionValue value;
  CHECK(is_known_option(kScope, FDB_TR_OPTION_TIMEOUT));
  CHECK(!is_known_option(kScope, 12345));
  CHECK(!is_known_option(kScope, FDB_DB_OPTION_MAX_WATCHES - 1));
  CHECK_EQ(parse(kScope, 12345, "", &value), err::kInvalidOption);

  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_TIMEOUT, 0), 0);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_TIMEOUT, INT_MAX), 0);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_TIMEOUT, -1), err::kInvalidOptionValue);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_TIMEOUT, int64_t{INT_MAX} + 1), err::kInvalidOptionValue);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_RETRY_LIMIT, -1), 0);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_RETRY_LIMIT, -2), err::kInvalidOptionValue);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_SIZE_LIMIT, 31), err::kInvalidOptionValue);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_SIZE_LIMIT, 32), 0);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_SIZE_LIMIT, 10'000'001), err::kInvalidOptionValue);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_TRANSACTION_LOGGING_MAX_FIELD_LENGTH, -1), 0);
  CHECK_EQ(check_number(kScope, FDB_TR_OPTION_TRANSACTION_LOGGING_MAX_FIELD_LENGTH, 0), err::kInvalidOptionValue);

  CHECK_EQ(parse(kScope, FDB_TR_OPTION_TIMEOUT, "1234", &value), err::kInvalidOptionValue);
  CHECK_EQ(parse(kScope, FDB_TR_OPTION_TIMEOUT, "", &value), err::kInvalidOptionValue);
  CHECK_EQ(parse_option_value(kScope, FDB_TR_OPTION_TIMEOUT, nullptr, 0, &value), err::kInvalidOptionValue);

  CHECK_EQ(parse(kScope, FDB_TR_OPTION_LOCK_AWARE, "", &value), 0);
  CHECK(value.present);
  CHECK_EQ(parse_option_value(kScope, FDB_TR_OPTION_LOCK_AWARE, nullptr, 0, &value), 0);
  CHECK(!value.present);
  CHECK_EQ(parse(kScope, FDB_TR_OPTION_LOCK_AWARE, "x", &value), err::kInvalidOptionValue);
  CHECK_EQ(parse(kScope, FDB_TR_OPTION_DURABILITY_RISKY, "x", &value), 0);

  CHECK_EQ(parse(kScope, FDB_TR_OPTION_TAG, "tag", &value), 0);
  CHECK_EQ(value.bytes, "tag");
}

void test_database_options() {
  constexpr auto kScope = OptionScope::kDatabase;
  OptionValue value;
  CHECK_EQ(check_number(kScope, FDB_DB_OPTION_MAX_WATCHES, 1'000'000), 0);
  CHECK_EQ(check_number(kScope, FDB_DB_OPTION_MAX_WATCHES, 1'000'001), err::kInvalidOptionValue);
  CHECK_EQ(parse(kScope, FDB_DB_OPTION_SNAPSHOT_RYW_ENABLE, "x", &value), err::kInvalidOptionValue);
  // Defaults of transaction options are the transactions' business.
  CHECK_EQ(check_number(kScope, FDB_DB_OPTION_TRANSACTION_TIMEOUT, -5), 0);
  CHECK_EQ(parse(kScope, FDB_DB_OPTION_TRANSACTION_TIMEOUT, "12", &value), 0);
  CHECK_EQ(value.bytes, "12");
}

struct NetworkCase {
  int option;
  const char* value;  // null: absent
  Error error;
  Error error_after_setup;
};

constexpr NetworkCase kNetworkCases[] = {
    {FDB_NET_OPTION_LOCAL_ADDRESS, "1.2.3.4", 0, 0},
    {FDB_NET_OPTION_TRACE_ENABLE, nullptr, 0, 0},
    {FDB_NET_OPTION_TRACE_FORMAT, "json", 0, 0},
    {FDB_NET_OPTION_TRACE_FORMAT, "yaml", 2006, 2006},
    {FDB_NET_OPTION_TRACE_FORMAT, nullptr, 2006, 2006},
    {FDB_NET_OPTION_TRACE_CLOCK_SOURCE, "realtime", 0, 0},
    {FDB_NET_OPTION_TRACE_CLOCK_SOURCE, "sundial", 2006, 2006},
    {FDB_NET_OPTION_TRACE_FILE_IDENTIFIER, "ok_1", 0, 0},
    {FDB_NET_OPTION_TRACE_FILE_IDENTIFIER, "", 0, 0},
    {FDB_NET_OPTION_TRACE_FILE_IDENTIFIER, "not-ok", 2006, 2006},
    {FDB_NET_OPTION_TRACE_FILE_IDENTIFIER, nullptr, 2006, 2006},
    {FDB_NET_OPTION_TRACE_ROLL_SIZE, "short", 2006, 2006},
    {FDB_NET_OPTION_TRACE_SHARE_AMONG_CLIENT_THREADS, "x", 2006, 2006},
    {FDB_NET_OPTION_TRACE_INITIALIZE_ON_SETUP, "x", 0, 0},
    {FDB_NET_OPTION_TRACE_PARTIAL_FILE_SUFFIX, nullptr, 2006, 2006},
    {FDB_NET_OPTION_KNOB, "a=b", 0, 0},
    {FDB_NET_OPTION_KNOB, "ab", 2006, 2006},
    {FDB_NET_OPTION_TLS_CERT_PATH, "/cert", 0, 0},
    {FDB_NET_OPTION_TLS_CERT_PATH, nullptr, 2006, 2006},
    {FDB_NET_OPTION_BUGGIFY_ENABLE, "x", 0, 0},
    {FDB_NET_OPTION_BUGGIFY_SECTION_FIRED_PROBABILITY, "x", 0, 0},
    {FDB_NET_OPTION_DISABLE_MULTI_VERSION_CLIENT_API, "", 0, 2007},
    {FDB_NET_OPTION_DISABLE_MULTI_VERSION_CLIENT_API, "x", 2006, 2006},
    {FDB_NET_OPTION_CALLBACKS_ON_EXTERNAL_THREADS, nullptr, 0, 2007},
    {FDB_NET_OPTION_EXTERNAL_CLIENT_LIBRARY, "", 2006, 2006},
    {FDB_NET_OPTION_EXTERNAL_CLIENT_LIBRARY, "/nonexistent/libfdb_c.so", 1511, 2007},
    {FDB_NET_OPTION_EXTERNAL_CLIENT_DIRECTORY, "", 2006, 2006},
    {FDB_NET_OPTION_EXTERNAL_CLIENT_DIRECTORY, "/nonexistent", 0, 2007},
    {FDB_NET_OPTION_DISABLE_CLIENT_BYPASS, nullptr, 0, 2007},
    {FDB_NET_OPTION_RETAIN_CLIENT_LIBRARY_COPIES, nullptr, 0, 0},
    {FDB_NET_OPTION_ENABLE_RUN_LOOP_PROFILING, "x", 2006, 2006},
    {FDB_NET_OPTION_DISTRIBUTED_CLIENT_TRACER, "logfile", 0, 0},
    {FDB_NET_OPTION_DISTRIBUTED_CLIENT_TRACER, "pigeon", 2006, 2006},
    {FDB_NET_OPTION_CLIENT_TMP_DIR, "", 2006, 2006},
    {FDB_NET_OPTION_CLIENT_TMP_DIR, "/tmp", 0, 0},
    {4711, nullptr, 2007, 2007},
};

Error set_text(NetworkOptions* options, int option, const char* value, bool after_setup) {
  const Slice text = value ? value : "";
  return options->set(option, value ? pointer(text) : nullptr, static_cast<int>(text.size()), after_setup);
}

void test_network_options() {
  for (const NetworkCase& each : kNetworkCases) {
    NetworkOptions options;
    CHECK_EQ(set_text(&options, each.option, each.value, false), each.error);
    CHECK_EQ(set_text(&options, each.option, each.value, true), each.error_after_setup);
    CHECK_EQ(options.check_clients(), 0);
    CHECK_EQ(options.has_multi_version_layer(), each.option == FDB_NET_OPTION_DISABLE_CLIENT_BYPASS);
  }
}

void test_choice_of_clients() {
  NetworkOptions disabled;
  CHECK_EQ(set_text(&disabled, FDB_NET_OPTION_DISABLE_LOCAL_CLIENT, nullptr, false), 0);
  CHECK_EQ(disabled.check_clients(), err::kNoExternalClientProvided);

  NetworkOptions threads;
  const auto set_threads = [&](int64_t count) {
    const Bytes bytes = little_endian(count);
    return threads.set(FDB_NET_OPTION_CLIENT_THREADS_PER_VERSION, pointer(bytes), 8, false);
  };
  CHECK_EQ(set_threads(1), 0);
  CHECK_EQ(threads.check_clients(), 0);
  CHECK_EQ(set_threads(0), err::kInvalidOptionValue);
  CHECK_EQ(set_threads(1025), err::kInvalidOptionValue);
  CHECK_EQ(set_threads(2), 0);
  CHECK_EQ(threads.check_clients(), err::kNoExternalClientProvided);

  char library[] = "/tmp/fdb_options_test.so.XXXXXX";
  const int descriptor = mkstemp(library);
  CHECK(descriptor >= 0);
  CHECK_EQ(set_text(&threads, FDB_NET_OPTION_EXTERNAL_CLIENT_LIBRARY, library, false), 0);
  CHECK_EQ(threads.check_clients(), 0);
  CHECK(threads.has_multi_version_layer());
  CHECK_EQ(set_text(&threads, FDB_NET_OPTION_DISABLE_MULTI_VERSION_CLIENT_API, nullptr, false), err::kInvalidOption);
  CHECK(threads.has_multi_version_layer());

  NetworkOptions without;
  CHECK_EQ(set_text(&without, FDB_NET_OPTION_DISABLE_MULTI_VERSION_CLIENT_API, nullptr, false), 0);
  CHECK_EQ(set_text(&without, FDB_NET_OPTION_EXTERNAL_CLIENT_LIBRARY, library, false), 0);
  CHECK(!without.has_multi_version_layer());
  close(descriptor);
  unlink(library);
}

// Loads the environment with one variable set.
Error load_with(const char* variable, const char* value, NetworkOptions* options) {
  setenv(variable, value, 1);
  const Error error = options->load_environment(false);
  unsetenv(variable);
  return error;
}

void test_environment() {
  CHECK((split_environment_values("a:b") == std::vector<Bytes>{"a", "b"}));
  CHECK((split_environment_values("a\\:b\\\\:c\\d") == std::vector<Bytes>{"a:b\\", "c\\d"}));
  CHECK((split_environment_values("") == std::vector<Bytes>{""}));

  NetworkOptions bypass;
  CHECK_EQ(load_with("FDB_NETWORK_OPTION_DISABLE_CLIENT_BYPASS", "", &bypass), 0);
  CHECK(bypass.has_multi_version_layer());

  NetworkOptions threads;
  CHECK_EQ(load_with("FDB_NETWORK_OPTION_CLIENT_THREADS_PER_VERSION", "3", &threads), 0);
  CHECK_EQ(threads.check_clients(), err::kNoExternalClientProvided);

  constexpr const char* kFailing[][2] = {
      {"FDB_NETWORK_OPTION_TRACE_FORMAT", "xml:yaml"},
      {"FDB_NETWORK_OPTION_TRACE_ROLL_SIZE", "12x"},
      {"FDB_NETWORK_OPTION_TRACE_ROLL_SIZE", "-1"},
      {"FDB_NETWORK_OPTION_DISABLE_LOCAL_CLIENT", "1"},
      {"FDB_NETWORK_OPTION_EXTERNAL_CLIENT_LIBRARY", "/nonexistent/libfdb_c.so"},
  };
  for (const auto& [variable, value] : kFailing) {
    NetworkOptions options;
    CHECK_EQ(load_with(variable, value, &options), err::kEnvironmentVariableNetworkOptionFailed);
    CHECK_EQ(options.load_environment(false), err::kEnvironmentVariableNetworkOptionFailed);
  }
}

// A retry sets each of them once, however often the program has set it.
void test_persistent_options() {
  PersistentOptions options;
  for (int i = 0; i < 1000; ++i) {
    options.remember(FDB_TR_OPTION_TIMEOUT, true, std::to_string(i));
    options.remember(FDB_TR_OPTION_RETRY_LIMIT, true, "limit");
  }
  options.remember(FDB_TR_OPTION_AUTHORIZATION_TOKEN, false, Slice());
  options.remember(FDB_TR_OPTION_TIMEOUT, true, "last");
  const auto& entries = options.entries();
  CHECK_EQ(entries.size(), size_t{3});
  CHECK_EQ(entries[0].option, FDB_TR_OPTION_RETRY_LIMIT);
  CHECK_EQ(entries[1].option, FDB_TR_OPTION_AUTHORIZATION_TOKEN);
  CHECK(!entries[1].present);
  CHECK_EQ(entries[2].option, FDB_TR_OPTION_TIMEOUT);
  CHECK_EQ(entries[2].value, "last");
  options.clear();
  CHECK(options.entries().empty());
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_persistent_options();
  fdb::test_transaction_options();
  fdb::test_database_options();
  fdb::test_network_options();
  fdb::test_choice_of_clients();
  fdb::test_environment();
  return 0;
}
