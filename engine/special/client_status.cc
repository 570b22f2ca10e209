#include "special/client_status.h"

#include "base/json.h"
#include "runtime/network.h"
#include "special/status_json.h"

namespace fdb {

namespace {

constexpr const char* kProtocol = "fdb00b074000000";
constexpr const char* kRelease = "7.4.0";

void write_connection(JsonWriter* json) {
  json->begin_object();
  json->member("Address", kProcessAddress);
  json->member("Status", "connected");
  json->member("Compatible", true);
  for (const char* counter : {"ConnectFailedCount", "LastConnectTime", "PingCount", "PingTimeoutCount", "BytesSampleTime",
                              "BytesReceived", "BytesSent"}) {
    json->member(counter, 0);
  }
  json->member("ProtocolVersion", kProtocol);
  json->end_object();
}

// The members of the database's own status, inside the object that the caller opened.
void write_database_status(JsonWriter* json, const Database& database) {
  if (Error error = database.deferred_error()) return json->member("InitializationError", error);
  json->member("Healthy", true);
  json->member("ClusterID", cluster_id(database));
  json->member("CurrentCoordinator", kProcessAddress);
  for (const char* role : {"Coordinators", "GrvProxies", "CommitProxies"}) {
    json->begin_array(role);
    json->element(kProcessAddress);
    json->end_array();
  }
  json->begin_array("StorageServers");
  json->begin_object();
  json->member("SSID", cluster_id(database));  // of the only one
  json->member("Address", kProcessAddress);
  json->end_object();
  json->end_array();
  json->begin_array("Connections");
  write_connection(json);
  json->end_array();
  json->member("NumConnectionsFailed", 0);
}

// What the layer that can choose between several client libraries adds around it.
void write_multi_version_status(JsonWriter* json, const Database& database) {
  const Error error = database.deferred_error();
  json->member("Healthy", error == 0);
  json->member("InitializationState", error ? "initialization_failed" : "created");
  if (error) json->member("InitializationError", error);
  json->member("ProtocolVersion", kProtocol);
  json->member("ConnectionRecord", database.connection_string());
  json->begin_object("DatabaseStatus");
  write_database_status(json, database);
  json->end_object();
  json->begin_array("AvailableClients");
  json->begin_object();
  json->member("ProtocolVersion", kProtocol);
  json->member("ReleaseVersion", kRelease);
  json->member("ThreadIndex", 0);
  json->end_object();
  json->end_array();
}

}  // namespace

Bytes client_status_json(const Database& database) {
  JsonWriter json;
  json.begin_object();
  if (database.network().has_multi_version_layer()) {
    write_multi_version_status(&json, database);
  } else {
    write_database_status(&json, database);
  }
  json.end_object();
  return json.text();
}

}  // namespace fdb
