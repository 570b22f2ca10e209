// C exports: the shards of a database.
#include <string>

#include "abi/exports_support.h"
#include "db/database.h"
#include "db/shards.h"
#include "db/system_keys.h"
#include "special/network_address.h"

using namespace fdb;

namespace {

// Of an address: an IPv6 has colons of its own, and brackets where a port follows.
bool has_port(Slice address) {
  const size_t colon = address.rfind(':');
  if (colon == Slice::npos) return false;
  return address.front() == '[' ? address[colon - 1] == ']' : address.find(':') == colon;
}

// Reads addresses, separated by commas; false if one of them is none, or has no port.
bool read_addresses(Slice text, std::vector<Bytes>* addresses) {
  for (;;) {
    const size_t comma = text.find(',');
    const Slice address = text.substr(0, comma);
    if (!is_network_address(address) || !has_port(address)) return false;
    addresses->emplace_back(address);
    if (comma == Slice::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

// False if these are no shards.
bool read_shards(int count, FDBKey const* begins, char const* const* addresses, std::vector<Shard>* shards) {
  if (count < 0 || (count > 0 && !begins)) return false;
  if (count == 0 || begins[0].key_length != 0) shards->emplace_back();
  for (int i = 0; i < count; ++i) {
    if (begins[i].key_length < 0) return false;
    const Slice begin = slice(begins[i].key, begins[i].key_length);
    if (begin >= system_keys::kSystemBegin || (!shards->empty() && begin <= shards->back().begin)) return false;
    shards->push_back({Bytes(begin), {}});
    if (addresses && addresses[i] && !read_addresses(addresses[i], &shards->back().addresses)) return false;
  }
  return true;
}

}  // namespace

DLLEXPORT fdb_error_t fdb_embedded_set_shards(FDBDatabase* d, int count, FDBKey const* begins, char const* const* addresses) {
  return guard_error([&] {
    std::vector<Shard> shards;
    if (!read_shards(count, begins, addresses, &shards)) return err::kInvalidOptionValue;
    Keyspace* keyspace = Database::from(d)->keyspace();
    return keyspace ? keyspace->shards().cut(shards) : Database::from(d)->deferred_error();
  });
}
