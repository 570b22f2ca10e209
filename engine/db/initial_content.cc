#include "db/initial_content.h"

#include "db/shards.h"
#include "db/system_keys.h"

namespace fdb {

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
