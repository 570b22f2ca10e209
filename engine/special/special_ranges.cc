#include "special/special_ranges.h"

#include <charconv>

#include "base/json.h"
#include "special/network_address.h"
#include "special/status_json.h"

namespace fdb {

// ---- the transaction as modules see it -------------------------------------------------------------

Error SpecialAccess::get_range(Slice begin, Slice end, SpecialRows* rows) {
  return scan(begin, end, false, [rows](Slice key, Slice value) {
    rows->emplace(key, value);
    return true;
  });
}

SpecialWrites& SpecialAccess::writes() {
  if (!special_attempt()) special_attempt() = std::make_unique<SpecialWrites>();
  return static_cast<SpecialWrites&>(*special_attempt());
}

Error SpecialAccess::refuse(Slice command, Slice message) {
  JsonWriter json;
  json.begin_object();
  json.member("retriable", false);
  json.member("command", command);
  json.member("message", message);
  json.end_object();
  writes().error_message = json.text();
  return err::kSpecialKeysApiFailure;
}

// ---- for implementations ---------------------------------------------------------------------------

Bytes stored_key(Slice prefix, Slice shown, Slice key) { return Bytes(prefix) + Bytes(key.substr(shown.size())); }

std::pair<Bytes, Bytes> stored_range(Slice prefix, Slice shown, Slice begin, Slice end) {
  Bytes to(prefix);
  if (end.substr(0, shown.size()) == shown) {
    to.append(end.substr(shown.size()));
  } else {
    to.back() = static_cast<char>(to.back() + 1);
  }
  return {stored_key(prefix, shown, begin), std::move(to)};
}

Error read_mapped(SpecialAccess& access, Slice prefix, Slice shown, Slice begin, Slice end, SpecialRows* rows) {
  const auto [from, to] = stored_range(prefix, shown, begin, end);
  return access.scan(from, to, false, [&](Slice key, Slice value) {
    rows->emplace(Bytes(shown) + Bytes(key.substr(prefix.size())), value);
    return true;
  });
}

bool parse_number(Slice text, int64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool is_own_address(Slice address) {
  return address == kProcessAddress || address == kProcessAddress.substr(0, kProcessAddress.find(':'));
}

Error check_address(SpecialAccess& access, Slice command, const Bytes& address) {
  if (is_network_address(address)) return 0;
  return access.refuse(command, "ERROR: '" + address + "' is not a valid network endpoint address\n");
}

}  // namespace fdb
