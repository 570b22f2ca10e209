#include "db/databases.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>

#include "db/file_handles.h"
#include "db/recovery.h"

namespace fdb {

namespace {

constexpr size_t kMaxClusterFileSize = 60'000;
constexpr const char* kDefaultClusterFiles[] = {"./fdb.cluster", "/etc/foundationdb/fdb.cluster"};

// What a cluster string names.
struct Location {
  Error error = 0;
  Bytes embedded;  // a string for this library
};

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
  explicit Names(Network& network) : files(network) {}

  std::mutex mutex;
  std::map<Bytes, Ref<Keyspace>> databases;
  FileHandles files;
  Names* left_behind = nullptr;  // by a fork; it cannot be freed, but leak checkers should find it
};

Databases::Databases(Network& network) : network_(network), names_(new Names(network)) {}

Databases::~Databases() { delete names_; }

void Databases::start_over() {
  auto* fresh = new Names(network_);
  fresh->left_behind = std::exchange(names_, fresh);
}

void Databases::close_files() noexcept { names_->files.close_all(); }

Ref<Keyspace> Databases::memory(const EmbeddedName& name, const OpeningSettings& settings) {
  std::lock_guard lock(names_->mutex);
  Ref<Keyspace>& keyspace = names_->databases[name.name];
  if (keyspace) return keyspace;
  try {
    keyspace = name.from.empty() ? make_ref<Keyspace>(network_, name.name)
                                 : make_ref<Keyspace>(network_, name.name, load_into_memory(name.from));
  } catch (...) {
    names_->databases.erase(name.name);
    throw;
  }
  settings.apply_to(*keyspace);
  return keyspace;
}

Ref<Database> Databases::open_embedded(Slice text, const Bytes& opened_path) {
  try {
    OpeningSettings settings;
    settings_of_environment(&settings);  // what is wrong with it was refused before
    const EmbeddedName name = parse_embedded(text);
    if (name.kind == EmbeddedName::Kind::kMemory) return make_ref<Database>(network_, memory(name, settings), 0, opened_path);
    std::shared_ptr<FileHandle> file = names_->files.open(name, settings);
    return make_ref<Database>(network_, std::move(file), opened_path);
  } catch (const durable::FileError& error) {
    return make_ref<Database>(network_, error, opened_path);
  } catch (const EngineError& error) {
    return make_ref<Database>(network_, Ref<Keyspace>(), Error(error.code), opened_path);
  }
}

Ref<Database> Databases::open(const char* cluster_file_path) {
  const Bytes text = cluster_file_path ? cluster_file_path : "";
  const Location location = locate(text);
  if (location.error == 0) return open_embedded(location.embedded, opened_name(text));
  return make_ref<Database>(network_, Ref<Keyspace>(), Error(location.error), opened_name(text));
}

Ref<Database> Databases::open_connection_string(const char* connection_string) {
  const Bytes text = connection_string ? connection_string : "";
  if (is_embedded(text)) return open_embedded(text, text);
  return make_ref<Database>(network_, Ref<Keyspace>(), Error(err::kConnectionStringInvalid), text);
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
