#include "db/database.h"

#include <sys/stat.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "db/system_keys.h"
#include "runtime/late_answers.h"
#include "runtime/network.h"
#include "runtime/options.h"

namespace fdb {

namespace {

constexpr size_t kMaxClusterFileSize = 60'000;
constexpr const char* kDefaultClusterFiles[] = {"./fdb.cluster", "/etc/foundationdb/fdb.cluster"};

bool starts_with(Slice text, Slice prefix) { return text.substr(0, prefix.size()) == prefix; }

bool is_embedded(Slice text) { return starts_with(text, "memory:"); }

Bytes first_line(const Bytes& text) {
  Bytes line = text.substr(0, text.find('\n'));
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t')) line.pop_back();
  return line;
}

struct Location {
  Error error = 0;
  Bytes embedded;  // memory:NAME
};

// What a cluster file names. A genuine one is refused at once: this library has no network (2104).
Location read_cluster_file(const Bytes& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return {err::kNoClusterFileFound, {}};
  if (S_ISDIR(status.st_mode)) return {err::kConnectionStringInvalid, {}};
  // To the official client a file is there when it can be opened.
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return {err::kNoClusterFileFound, {}};
  Bytes text(kMaxClusterFileSize, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get())) return {err::kFileNotReadable, {}};
  const Bytes line = first_line(text);
  if (is_embedded(line)) return {0, line};
  return {err::kConnectionStringInvalid, {}};
}

Location locate(const Bytes& text) {
  if (is_embedded(text)) return {0, text};
  if (!text.empty()) return read_cluster_file(text);
  const char* variable = std::getenv("FDB_CLUSTER_FILE");
  if (variable && *variable) return is_embedded(variable) ? Location{0, variable} : read_cluster_file(variable);
  for (const char* path : kDefaultClusterFiles) {
    struct stat status;
    if (stat(path, &status) == 0) return read_cluster_file(path);
  }
  return {err::kNoClusterFileFound, {}};
}

Bytes opened_name(const Bytes& text) {
  if (!text.empty()) return text;
  const char* variable = std::getenv("FDB_CLUSTER_FILE");
  if (variable && *variable) return variable;
  struct stat status;
  return stat("fdb.cluster", &status) == 0 ? "fdb.cluster" : "/etc/foundationdb/fdb.cluster";
}

Ref<Keyspace> keyspace_of(const Location& location) {
  if (location.error != 0) return Ref<Keyspace>();
  LatencySetting latency;
  latency_of_environment(&latency);  // what is wrong with it was refused before
  return Keyspace::memory(location.embedded.substr(location.embedded.find(':') + 1), latency);
}

}  // namespace

Database::Database(Ref<Keyspace> keyspace, Error deferred, Bytes opened_path)
    : keyspace_(std::move(keyspace)),
      opened_path_(std::move(opened_path)),
      deferred_error_(deferred),
      snapshot_ryw_counter_(Network::instance().behavior().snapshot_sees_writes ? 1 : 0) {}

Ref<Database> Database::open(const char* cluster_file_path) {
  const Bytes text = cluster_file_path ? cluster_file_path : "";
  const Location location = locate(text);
  return make_ref<Database>(keyspace_of(location), Error(location.error), opened_name(text));
}

Ref<Database> Database::open_connection_string(const char* connection_string) {
  const Bytes text = connection_string ? connection_string : "";
  Location location{err::kConnectionStringInvalid, {}};
  if (is_embedded(text)) location = {0, text};
  return make_ref<Database>(keyspace_of(location), Error(location.error), Bytes(text));
}

Error Database::deferred_error() const {
  std::lock_guard lock(mutex_);
  return deferred_error_;
}

Bytes Database::connection_string() const { return keyspace_ ? keyspace_->connection_string() : Bytes(); }

Error Database::set_option(int option, const uint8_t* value, int length) {
  if (!is_known_option(OptionScope::kDatabase, option)) return err::kInvalidOption;
  OptionValue parsed;
  const Error error = parse_option_value(OptionScope::kDatabase, option, value, length, &parsed);
  std::lock_guard lock(mutex_);
  if (error != 0) {
    if (deferred_error_ == 0) deferred_error_ = error;
    return 0;
  }
  if (option == FDB_DB_OPTION_MAX_WATCHES) watch_slots_->limit(parsed.number);
  if (option == FDB_DB_OPTION_SNAPSHOT_RYW_ENABLE) ++snapshot_ryw_counter_;
  if (option == FDB_DB_OPTION_SNAPSHOT_RYW_DISABLE) --snapshot_ryw_counter_;
  const int target = default_for(option);
  if (target < 0) return 0;
  OptionDefault preset{target, value != nullptr, Bytes(parsed.bytes)};
  const auto at = std::find_if(defaults_.begin(), defaults_.end(),
                               [target](const OptionDefault& known) { return known.transaction_option == target; });
  if (at == defaults_.end()) {
    defaults_.push_back(std::move(preset));
  } else {
    *at = std::move(preset);
  }
  return 0;
}

Ref<Tenant> Database::open_tenant(Slice name) { return make_ref<Tenant>(Ref<Database>(this), name); }

Ref<Future> Database::answer(Result result) {
  const bool late = keyspace_ && keyspace_->latency().on();
  return late ? answer_later(keyspace_->latency(), {0, std::move(result)}) : Network::instance().answer(std::move(result));
}

Ref<Future> Database::answer_error(Error error) {
  const bool late = keyspace_ && keyspace_->latency().on();
  return late ? answer_later(keyspace_->latency(), {error, Void{}}) : Network::instance().answer_error(error);
}

int Database::snapshot_ryw_counter() const {
  std::lock_guard lock(mutex_);
  return snapshot_ryw_counter_;
}

std::vector<OptionDefault> Database::transaction_defaults() const {
  std::lock_guard lock(mutex_);
  return defaults_;
}

// ---- tenants ---------------------------------------------------------------------------------------

Error Tenant::resolve(const Snapshot& snapshot, int64_t* id) {
  std::lock_guard lock(mutex_);
  Slice value;
  if (id_ < 0) {
    if (!snapshot.get(Bytes(system_keys::kTenantNameIndex) + name_, &value)) return err::kTenantNotFound;
    id_ = static_cast<int64_t>(system_keys::from_big_endian(value));
  }
  const Bytes row = Bytes(system_keys::kTenantMap) + system_keys::big_endian(static_cast<uint64_t>(id_));
  if (!snapshot.get(row, &value)) return err::kTenantNotFound;
  *id = id_;
  return 0;
}

Ref<Future> Tenant::get_id() {
  if (!database_->keyspace()) return database_->answer_error(database_->deferred_error());
  {
    std::lock_guard lock(mutex_);
    if (id_ >= 0) return database_->answer(id_);  // also after the tenant was deleted
  }
  int64_t id;
  if (Error error = resolve(database_->keyspace()->current(), &id)) return database_->answer_error(error);
  return database_->answer(id);
}

}  // namespace fdb
