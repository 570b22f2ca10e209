// What the special key space tells about the cluster: status, connection, metrics, workers.
#include "base/json.h"
#include "db/system_keys.h"
#include "special/special_ranges.h"
#include "special/status_json.h"

namespace fdb {

namespace {

constexpr Slice kStatus = literal("\xff\xff/status/json");
constexpr Slice kStatusEnd = literal("\xff\xff/status/json\0");
constexpr Slice kPath = literal("\xff\xff/cluster_file_path");
constexpr Slice kPathEnd = literal("\xff\xff/cluster_file_path\0");
constexpr Slice kConnection = literal("\xff\xff/connection_string");
constexpr Slice kConnectionEnd = literal("\xff\xff/connection_string\0");
constexpr Slice kClusterId = literal("\xff\xff/cluster_id");
constexpr Slice kClusterIdEnd = literal("\xff\xff/cluster_id\0");
constexpr Slice kErrorMessage = literal("\xff\xff/error_message");
constexpr Slice kErrorMessageEnd = literal("\xff\xff/error_message\0");
constexpr Slice kWorkers = literal("\xff\xff/worker_interfaces/");
constexpr Slice kWorkersEnd = literal("\xff\xff/worker_interfaces0");
constexpr Slice kShards = literal("\xff\xff/metrics/data_distribution_stats/");
constexpr Slice kShardsEnd = literal("\xff\xff/metrics/data_distribution_stats0");
constexpr Slice kHealth = literal("\xff\xff/metrics/health/");
constexpr Slice kHealthEnd = literal("\xff\xff/metrics/health0");
constexpr Slice kTolerance = literal("\xff\xff/metrics/fault_tolerance_metrics_json");
constexpr Slice kToleranceEnd = literal("\xff\xff/metrics/fault_tolerance_metrics_json\0");
constexpr Slice kLineage = literal("\xff\xff/actor_lineage/");
constexpr Slice kLineageEnd = literal("\xff\xff/actor_lineage0");

constexpr const char* kRoleId = "e3bedded00000001";

Error read_status(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  rows->emplace(kStatus, status_document(access.database()));
  return 0;
}

Error read_path(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  rows->emplace(kPath, access.database().opened_path());
  return 0;
}

Error read_connection(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  rows->emplace(kConnection, access.database().connection_string());
  return 0;
}

Error read_cluster_id(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  rows->emplace(kClusterId, cluster_id(access.database()));
  return 0;
}

Error read_error_message(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  if (access.has_writes() && !access.writes().error_message.empty())
    rows->emplace(kErrorMessage, access.writes().error_message);
  return 0;
}

Error read_workers(SpecialAccess&, Slice begin, Slice end, SpecialRows* rows) {
  add_row(Bytes(kWorkers) + Bytes(kProcessAddress), worker_interface(), begin, end, rows);
  return 0;
}

// The shards of the normal keys.
Error read_shards(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  const Snapshot state = access.keyspace().current();
  std::vector<Bytes> begins = Shards::begins(state, Slice(), system_keys::kSystemBegin);
  begins.emplace_back(system_keys::kSystemBegin);
  for (size_t i = 0; i + 1 < begins.size(); ++i) {
    JsonWriter json;
    json.begin_object();
    json.member("shard_bytes", state.range_stats(begins[i], begins[i + 1]).bytes);
    json.member("shard_bytes_per_ksecond", 0);
    json.end_object();
    add_row(Bytes(kShards) + begins[i], json.text(), begin, end, rows);
  }
  return 0;
}

Error read_health(SpecialAccess&, Slice begin, Slice end, SpecialRows* rows) {
  JsonWriter aggregate;
  aggregate.begin_object();
  aggregate.member("batch_limited", false);
  aggregate.member("limiting_storage_durability_lag", 0);
  aggregate.member("limiting_storage_queue", 0);
  aggregate.member("tps_limit", 1e9);
  aggregate.member("worst_log_queue", 0);
  aggregate.member("worst_storage_durability_lag", 0);
  aggregate.member("worst_storage_queue", 0);
  aggregate.end_object();
  JsonWriter log;
  log.begin_object();
  log.member("log_queue", 0);
  log.end_object();
  JsonWriter storage;
  storage.begin_object();
  storage.member("cpu_usage", 0.0);
  storage.member("disk_usage", 0.0);
  storage.member("storage_durability_lag", 0);
  storage.member("storage_queue", 0);
  storage.end_object();
  add_row(Bytes(kHealth) + "aggregate", aggregate.text(), begin, end, rows);
  add_row(Bytes(kHealth) + "log/" + kRoleId, log.text(), begin, end, rows);
  add_row(Bytes(kHealth) + "storage/" + kRoleId, storage.text(), begin, end, rows);
  return 0;
}

Error read_tolerance(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  rows->emplace(kTolerance, fault_tolerance_document(access.database()));
  return 0;
}

// Samples of a process's actors: this one has none, but a request has to name its index and host.
Error read_lineage(SpecialAccess& access, Slice begin, Slice, SpecialRows*) {
  const Slice rest = begin.substr(kLineage.size());
  const size_t slash = rest.find('/');
  const Slice index = rest.substr(0, slash);
  if ((index == "state" || index == "time") && slash != Slice::npos && slash + 1 < rest.size()) return 0;
  return access.refuse("actor_lineage", "missing required parameters (index, host)");
}

constexpr SpecialRange kRanges[] = {
    {kLineage, kLineageEnd, &ApiBehavior::special_lineage, false, read_lineage, nullptr},
    {kPath, kPathEnd, kAlways, true, read_path, nullptr},
    {kClusterId, kClusterIdEnd, &ApiBehavior::special_modules, true, read_cluster_id, nullptr},
    {kConnection, kConnectionEnd, kAlways, true, read_connection, nullptr},
    {kErrorMessage, kErrorMessageEnd, &ApiBehavior::special_error_message, true, read_error_message, nullptr},
    {kShards, kShardsEnd, &ApiBehavior::special_modules, false, read_shards, nullptr},
    {kTolerance, kToleranceEnd, &ApiBehavior::special_fault_tolerance, false, read_tolerance, nullptr},
    {kHealth, kHealthEnd, &ApiBehavior::special_modules, false, read_health, nullptr},
    {kStatus, kStatusEnd, kAlways, true, read_status, nullptr},
    {kWorkers, kWorkersEnd, &ApiBehavior::special_modules, false, read_workers, nullptr},
};

}  // namespace

std::span<const SpecialRange> cluster_special_ranges() { return kRanges; }

}  // namespace fdb
