// What management commands take for an address.
#include "special/network_address.h"

#include "sim/test_support.h"

namespace fdb {
namespace {

void test_addresses() {
  for (const char* good : {"1.2.3.4", "1.2.3.4:5", "[::1]", "[::1]:4500", "::1", "127.0.0.1:65535"})
    CHECK(is_network_address(good));
  for (const char* bad : {"", "hello", "1.2.3", "999.1.1.1", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:x", "[::1",
                          "[x]:1", "1.2.3.4:5:tls"}) {
    CHECK(!is_network_address(bad));
  }
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_addresses();
  std::puts("network_address_test: ok");
  return 0;
}
