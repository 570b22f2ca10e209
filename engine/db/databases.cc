#include "db/databases.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>

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

}  // namespace

struct Databases::Names {
  std::mutex mutex;
  std::map<Bytes, Ref<Keyspace>> databases;
  Names* left_behind = nullptr;  // by a fork; it cannot be freed, but leak checkers should find it
};

Databases::Databases(Network& network) : network_(network), names_(new Names) {}

Databases::~Databases() { delete names_; }

void Databases::start_over() {
  auto* fresh = new Names;
  fresh->left_behind = std::exchange(names_, fresh);
}

Ref<Keyspace> Databases::memory(const Bytes& name, const LatencySetting& latency) {
  std::lock_guard lock(names_->mutex);
  Ref<Keyspace>& keyspace = names_->databases[name];
  if (!keyspace) {
    keyspace = make_ref<Keyspace>(network_, name);
    keyspace->latency().set(latency);
  }
  return keyspace;
}

Ref<Keyspace> Databases::keyspace_of(const Location& location) {
  if (location.error != 0) return Ref<Keyspace>();
  LatencySetting latency;
  latency_of_environment(&latency);  // what is wrong with it was refused before
  return memory(location.embedded.substr(location.embedded.find(':') + 1), latency);
}

Ref<Database> Databases::open(const char* cluster_file_path) {
  const Bytes text = cluster_file_path ? cluster_file_path : "";
  const Location location = locate(text);
  return make_ref<Database>(network_, keyspace_of(location), Error(location.error), opened_name(text));
}

Ref<Database> Databases::open_connection_string(const char* connection_string) {
  const Bytes text = connection_string ? connection_string : "";
  Location location{err::kConnectionStringInvalid, {}};
  if (is_embedded(text)) location = {0, text};
  return make_ref<Database>(network_, keyspace_of(location), Error(location.error), Bytes(text));
}

bool Databases::drop(const Bytes& name) {
  Ref<Keyspace> dropped;  // released after the lock
  std::lock_guard lock(names_->mutex);
  const auto at = names_->databases.find(name);
  if (at == names_->databases.end()) return false;
  dropped = std::move(at->second);
  names_->databases.erase(at);
  return true;
}

}  // namespace fdb
