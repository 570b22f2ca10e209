// What a commit did to the data, as bytes: its sets and clears in order, with every stamp, atomic operation and prefix
// resolved, so that they can be applied to any copy of the state before it.
//
// Thread-safety: functions on values.
// Format: for each change a number (twice the key's length, plus one for a clear), the key, a number (the length of what
// follows) and the value, or the end of a clear. Numbers take seven bits a byte, low bits first.
#pragma once

#include <span>

#include "store/version_store.h"

namespace fdb {

// One resolved change.
struct Change {
  Slice key;    // of a clear: the begin
  Slice value;  // of a clear: the end
  bool is_clear = false;
};

namespace commit_record {

size_t encoded_size(std::span<const Change> changes);
// Writes that many bytes.
void encode(std::span<const Change> changes, char* place) noexcept;
Bytes encoded(std::span<const Change> changes);
// Returns how many changes these were.
int64_t apply(Slice record, Editor* editor);
// Takes the first change out of a record that is not empty.
Change take_change(Slice* record);

// The numbers of the format, for those who put records together.
size_t number_size(uint64_t number);
char* put_number(char* place, uint64_t number) noexcept;
uint64_t take_number(Slice* rest);

}  // namespace commit_record
}  // namespace fdb
