// C exports: the library as a whole and its network.
#include "abi/exports_support.h"
#include "base/error_table.h"

using namespace fdb;

extern "C" {

DLLEXPORT fdb_error_t fdb_select_api_version_impl(int runtime_version, int header_version) {
  try {
    return Library::of_process().network().select_api_version(runtime_version, header_version);
  } catch (...) {
    return current_exception_code();
  }
}

DLLEXPORT int fdb_get_max_api_version(void) { return FDB_LATEST_API_VERSION; }

DLLEXPORT const char* fdb_get_client_version(void) { return "7.4.0,0000000000000000000000000000000000000000,fdb00b074000000"; }

DLLEXPORT const char* fdb_get_error(fdb_error_t code) { return error_text(code); }

DLLEXPORT fdb_bool_t fdb_error_predicate(int predicate_test, fdb_error_t code) { return error_predicate(predicate_test, code); }

DLLEXPORT fdb_error_t fdb_network_set_option(FDBNetworkOption option, uint8_t const* value, int value_length) {
  return guard_error([&] { return Library::of_process().network().set_option(number_of(option), value, value_length); });
}

DLLEXPORT fdb_error_t fdb_run_network(void) {
  return guard_error([] {
    const Error error = Library::of_process().network().run();
    if (error == 0) Library::of_process().databases().close_files();
    return error;
  });
}

DLLEXPORT fdb_error_t fdb_stop_network(void) {
  return guard_error([] { return Library::of_process().network().stop(); });
}

DLLEXPORT fdb_error_t fdb_add_network_thread_completion_hook(void (*hook)(void*), void* hook_parameter) {
  return guard_error([&] { return Library::of_process().network().add_completion_hook(hook, hook_parameter); });
}

// A test aid of multi-version clients; there is only one protocol version to speak here.
DLLEXPORT void fdb_use_future_protocol_version(void) {}

DLLEXPORT fdb_error_t fdb_embedded_drop(const char* name) {
  return guard_error([&] {
    Library::of_process().databases().drop(name ? name : "");
    return Error(0);
  });
}

}  // extern "C"
