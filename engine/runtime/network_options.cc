#include "runtime/network_options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/fdb_headers.h"

namespace fdb {

namespace {

constexpr size_t kMaxTraceIdentifier = 50;
#ifdef __APPLE__
constexpr Slice kLibrarySuffix = ".dylib";
#else
constexpr Slice kLibrarySuffix = ".so";
#endif

// Only the multi-version machinery looks at these, and only before setup.
bool is_multi_version(int option) {
  switch (option) {
    case FDB_NET_OPTION_DISABLE_MULTI_VERSION_CLIENT_API:
    case FDB_NET_OPTION_CALLBACKS_ON_EXTERNAL_THREADS:
    case FDB_NET_OPTION_EXTERNAL_CLIENT_LIBRARY:
    case FDB_NET_OPTION_EXTERNAL_CLIENT_DIRECTORY:
    case FDB_NET_OPTION_DISABLE_LOCAL_CLIENT:
    case FDB_NET_OPTION_CLIENT_THREADS_PER_VERSION:
    case FDB_NET_OPTION_DISABLE_CLIENT_BYPASS: return true;
    default: return false;
  }
}

// Refuses with a line on stderr, since the code alone does not tell which values are legal.
Error refuse(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  return err::kInvalidOptionValue;
}

Error check_one_of(const OptionValue& value, std::initializer_list<Slice> legal, const char* what) {
  if (std::find(legal.begin(), legal.end(), value.bytes) != legal.end()) return 0;
  return refuse(what);
}

Error check_trace_identifier(const OptionValue& value) {
  if (!value.present) return err::kInvalidOptionValue;
  const bool legal = value.bytes.size() <= kMaxTraceIdentifier &&
                     std::all_of(value.bytes.begin(), value.bytes.end(),
                                 [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
  return legal ? 0 : refuse("Invalid trace file identifier: at most 50 letters, digits and _");
}

Error required(const OptionValue& value) { return value.present ? 0 : err::kInvalidOptionValue; }

std::set<Bytes> libraries_in(const Bytes& directory) {
  std::set<Bytes> found;
  std::error_code ignored;  // a directory that cannot be read holds no libraries
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    if (entry.path().filename().string().find(kLibrarySuffix) != Bytes::npos) found.insert(entry.path().string());
  }
  return found;
}

struct EnvironmentOption {
  const char* name;
  int code;
  bool is_number;
};

// A row of the table tells its type by a word.
enum class Word { None, Int, String, Bytes };

const std::vector<EnvironmentOption>& environment_options() {
  static const auto* const options = [] {
    auto list = std::make_unique<std::vector<EnvironmentOption>>();
    const auto add = [&list](Slice scope, const char* name, int code, Word type, bool hidden) {
      if (scope == "network" && !hidden) list->push_back({name, code, type == Word::Int});
    };
#define FDB_OPTION(scope, name, code, type, persistent, default_for, hidden) add(#scope, name, code, Word::type, hidden);
#include "runtime/generated_options.inc"
#undef FDB_OPTION
    return list.release();
  }();
  return *options;
}

}  // namespace

std::vector<Bytes> split_environment_values(Slice text) {
#ifdef _WIN32
  constexpr char kSeparator = ';';
#else
  constexpr char kSeparator = ':';
#endif
  std::vector<Bytes> values(1);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escapes = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == kSeparator || text[i + 1] == '\\');
    if (escapes) {
      values.back().push_back(text[++i]);
    } else if (text[i] == kSeparator) {
      values.emplace_back();
    } else {
      values.back().push_back(text[i]);
    }
  }
  return values;
}

Error NetworkOptions::set(int option, const uint8_t* value, int length, bool after_setup) {
  if (!is_known_option(OptionScope::kNetwork, option)) return err::kInvalidOption;
  OptionValue parsed;
  if (Error error = parse_option_value(OptionScope::kNetwork, option, value, length, &parsed)) return error;
  if (!is_multi_version(option)) return apply(option, parsed);
  if (after_setup) {
    const bool takes_text =
        option == FDB_NET_OPTION_EXTERNAL_CLIENT_LIBRARY || option == FDB_NET_OPTION_EXTERNAL_CLIENT_DIRECTORY;
    return takes_text && parsed.bytes.empty() ? err::kInvalidOptionValue : err::kInvalidOption;
  }
  return apply_multi_version(option, parsed);
}

void NetworkOptions::apply_buggify(int option, int64_t number) {
  BuggifySetting setting = buggify_.setting();
  switch (option) {
    case FDB_NET_OPTION_CLIENT_BUGGIFY_ENABLE: setting.on = true; break;
    case FDB_NET_OPTION_CLIENT_BUGGIFY_DISABLE: setting.on = false; break;
    case FDB_NET_OPTION_CLIENT_BUGGIFY_SECTION_ACTIVATED_PROBABILITY:
      setting.activated_percent = static_cast<int>(number);
      break;
    default: setting.fired_percent = static_cast<int>(number); break;
  }
  buggify_.set(setting);
}

