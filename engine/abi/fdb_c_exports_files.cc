// C exports: databases in files. What can go wrong with a file has a text for people beside its code.
#include <algorithm>

#include "abi/exports_support.h"
#include "db/database.h"

using namespace fdb;

namespace {

void copy_text(Slice from, char* text, int capacity) {
  if (!text || capacity <= 0) return;
  const size_t size = std::min(from.size(), static_cast<size_t>(capacity) - 1);
  std::copy_n(from.data(), size, text);
  text[size] = '\0';
}

}  // namespace

extern "C" {

DLLEXPORT fdb_error_t fdb_embedded_problem(FDBDatabase* d, char* text, int capacity) {
  copy_text({}, text, capacity);
  return guard_error([&] { return Database::from(d)->deferred_error(); });
}

}  // extern "C"
