// The JSON text of fdb_database_get_client_status, with and without the layer for several client libraries.
#include "client_status.h"

#include <sys/wait.h>
#include <unistd.h>

#include "network.h"
#include "test_support.h"

namespace fdb {

namespace {

// The choice of the layer is made once in a process.
template <class Test>
void in_child(Test&& test) {
  const pid_t child = fork();
  if (child == 0) {
    test();
    std::exit(0);
  }
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

void set_up(bool with_layer) {
  CHECK_EQ(Network::instance().select_api_version(740, 740), 0);
  if (with_layer) CHECK_EQ(Network::instance().set_option(FDB_NET_OPTION_DISABLE_CLIENT_BYPASS, nullptr, 0), 0);
  CHECK_EQ(Network::instance().setup(), 0);
}

bool contains(const Bytes& text, Slice part) { return text.find(part) != Bytes::npos; }

void test_database_status() {
  set_up(false);
  const Bytes json = client_status_json(*Database::open("memory:status"));
  CHECK_EQ(json.substr(0, 16), "{\"Healthy\":true,");
  CHECK(contains(json, "\"Coordinators\":[\"127.0.0.1:4500\"]"));
  CHECK(contains(json, "\"Status\":\"connected\",\"Compatible\":true"));
  CHECK(contains(json, "\"NumConnectionsFailed\":0}"));
  CHECK_EQ(client_status_json(*Database::open("/nonexistent/fdb.cluster")), "{\"InitializationError\":1515}");
}

void test_multi_version_status() {
  set_up(true);
  const Bytes json = client_status_json(*Database::open("memory:status"));
  CHECK_EQ(json.substr(0, 47), "{\"Healthy\":true,\"InitializationState\":\"created\"");
  CHECK(contains(json, "\"ConnectionRecord\":\"embedded:status@127.0.0.1:4500\""));
  CHECK(contains(json, "\"DatabaseStatus\":{\"Healthy\":true,"));
  CHECK(contains(json, "\"AvailableClients\":[{\"ProtocolVersion\":\"fdb00b074000000\",\"ReleaseVersion\":\"7.4.0\",\"ThreadIndex\":0}]}"));
  const Bytes failed = client_status_json(*Database::open("/nonexistent/fdb.cluster"));
  CHECK(contains(failed, "{\"Healthy\":false,\"InitializationState\":\"initialization_failed\",\"InitializationError\":1515,"));
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::in_child(fdb::test_database_status);
  fdb::in_child(fdb::test_multi_version_status);
  return 0;
}
