#include "special/status_json.h"

#include "base/env.h"
#include "base/json.h"
#include "db/keyspace.h"
#include "db/system_keys.h"
#include "store/leaf_use.h"

namespace fdb {

namespace {

constexpr const char* kProcessId = "e3bedded000000000000000000000001";
constexpr const char* kMachineId = "e3bedded000000000000000000000002";
constexpr const char* kVersion = "7.4.0";
constexpr const char* kProtocol = "fdb00b074000000";
constexpr const char* kFlaggedProtocol = "0fdb00b074000000";

int64_t now_seconds() { return static_cast<int64_t>(Env::current().wall_seconds()); }

const char* tenant_mode_text(int mode) {
  return mode == 0 ? "disabled" : mode == 1 ? "optional_experimental" : "required_experimental";
}

void add_client(JsonWriter& json, const Database& database) {
  json.begin_object("client");
  json.begin_object("cluster_file");
  json.member("path", Slice(database.opened_path()));
  json.member("up_to_date", true);
  json.end_object();
  json.begin_object("coordinators");
  json.begin_array("coordinators");
  json.begin_object();
  json.member("address", kProcessAddress);
  json.member("protocol", kFlaggedProtocol);
  json.member("reachable", true);
  json.end_object();
  json.end_array();
  json.member("quorum_reachable", true);
  json.end_object();
  json.begin_object("database_status");
  json.member("available", true);
  json.member("healthy", true);
  json.end_object();
  json.empty_array("messages");
  json.member("timestamp", now_seconds());
  json.end_object();
}

void add_configuration(JsonWriter& json, const Keyspace& keyspace) {
  json.begin_object("configuration");
  json.member("coordinators_count", 1);
  json.empty_array("excluded_servers");
  json.member("log_spill", 2);
  json.member("redundancy_mode", "single");
  json.member("storage_engine", "memory");
  json.member("tenant_mode", tenant_mode_text(keyspace.tenant_mode()));
  json.member("usable_regions", 1);
  json.end_object();
}

void add_data(JsonWriter& json, const RangeStats& stats) {
  json.begin_object("data");
  json.member("average_partition_size_bytes", stats.bytes);
  json.member("least_operating_space_bytes_log_server", int64_t{1} << 40);
  json.member("least_operating_space_bytes_storage_server", int64_t{1} << 40);
  json.begin_object("moving_data");
  json.member("highest_priority", 0);
  json.member("in_flight_bytes", 0);
  json.member("in_queue_bytes", 0);
  json.member("total_written_bytes", 0);
  json.end_object();
  json.member("partitions_count", 1);
  json.begin_object("state");
  json.member("healthy", true);
  json.member("min_replicas_remaining", 1);
  json.member("name", "healthy");
  json.end_object();
  json.member("system_kv_size_bytes", 0);
  json.empty_array("team_trackers");
  json.member("total_disk_used_bytes", stats.bytes);
  json.member("total_kv_size_bytes", stats.bytes);
  json.end_object();
}

void add_fault_tolerance(JsonWriter& json) {
  json.begin_object("fault_tolerance");
  json.member("max_zone_failures_without_losing_availability", 0);
  json.member("max_zone_failures_without_losing_data", 0);
  json.end_object();
}

void add_logs(JsonWriter& json) {
  json.begin_array("logs");
  json.begin_object();
  json.member("begin_version", 0);
  json.member("current", true);
  json.member("epoch", 1);
  json.member("log_fault_tolerance", 0);
  json.member("log_replication_factor", 1);
  json.member("possibly_losing_data", false);
  json.end_object();
  json.end_array();
}

void add_qos(JsonWriter& json) {
  json.begin_object("qos");
  json.member("batch_released_transactions_per_second", 0.0);
  json.member("batch_transactions_per_second_limit", 1e9);
  json.begin_object("performance_limited_by");
  json.member("description", "The database is not being saturated by the workload.");
  json.member("name", "workload");
  json.member("reason_id", 2);
  json.end_object();
  json.member("released_transactions_per_second", 0.0);
  json.member("transactions_per_second_limit", 1e9);
  json.member("worst_queue_bytes_log_server", 0);
  json.member("worst_queue_bytes_storage_server", 0);
  json.end_object();
}

void add_recovery(JsonWriter& json) {
  json.begin_object("recovery_state");
  json.member("active_generations", 1);
  json.member("description", "Recovery complete.");
  json.member("name", "fully_recovered");
  json.member("seconds_since_last_recovered", 0.0);
  json.end_object();
}

void add_locality(JsonWriter& json) {
  json.begin_object("locality");
  json.member("machineid", kMachineId);
  json.member("processid", kProcessId);
  json.member("zoneid", kMachineId);
  json.end_object();
}

void add_machines_and_processes(JsonWriter& json) {
  json.begin_object("machines");
  json.begin_object(kMachineId);
  json.member("address", "127.0.0.1");
  json.member("contributing_workers", 1);
  json.member("excluded", false);
  add_locality(json);
  json.member("machine_id", kMachineId);
  json.end_object();
  json.end_object();
  json.begin_object("processes");
  json.begin_object(kProcessId);
  json.member("address", kProcessAddress);
  json.member("class_source", "command_line");
  json.member("class_type", "unset");
  json.member("excluded", false);
  json.member("fault_domain", kMachineId);
  add_locality(json);
  json.member("machine_id", kMachineId);
  json.empty_array("messages");
  json.begin_array("roles");
  for (const char* role :
       {"coordinator", "cluster_controller", "master", "grv_proxy", "commit_proxy", "resolver", "log", "storage"}) {
    json.begin_object();
    json.member("role", role);
    json.end_object();
  }
  json.end_array();
  json.member("version", kVersion);
  json.end_object();
  json.end_object();
}

void add_operations(JsonWriter& json, Slice name, std::initializer_list<const char*> operations) {
  json.begin_object(name);
  for (const char* operation : operations) {
    json.begin_object(operation);
    json.member("counter", 0);
    json.member("hz", 0.0);
    json.member("roughness", 0.0);
    json.end_object();
  }
  json.end_object();
}

void add_activity(JsonWriter& json) {
  json.begin_object("workload");
  add_operations(json, "bytes", {"read", "written"});
  add_operations(json, "keys", {"read"});
  add_operations(json, "operations", {"reads", "writes"});
  add_operations(json, "transactions", {"committed", "conflicted", "started"});
  json.end_object();
  json.begin_object("latency_probe");
  json.member("commit_seconds", 0.0);
  json.member("read_seconds", 0.0);
  json.member("transaction_start_seconds", 0.0);
  json.end_object();
}

void add_clients(JsonWriter& json) {
  json.begin_object("clients");
  json.member("count", 1);
  json.begin_array("supported_versions");
  json.begin_object();
  json.member("client_version", kVersion);
  json.member("count", 1);
  json.member("protocol_version", kProtocol);
  json.end_object();
  json.end_array();
  json.end_object();
}

void add_cluster(JsonWriter& json, const Database& database) {
  const store::LeafUse leaf_use;
  Keyspace& keyspace = *database.keyspace();
  const RangeStats stats = keyspace.current().range_stats(Slice(), system_keys::kSystemBegin);
  json.begin_object("cluster");
  add_clients(json);
  json.member("cluster_controller_timestamp", now_seconds());
  add_configuration(json, keyspace);
  json.member("connection_string", Slice(database.connection_string()));
  add_data(json, stats);
  json.member("database_available", true);
  json.begin_object("database_lock_state");
  json.member("locked", keyspace.locked());
  json.end_object();
  json.member("degraded_processes", 0);
  add_fault_tolerance(json);
  json.member("full_replication", true);
  json.member("generation", keyspace.generation());
  json.empty_array("incompatible_connections");
  json.begin_object("layers");
  json.member("_valid", true);
  json.end_object();
  add_logs(json);
  add_machines_and_processes(json);
  json.empty_array("messages");
  json.member("protocol_version", kProtocol);
  add_qos(json);
  add_recovery(json);
  add_activity(json);
  json.end_object();
}

}  // namespace

Bytes status_document(const Database& database) {
  JsonWriter json;
  json.begin_object();
  add_client(json, database);
  add_cluster(json, database);
  json.end_object();
  return json.text();
}

Bytes fault_tolerance_document(const Database& database) {
  const store::LeafUse leaf_use;
  const RangeStats stats = database.keyspace()->current().range_stats(Slice(), system_keys::kSystemBegin);
  JsonWriter json;
  json.begin_object();
  add_client(json, database);
  json.begin_object("cluster");
  add_data(json, stats);
  add_fault_tolerance(json);
  add_logs(json);
  json.empty_array("messages");
  add_qos(json);
  add_recovery(json);
  json.end_object();
  json.end_object();
  return json.text();
}

// FNV-1a of the connection string, twice with different starts.
Bytes cluster_id(const Database& database) {
  static constexpr char kDigits[] = "0123456789abcdef";
  Bytes id;
  for (uint64_t hash : {0xcbf29ce484222325ULL, 0x84222325cbf29ce4ULL}) {
    for (const char byte : database.connection_string()) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    for (int shift = 60; shift >= 0; shift -= 4) id.push_back(kDigits[hash >> shift & 15]);
  }
  return id;
}

Bytes worker_interface() { return "embedded@" + Bytes(kProcessAddress); }

}  // namespace fdb
