// Texts and classes of error codes (errors.tsv).
//
// Thread-safety: pure functions over constant tables; the texts live for ever.
#pragma once

#include "base/common.h"

namespace fdb {

// What fdb_get_error returns: never null.
const char* error_text(Error error);

// What fdb_error_predicate returns: whether `error` belongs to the class `predicate` (an FDBErrorPredicate).
bool error_predicate(int predicate, Error error);

}  // namespace fdb
