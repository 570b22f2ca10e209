#include "db/shards.h"

#include <memory>
#include <mutex>

#include "db/keyspace.h"
#include "db/system_keys.h"
#include "store/leaf_use.h"

namespace fdb {

namespace {

constexpr const char* kOnlyProcess = "127.0.0.1:4500";

// What a commit that is decided late comes to. No std::promise: one that is dropped undecided allocates where nothing may fail.
struct Decision {
  Mutex mutex;
  Condition decided;
  bool is_decided = false;
  Error error = 0;

  Error wait() {
    std::unique_lock lock(mutex);
    decided.wait(lock, [this] { return is_decided; });
    return error;
  }
};

class Receiver : public CommitReceiver {
 public:
  explicit Receiver(std::shared_ptr<Decision> decision) : decision_(std::move(decision)) {}

  void decided(Error error) noexcept override {
    std::lock_guard lock(decision_->mutex);
    decision_->error = error;
    decision_->is_decided = true;
    decision_->decided.notify_all();
  }

 private:
  const std::shared_ptr<Decision> decision_;
};

Bytes row_of(Slice begin) { return Bytes(system_keys::kKeyServers) + Bytes(begin); }

}  // namespace

// Protocol version, one storage server, nobody to move to. The content is nobody's business, but its size counts where a read runs
// into the system keys.
Bytes shard_owners() {
  const Bytes protocol("\0\0\0\x74\xb0\0\xdb\x0f", 8);
  const Bytes one("\x01\0\0\0\0\0\0\0", 8);
  return protocol + one + Bytes(16, '\x01') + Bytes(8, '\0');
}

Error Shards::cut(const std::vector<Shard>& shards) {
  const Bytes owners = shard_owners();
  std::map<Bytes, std::vector<Bytes>> addresses;
  std::vector<Bytes> rows;
  for (const Shard& shard : shards) {
    addresses.emplace(shard.begin, shard.addresses);
    rows.push_back(row_of(shard.begin));
  }
  CommitRequest request;
  request.check_window = false;
  request.lock_aware = true;
  request.mutations.push_back({Op::kClearRange, system_keys::kKeyServers, system_keys::kKeyServersEnd});
  for (const Bytes& row : rows) request.mutations.push_back({Op::kSet, row, owners});
  request.write_conflicts.push_back({system_keys::kKeyServers, system_keys::kKeyServersEnd});
  const auto decision = std::make_shared<Decision>();
  const CommitOutcome outcome = keyspace_.commit(request, std::make_unique<Receiver>(decision));
  if (outcome.error != 0) return outcome.error;
  if (outcome.is_late) {
    if (Error error = decision->wait()) return error;
  }
  std::lock_guard lock(mutex_);
  addresses_.swap(addresses);
  return 0;
}

std::vector<Bytes> Shards::addresses_of(Slice key) {
  const store::LeafUse use;
  Cursor cursor(keyspace_.current());
  cursor.seek_before(row_of(key) + '\0');
  const bool is_shard = cursor.valid() && cursor.key().starts_with(system_keys::kKeyServers);
  const Bytes begin(is_shard ? cursor.key().substr(system_keys::kKeyServers.size()) : Slice());
  std::lock_guard lock(mutex_);
  const auto at = addresses_.find(begin);
  return at == addresses_.end() || at->second.empty() ? std::vector<Bytes>{kOnlyProcess} : at->second;
}

std::vector<Bytes> Shards::begins(const Snapshot& state, Slice begin, Slice end) {
  std::vector<Bytes> found;
  const Bytes last = std::min(row_of(end), Bytes(system_keys::kKeyServersEnd));
  Cursor cursor(state);
  for (cursor.seek(row_of(begin)); cursor.valid() && cursor.key() < last; cursor.next())
    found.emplace_back(cursor.key().substr(system_keys::kKeyServers.size()));
  return found;
}

}  // namespace fdb