// Most describe traces, knobs and connections, none of which this engine has: the values are checked as ever.
Error NetworkOptions::apply(int option, const OptionValue& value) {
  switch (option) {
    case FDB_NET_OPTION_TRACE_FORMAT: return check_one_of(value, {"xml", "json"}, "Unrecognized trace format: xml or json");
    case FDB_NET_OPTION_TRACE_CLOCK_SOURCE:
      return check_one_of(value, {"now", "realtime"}, "Unrecognized trace clock source: now or realtime");
    case FDB_NET_OPTION_TRACE_FILE_IDENTIFIER: return check_trace_identifier(value);
    case FDB_NET_OPTION_KNOB: return value.bytes.find('=') == Slice::npos ? err::kInvalidOptionValue : 0;
    case FDB_NET_OPTION_DISTRIBUTED_CLIENT_TRACER:
      return check_one_of(value, {"none", "disabled", "logfile", "file", "log_file", "network_lossy"},
                          "Unknown tracer: none, disabled, logfile, file, log_file or network_lossy");
    case FDB_NET_OPTION_CLIENT_BUGGIFY_ENABLE:
    case FDB_NET_OPTION_CLIENT_BUGGIFY_DISABLE:
    case FDB_NET_OPTION_CLIENT_BUGGIFY_SECTION_ACTIVATED_PROBABILITY:
    case FDB_NET_OPTION_CLIENT_BUGGIFY_SECTION_FIRED_PROBABILITY: apply_buggify(option, value.number); return 0;
    case FDB_NET_OPTION_CLIENT_TMP_DIR: return value.bytes.empty() ? err::kInvalidOptionValue : 0;
    case FDB_NET_OPTION_TRACE_PARTIAL_FILE_SUFFIX:
    case FDB_NET_OPTION_TLS_PLUGIN:
    case FDB_NET_OPTION_TLS_CERT_BYTES:
    case FDB_NET_OPTION_TLS_CERT_PATH:
    case FDB_NET_OPTION_TLS_KEY_BYTES:
    case FDB_NET_OPTION_TLS_KEY_PATH:
    case FDB_NET_OPTION_TLS_VERIFY_PEERS:
    case FDB_NET_OPTION_TLS_CA_BYTES:
    case FDB_NET_OPTION_TLS_CA_PATH:
    case FDB_NET_OPTION_TLS_PASSWORD:
    case FDB_NET_OPTION_FUTURE_VERSION_CLIENT_LIBRARY: return required(value);
    default: return 0;
  }
}

Error NetworkOptions::apply_multi_version(int option, const OptionValue& value) {
  switch (option) {
    case FDB_NET_OPTION_DISABLE_MULTI_VERSION_CLIENT_API:
      if (!external_clients_.empty()) return err::kInvalidOption;
      multi_version_disabled_ = true;
      return 0;
    case FDB_NET_OPTION_EXTERNAL_CLIENT_LIBRARY: {
      if (value.bytes.empty()) return err::kInvalidOptionValue;
      std::error_code ignored;
      if (!std::filesystem::exists(std::filesystem::path(value.bytes), ignored)) return err::kFileNotFound;
      external_clients_.emplace(value.bytes);
      return 0;
    }
    case FDB_NET_OPTION_EXTERNAL_CLIENT_DIRECTORY:
      if (value.bytes.empty()) return err::kInvalidOptionValue;
      external_clients_.merge(libraries_in(Bytes(value.bytes)));
      return 0;
    case FDB_NET_OPTION_DISABLE_LOCAL_CLIENT: local_client_disabled_ = true; return 0;
    case FDB_NET_OPTION_CLIENT_THREADS_PER_VERSION:
      if (value.number > 1) local_client_disabled_ = true;
      return 0;
    case FDB_NET_OPTION_DISABLE_CLIENT_BYPASS: client_bypass_disabled_ = true; return 0;
    default: return 0;
  }
}

Error NetworkOptions::load_environment(bool after_setup) {
  if (environment_loaded_) return environment_error_;
  environment_loaded_ = true;
  for (const EnvironmentOption& option : environment_options()) {
    Bytes variable = "FDB_NETWORK_OPTION_";
    for (const char* c = option.name; *c; ++c)
      variable.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(*c))));
    const char* text = std::getenv(variable.c_str());
    if (!text) continue;
    for (const Bytes& value : split_environment_values(text)) {
      if (!from_environment_[option.code].insert(value).second) continue;
      if (apply_environment_value(option.code, option.is_number, value, after_setup)) {
        return environment_error_ = err::kEnvironmentVariableNetworkOptionFailed;
      }
    }
  }
  return 0;
}

Error NetworkOptions::apply_environment_value(int option, bool is_number, Slice text, bool after_setup) {
  if (!is_number) return set(option, reinterpret_cast<const uint8_t*>(text.data()), static_cast<int>(text.size()), after_setup);
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return err::kInvalidOptionValue;
  uint8_t bytes[sizeof number];
  for (size_t i = 0; i < sizeof number; ++i) bytes[i] = static_cast<uint8_t>(static_cast<uint64_t>(number) >> (8 * i));
  return set(option, bytes, sizeof bytes, after_setup);
}

Error NetworkOptions::check_clients() const {
  return local_client_disabled_ && external_clients_.empty() ? err::kNoExternalClientProvided : 0;
}

}  // namespace fdb
