#include "client_status.h"

#include <cstdio>

#include "network.h"

namespace fdb {

namespace {

constexpr const char* kAddress = "127.0.0.1:4500";
constexpr const char* kProtocol = "fdb00b074000000";
constexpr const char* kRelease = "7.4.0";

Bytes quoted(Slice text) {
  Bytes json = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json.push_back('\\');
      json.push_back(c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      json += escape;
    } else {
      json.push_back(c);
    }
  }
  return json + "\"";
}

// An id of 32 hexadecimal digits that stays the same for one database: FNV-1a with two offsets.
Bytes id_of(Slice text) {
  uint64_t halves[2] = {0xCBF29CE484222325ULL, 0x84222325CBF29CE4ULL};
  for (uint64_t& half : halves) {
    for (char c : text) half = (half ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  char digits[33];
  std::snprintf(digits, sizeof digits, "%016llx%016llx", static_cast<unsigned long long>(halves[0]),
                static_cast<unsigned long long>(halves[1]));
  return digits;
}

Bytes connection() {
  return "{\"Address\":" + quoted(kAddress) +
         ",\"Status\":\"connected\",\"Compatible\":true,\"ConnectFailedCount\":0,\"LastConnectTime\":0,\"PingCount\":0,"
         "\"PingTimeoutCount\":0,\"BytesSampleTime\":0,\"BytesReceived\":0,\"BytesSent\":0,\"ProtocolVersion\":" +
         quoted(kProtocol) + "}";
}

Bytes database_status(const Database& database) {
  if (Error error = database.deferred_error()) return "{\"InitializationError\":" + std::to_string(error) + "}";
  const Bytes address = quoted(kAddress);
  const Bytes addresses = "[" + address + "]";
  const Bytes name = database.connection_string();
  return "{\"Healthy\":true,\"ClusterID\":" + quoted(id_of(name)) + ",\"Coordinators\":" + addresses +
         ",\"CurrentCoordinator\":" + address + ",\"GrvProxies\":" + addresses + ",\"CommitProxies\":" + addresses +
         ",\"StorageServers\":[{\"SSID\":" + quoted(id_of(name + "/storage")) + ",\"Address\":" + address +
         "}],\"Connections\":[" + connection() + "],\"NumConnectionsFailed\":0}";
}

// What the layer that can choose between several client libraries adds around it.
Bytes multi_version_status(const Database& database) {
  const Error error = database.deferred_error();
  Bytes json = "{\"Healthy\":";
  json += error ? "false" : "true";
  json += ",\"InitializationState\":";
  json += error ? "\"initialization_failed\"" : "\"created\"";
  if (error) json += ",\"InitializationError\":" + std::to_string(error);
  json += ",\"ProtocolVersion\":" + quoted(kProtocol) + ",\"ConnectionRecord\":" + quoted(database.connection_string());
  json += ",\"DatabaseStatus\":" + database_status(database);
  return json + ",\"AvailableClients\":[{\"ProtocolVersion\":" + quoted(kProtocol) + ",\"ReleaseVersion\":" + quoted(kRelease) +
         ",\"ThreadIndex\":0}]}";
}

}  // namespace

Bytes client_status_json(const Database& database) {
  return Network::instance().client_bypass_disabled() ? multi_version_status(database) : database_status(database);
}

}  // namespace fdb
