#include "db/initial_content.h"

#include "db/system_keys.h"

namespace fdb {

namespace {

// Who holds a shard, in the shape and size a server stores it: protocol version, one storage server, nobody to move to.
// The content is nobody's business, but its size counts where a read runs into the system keys.
Bytes shard_owners() {
  const Bytes protocol("\0\0\0\x74\xb0\0\xdb\x0f", 8);
  const Bytes one("\x01\0\0\0\0\0\0\0", 8);
  return protocol + one + Bytes(16, '\x01') + Bytes(8, '\0');
}

}  // namespace

Snapshot initial_content(Slice connection_string) {
  Editor editor{Snapshot()};
  editor.set(system_keys::kTenantMode, "1");
  editor.set(system_keys::kConsistencyCheck, Slice("\0", 1));
  editor.set(system_keys::kCoordinators, connection_string);
  editor.set(system_keys::kKeyServers, shard_owners());
  editor.set(system_keys::kKeyServersEnd, shard_owners());
  return editor.finish();
}

}  // namespace fdb
