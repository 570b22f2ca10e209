#include "store/commit_record.h"

#include <cstring>

namespace fdb::commit_record {

size_t number_size(uint64_t number) {
  size_t size = 1;
  while (number >>= 7) ++size;
  return size;
}

char* put_number(char* place, uint64_t number) noexcept {
  for (; number >= 0x80; number >>= 7) *place++ = static_cast<char>(number | 0x80);
  *place++ = static_cast<char>(number);
  return place;
}

uint64_t take_number(Slice* rest) {
  uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(rest->front());
    rest->remove_prefix(1);
    number |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return number;
  }
}

namespace {

char* put_bytes(char* place, Slice bytes) noexcept {
  if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
  return place + bytes.size();
}

Slice take_bytes(Slice* rest, uint64_t size) {
  const Slice bytes = rest->substr(0, size);
  rest->remove_prefix(size);
  return bytes;
}

uint64_t marked_size(const Change& change) { return change.key.size() << 1 | (change.is_clear ? 1 : 0); }

}  // namespace

size_t encoded_size(std::span<const Change> changes) {
  size_t size = 0;
  for (const Change& change : changes) {
    size += number_size(marked_size(change)) + change.key.size() + number_size(change.value.size()) + change.value.size();
  }
  return size;
}

void encode(std::span<const Change> changes, char* place) noexcept {
  for (const Change& change : changes) {
    place = put_bytes(put_number(place, marked_size(change)), change.key);
    place = put_bytes(put_number(place, change.value.size()), change.value);
  }
}

Bytes encoded(std::span<const Change> changes) {
  Bytes record(encoded_size(changes), '\0');
  encode(changes, record.data());
  return record;
}

Change take_change(Slice* record) {
  const uint64_t marked = take_number(record);
  Change change;
  change.key = take_bytes(record, marked >> 1);
  change.value = take_bytes(record, take_number(record));
  change.is_clear = (marked & 1) != 0;
  return change;
}

int64_t apply(Slice record, Editor* editor) {
  int64_t changes = 0;
  for (; !record.empty(); ++changes) {
    const Change change = take_change(&record);
    change.is_clear ? editor->clear_range(change.key, change.value) : editor->set(change.key, change.value);
  }
  return changes;
}

}  // namespace fdb::commit_record
