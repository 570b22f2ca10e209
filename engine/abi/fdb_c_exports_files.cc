// C exports: databases in files. What can go wrong with a file has a text for people beside its code.
#include "abi/exports_support.h"
#include "abi/tool_run.h"
#include "db/back_up.h"
#include "db/database.h"

using namespace fdb;

namespace {

// What a program is told of a run of `work`.
Error run_tool(ToolRun::Work work, FDBEmbeddedProgress progress, void* context, char* out, int capacity) {
  ToolRun run(std::move(work), progress, context);
  Bytes text;
  const Error error = run.run(&text);
  copy_text(text, out, capacity);
  return error;
}

}  // namespace

extern "C" {

DLLEXPORT fdb_error_t fdb_embedded_problem(FDBDatabase* d, char* text, int capacity) {
  copy_text({}, text, capacity);
  return guard_error([&] {
    const Database& database = *Database::from(d);
    copy_text(database.problem(), text, capacity);
    return database.deferred_error();
  });
}

DLLEXPORT fdb_error_t fdb_embedded_backup(FDBDatabase* d, const char* target, FDBEmbeddedProgress progress, void* context,
                                          char* text, int capacity) {
  copy_text({}, text, capacity);
  return guard_error([&] {
    const Ref<Database> database(Database::from(d));
    if (!database->keyspace()) return database->deferred_error();
    const Bytes path = target ? target : "";
    return run_tool([&](const durable::Progress& go_on) { return back_up(*database->keyspace(), path, go_on); }, progress,
                    context, text, capacity);
  });
}

DLLEXPORT fdb_error_t fdb_embedded_check(const char* path, FDBEmbeddedProgress progress, void* context, char* text,
                                         int capacity) {
  copy_text({}, text, capacity);
  return guard_error([&] {
    const Bytes name = path ? path : "";
    return run_tool([&](const durable::Progress& go_on) { return durable::check_file(name, go_on); }, progress, context, text,
                    capacity);
  });
}

DLLEXPORT fdb_error_t fdb_embedded_compact(const char* path, FDBEmbeddedProgress progress, void* context, char* text,
                                           int capacity) {
  copy_text({}, text, capacity);
  return guard_error([&] {
    const Bytes name = path ? path : "";
    return run_tool([&](const durable::Progress& go_on) { return durable::compact_file(name, go_on); }, progress, context, text,
                    capacity);
  });
}

DLLEXPORT fdb_error_t fdb_embedded_info(const char* path, char* text, int capacity) {
  copy_text({}, text, capacity);
  return guard_error([&] {
    const Bytes name = path ? path : "";
    return run_tool([&](const durable::Progress&) { return durable::info_of_file(name); }, nullptr, nullptr, text, capacity);
  });
}

}  // extern "C"
