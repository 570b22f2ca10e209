// What is known about an option's value before anybody acts on it: shape and legal range (options.tsv).
//
// Thread-safety: pure functions over constant tables.
#pragma once

#include "base/common.h"

namespace fdb {

enum class OptionScope { kNetwork, kDatabase, kTransaction };

// A value as it crossed the C API. `bytes` borrows the caller's memory.
struct OptionValue {
  bool present = false;  // a NULL pointer means no value; an empty string is a value
  Slice bytes;
  int64_t number = 0;  // of integer options
};

bool is_known_option(OptionScope scope, int code);
// The transaction option that a database option is the default of; -1 if it is none.
int default_for(int database_option);

// Fills *out and checks what can be checked without knowing the object: 2007 for an unknown code; 2006 for an integer
// that is missing, not 8 bytes or out of range, and for a value given to an option that takes none. Lengths and formats
// of strings are the business of whoever applies the option. Database options that are defaults of a transaction
// option are not checked here: a transaction that applies them does it.
Error parse_option_value(OptionScope scope, int code, const uint8_t* value, int length, OptionValue* out);

}  // namespace fdb
