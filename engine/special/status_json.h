// The texts by which an embedded database describes itself as a cluster of one process.
//
// Thread-safety: any thread may call these.
#pragma once

#include "db/database.h"

namespace fdb {

inline constexpr Slice kProcessAddress = "127.0.0.1:4500";

// The status document behind \xff\xff/status/json.
Bytes status_document(const Database& database);
// Its parts that \xff\xff/metrics/fault_tolerance_metrics_json shows.
Bytes fault_tolerance_document(const Database& database);
// 32 hex digits, the same for the life of the database.
Bytes cluster_id(const Database& database);
// The opaque value of the process under \xff\xff/worker_interfaces/.
Bytes worker_interface();

}  // namespace fdb
