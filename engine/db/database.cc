#include "db/database.h"

#include <algorithm>

#include "db/file_handles.h"
#include "db/system_keys.h"
#include "runtime/late_answers.h"
#include "runtime/network.h"
#include "runtime/options.h"
#include "store/leaf_use.h"

namespace fdb {

Database::Database(Network& network, Ref<Keyspace> keyspace, Error deferred, Bytes opened_path)
    : network_(network),
      keyspace_(std::move(keyspace)),
      opened_path_(std::move(opened_path)),
      deferred_error_(deferred),
      snapshot_ryw_counter_(network_.behavior().snapshot_sees_writes ? 1 : 0) {}

Database::Database(Network& network, std::shared_ptr<FileHandle> file, Bytes opened_path)
    : Database(network, file->keyspace(), 0, std::move(opened_path)) {
  file_ = std::move(file);
}

Database::Database(Network& network, const durable::FileError& problem, Bytes opened_path)
    : Database(network, Ref<Keyspace>(), problem.code, std::move(opened_path)) {
  problem_ = problem.text;
}

void Database::drop_handle() noexcept {
  if (handles_.fetch_sub(1, std::memory_order_acq_rel) == 1) file_.reset();
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
  has_defaults_.store(true, std::memory_order_release);
  return 0;
}

Ref<Tenant> Database::open_tenant(Slice name) { return make_ref<Tenant>(Ref<Database>(this), name); }

Ref<Future> Database::answer(Result result) {
  const bool late = keyspace_ && keyspace_->latency().on();
  return late ? answer_later(network_, keyspace_->clock(), keyspace_->latency().next_micros(), {0, std::move(result)})
              : network_.answer(std::move(result));
}

Ref<Future> Database::answer_error(Error error) {
  const bool late = keyspace_ && keyspace_->latency().on();
  return late ? answer_later(network_, keyspace_->clock(), keyspace_->latency().next_micros(), {error, Void{}})
              : network_.answer_error(error);
}

std::vector<OptionDefault> Database::transaction_defaults() const {
  std::lock_guard lock(mutex_);
  return defaults_;
}

// ---- tenants ---------------------------------------------------------------------------------------

void Tenant::destroy() {
  database_->drop_handle();
  release();
}

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
  const store::LeafUse leaf_use;
  int64_t id;
  if (Error error = resolve(database_->keyspace()->current(), &id)) return database_->answer_error(error);
  return database_->answer(id);
}

}  // namespace fdb
