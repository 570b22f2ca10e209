// The public C headers as the engine sees them: at the newest API version.
#pragma once

#define FDB_USE_LATEST_API_VERSION
#define FDB_INCLUDE_LEGACY_TYPES
#include <foundationdb/fdb_c.h>
