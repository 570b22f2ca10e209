// The JSON text of fdb_database_get_client_status, with and without the layer for several client libraries.
#include "special/client_status.h"

#include <sys/wait.h>
#include <unistd.h>

#include "abi/library.h"
#include "runtime/network.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

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

enum class Layer { kNone, kAskedFor, kForExternalClient };

void set_up(Layer layer) {
  Network& network = test::network();
  CHECK_EQ(network.select_api_version(740, 740), 0);
  if (layer == Layer::kAskedFor) CHECK_EQ(network.set_option(FDB_NET_OPTION_DISABLE_CLIENT_BYPASS, nullptr, 0), 0);
  if (layer == Layer::kForExternalClient) {
    constexpr Slice kLibrary = "/proc/self/exe";  // it only has to be there
    const auto* path = reinterpret_cast<const uint8_t*>(kLibrary.data());
    CHECK_EQ(network.set_option(FDB_NET_OPTION_EXTERNAL_CLIENT_LIBRARY, path, static_cast<int>(kLibrary.size())), 0);
  }
  CHECK_EQ(test::network().setup(), 0);
}

bool contains(const Bytes& text, Slice part) { return text.find(part) != Bytes::npos; }

void test_database_status() {
  set_up(Layer::kNone);
  const Bytes json = client_status_json(*test::open_database("memory:status"));
  CHECK_EQ(json.substr(0, 16), "{\"Healthy\":true,");
  CHECK(contains(json, "\"Coordinators\":[\"127.0.0.1:4500\"]"));
  CHECK(contains(json, "\"Status\":\"connected\",\"Compatible\":true"));
  CHECK(contains(json, "\"NumConnectionsFailed\":0}"));
  CHECK_EQ(client_status_json(*test::open_database("/nonexistent/fdb.cluster")), "{\"InitializationError\":1515}");
}

void check_multi_version_status() {
  const Bytes json = client_status_json(*test::open_database("memory:status"));
  CHECK_EQ(json.substr(0, 47), "{\"Healthy\":true,\"InitializationState\":\"created\"");
  CHECK(contains(json, "\"ConnectionRecord\":\"embedded:status@127.0.0.1:4500\""));
  CHECK(contains(json, "\"DatabaseStatus\":{\"Healthy\":true,"));
  CHECK(contains(
      json,
      "\"AvailableClients\":[{\"ProtocolVersion\":\"fdb00b074000000\",\"ReleaseVersion\":\"7.4.0\",\"ThreadIndex\":0}]}"));
  const Bytes failed = client_status_json(*test::open_database("/nonexistent/fdb.cluster"));
  CHECK(contains(failed, "{\"Healthy\":false,\"InitializationState\":\"initialization_failed\",\"InitializationError\":1515,"));
}

void test_layer_that_was_asked_for() {
  set_up(Layer::kAskedFor);
  check_multi_version_status();
}

void test_layer_for_an_external_client() {
  set_up(Layer::kForExternalClient);
  check_multi_version_status();
}

// The cache is state that the layer shares between clients.
void test_read_version_cache_needs_the_layer() {
  for (const Layer layer : {Layer::kNone, Layer::kAskedFor, Layer::kForExternalClient}) {
    in_child([layer] {
      set_up(layer);
      test::network().simulate();
      const auto transaction = create_transaction(*test::open_database("memory:cache"));
      CHECK_EQ(transaction->set_option(FDB_TR_OPTION_USE_GRV_CACHE, nullptr, 0), 0);
      const Ref<Future> size = transaction->get_approximate_size();
      CHECK_EQ(size->get_error() == err::kInvalidOption, layer == Layer::kNone);
    });
  }
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::in_child(fdb::test_database_status);
  fdb::in_child(fdb::test_layer_that_was_asked_for);
  fdb::in_child(fdb::test_layer_for_an_external_client);
  fdb::test_read_version_cache_needs_the_layer();
  return 0;
}
