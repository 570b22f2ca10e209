// The JSON text of fdb_database_get_client_status.
#pragma once

#include "db/database.h"

namespace fdb {

// What a client connected to the one node of the embedded database would report. Thread-safe.
Bytes client_status_json(const Database& database);

}  // namespace fdb
