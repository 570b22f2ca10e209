#include "db/file_handles.h"

#include <unistd.h>

#include <utility>

#include "db/recovery.h"
#include "durable/file_opening.h"

namespace fdb {

namespace {

constexpr int64_t kShareOfMemory = 4;

int64_t default_cache() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  return pages * sysconf(_SC_PAGESIZE) / kShareOfMemory;
}

const char* word(durable::Sync sync) {
  return sync == durable::Sync::kFull ? "full" : sync == durable::Sync::kNormal ? "normal" : "off";
}

// Whoever opens an open file says nothing else than the first one, or nothing.
void check_agreement(const EmbeddedName& wanted, const durable::FileSettings& is, int64_t cache_bytes) {
  const bool agrees = (!wanted.says_sync || wanted.file.sync == is.sync) &&
                      (!wanted.says_mode || wanted.file.read_only == is.read_only) &&
                      (wanted.cache_bytes == 0 || wanted.cache_bytes == cache_bytes);
  if (agrees) return;
  throw durable::FileError(err::kInvalidOptionValue,
                           wanted.file.path + " is open in this process already, with sync=" + word(is.sync) +
                               ", mode=" + (is.read_only ? "ro" : "rw") + ", cache=" + std::to_string(cache_bytes) +
                               ": open it with the same options or with none");
}

}  // namespace

std::shared_ptr<FileHandles::Place> FileHandles::place_of(const Bytes& path) {
  std::lock_guard lock(mutex_);
  std::erase_if(places_, [&](const auto& entry) { return entry.second.use_count() == 1 && entry.first != path; });
  std::shared_ptr<Place>& place = places_[path];
  if (!place) place = std::make_shared<Place>();
  return place;
}

std::shared_ptr<FileHandle> FileHandles::open(const EmbeddedName& name, const OpeningSettings& settings) {
  EmbeddedName resolved = name;
  resolved.file.path = durable::real_path(name.file.path);
  const std::shared_ptr<Place> place = place_of(resolved.file.path);
  std::lock_guard lock(place->mutex);
  Ref<Keyspace> keyspace = place->keyspace;
  if (keyspace) {
    check_agreement(resolved, keyspace->file()->settings(), place->cache_bytes);
  } else {
    place->cache_bytes = name.cache_bytes != 0 ? name.cache_bytes : default_cache();
    keyspace = make_ref<Keyspace>(network_, "file", recover(resolved.file, place->cache_bytes));
    settings.apply_to(*keyspace);
  }
  auto handle = std::make_shared<FileHandle>(place, keyspace);
  place->keyspace = std::move(keyspace);
  ++place->handles;
  return handle;
}

void FileHandles::close_all() noexcept {
  std::lock_guard lock(mutex_);
  for (const auto& [path, place] : places_) {
    std::lock_guard place_lock(place->mutex);
    const Ref<Keyspace> keyspace = std::exchange(place->keyspace, Ref<Keyspace>());
    if (keyspace) keyspace->file()->close();
  }
}

FileHandle::~FileHandle() {
  std::lock_guard lock(place_->mutex);
  if (--place_->handles > 0) return;
  place_->keyspace = Ref<Keyspace>();
  keyspace_->file()->close();
}

}  // namespace fdb
