// What a database holds that nobody has written to: the system keys of a cluster that was just configured.
//
// Thread-safety: a function.
#pragma once

#include "store/version_store.h"

namespace fdb {

Snapshot initial_content(Slice connection_string);

}  // namespace fdb
