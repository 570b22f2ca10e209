// C exports: the functions whose argument list depends on the header version, each under its one exported name.
//
// A function is defined here with the longest of its argument lists, and looks only at those arguments that the selected
// version passes. That is sound on the platforms we build for (System V x86-64, AAPCS64 and Apple's variant of it):
// arguments are placed from first to last into registers and then on the stack, the caller removes them, and a callee
// that does not look at the later ones does not care whether they were passed. Where an argument changed its type, the
// parameter here is a whole register (Word): an int occupies the low half of one, a pointer all of it. Only the first
// six arguments may change, which are in registers on all these platforms.
//
// The C header declares each function in one form only, so this file must not include it.
#include "abi/legacy.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "unknown calling convention: check that the dispatch on the header version is sound"
#endif

#define EXPORT extern "C" __attribute__((visibility("default")))

using namespace fdb;

using Word = intptr_t;

namespace {

int as_int(Word word) { return static_cast<int>(word); }

const uint8_t* as_bytes(Word word) { return reinterpret_cast<const uint8_t*>(word); }

}  // namespace

// before 14: takes local_address
EXPORT fdb_error_t fdb_setup_network(const char* local_address) {
  return dispatch_version() < 14 ? before_14::setup_network(local_address) : current::setup_network();
}

// before 23: takes out_description
EXPORT fdb_error_t fdb_future_get_error(FDBFuture* f, const char** out_description) {
  return dispatch_version() < 23 ? before_23::future_get_error(f, out_description) : current::future_get_error(f);
}

// from 14: takes out_more
EXPORT fdb_error_t fdb_future_get_keyvalue_array(FDBFuture* f, FDBKeyValue const** out_kv, int* out_count,
                                                 fdb_bool_t* out_more) {
  return current::future_get_keyvalue_array(f, out_kv, out_count, dispatch_version() < 14 ? nullptr : out_more);
}

// from 14: takes a value, and has a result
EXPORT fdb_error_t fdb_transaction_set_option(FDBTransaction* tr, int option, const uint8_t* value, int value_length) {
  if (dispatch_version() < 14) return current::transaction_set_option(tr, option, nullptr, 0);
  return current::transaction_set_option(tr, option, value, value_length);
}

// from 14: takes snapshot
EXPORT FDBFuture* fdb_transaction_get(FDBTransaction* tr, const uint8_t* key_name, int key_name_length, fdb_bool_t snapshot) {
  return current::transaction_get(tr, key_name, key_name_length, dispatch_version() < 14 ? 0 : snapshot);
}

// from 14: takes snapshot
EXPORT FDBFuture* fdb_transaction_get_key(FDBTransaction* tr, const uint8_t* key_name, int key_name_length, fdb_bool_t or_equal,
                                          int offset, fdb_bool_t snapshot) {
  return current::transaction_get_key(tr, {key_name, key_name_length, or_equal, offset},
                                      dispatch_version() < 14 ? 0 : snapshot);
}

// from 14:   (tr, begin, begin_length, begin_or_equal, begin_offset, end, end_length, ...)
// before 14: (tr, begin, begin_length, end, end_length, limit)
EXPORT FDBFuture* fdb_transaction_get_range(FDBTransaction* tr, const uint8_t* begin, int begin_length, Word fourth, Word fifth,
                                            Word sixth, int end_length, fdb_bool_t end_or_equal, int end_offset, int limit,
                                            int target_bytes, int mode, int iteration, fdb_bool_t snapshot,
                                            fdb_bool_t reverse) {
  if (dispatch_version() < 14) {
    return before_14::transaction_get_range(tr, {begin, begin_length, 0, 1}, {as_bytes(fourth), as_int(fifth), 0, 1},
                                            as_int(sixth));
  }
  return current::transaction_get_range(tr, {{begin, begin_length, as_int(fourth), as_int(fifth)},
                                             {as_bytes(sixth), end_length, end_or_equal, end_offset},
                                             limit,
                                             target_bytes,
                                             mode,
                                             iteration,
                                             snapshot,
                                             reverse});
}
