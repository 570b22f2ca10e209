// The textual form of network addresses, as management commands take them.
#pragma once

#include "base/common.h"

namespace fdb {

// Whether `text` is `ip` or `ip:port`, with IPv4 or `[IPv6]`.
bool is_network_address(Slice text);

}  // namespace fdb
