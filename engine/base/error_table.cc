#include "base/error_table.h"

#include <algorithm>
#include <iterator>

#include "base/fdb_headers.h"

namespace fdb {

namespace {

constexpr Error kHighestError = 30'000;

struct ErrorRow {
  Error code;
  const char* text;
};

// In the order of the codes.
constexpr ErrorRow kErrors[] = {
#define FDB_ERROR(code, name, description) {code, description},
#include "base/generated_errors.inc"
#undef FDB_ERROR
};

constexpr Error kMaybeCommitted[] = {
#define FDB_ERROR_MAYBE_COMMITTED(code) code,
#include "base/generated_errors.inc"
#undef FDB_ERROR_MAYBE_COMMITTED
};

constexpr Error kRetryableNotCommitted[] = {
#define FDB_ERROR_RETRYABLE_NOT_COMMITTED(code) code,
#include "base/generated_errors.inc"
#undef FDB_ERROR_RETRYABLE_NOT_COMMITTED
};

template <size_t count>
bool contains(const Error (&codes)[count], Error error) {
  return std::find(std::begin(codes), std::end(codes), error) != std::end(codes);
}

}  // namespace

const char* error_text(Error error) {
  if (error < 0 || error > kHighestError) error = err::kUnknownError;
  const auto* row = std::lower_bound(std::begin(kErrors), std::end(kErrors), error,
                                     [](const ErrorRow& candidate, Error wanted) { return candidate.code < wanted; });
  return row != std::end(kErrors) && row->code == error ? row->text : "UNKNOWN_ERROR";
}

bool error_predicate(int predicate, Error error) {
  switch (predicate) {
    case FDB_ERROR_PREDICATE_RETRYABLE: return contains(kMaybeCommitted, error) || contains(kRetryableNotCommitted, error);
    case FDB_ERROR_PREDICATE_MAYBE_COMMITTED: return contains(kMaybeCommitted, error);
    case FDB_ERROR_PREDICATE_RETRYABLE_NOT_COMMITTED: return contains(kRetryableNotCommitted, error);
    default: return false;
  }
}

}  // namespace fdb
