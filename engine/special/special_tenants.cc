// \xff\xff/management/tenant/: the list of tenants, and their creation, deletion, configuration and renaming.
// A commit first collects what was asked for, then applies it to the system keys.
#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/tuple_codec.h"
#include "db/system_keys.h"
#include "special/special_ranges.h"

namespace fdb {

namespace {

using Piece = SpecialWriteMap::Piece;

constexpr Slice kTenants = literal("\xff\xff/management/tenant/");
constexpr Slice kTenantsEnd = literal("\xff\xff/management/tenant0");
constexpr Slice kMap = literal("\xff\xff/management/tenant/map/");
constexpr Slice kMapEnd = literal("\xff\xff/management/tenant/map0");
constexpr Slice kConfigure = literal("\xff\xff/management/tenant/configure/");
constexpr Slice kConfigureEnd = literal("\xff\xff/management/tenant/configure0");
constexpr Slice kRename = literal("\xff\xff/management/tenant/rename/");
constexpr Slice kRenameEnd = literal("\xff\xff/management/tenant/rename0");

constexpr Slice kNameIndexEnd = literal("\xff/tenant/nameIndex0");
constexpr Slice kGroups = literal("\xff/tenant/tenantGroup/map/");  // <id> -> group
constexpr Slice kLastModification = literal("\xff/tenant/lastModification");
constexpr int64_t kMaxTenants = 1'000'000;
constexpr Error kTenantPrefixNotEmpty = 2135;
constexpr Error kInvalidTenantGroup = 2139;
constexpr Slice kGroupParameter = "tenant_group";

// ---- the list --------------------------------------------------------------------------------------

Bytes base64(Slice bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Bytes text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (size_t j = 0; j < 4; ++j) text.push_back(i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=');
  }
  return text;
}

Bytes printable(Slice bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  Bytes text;
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '\\') {
      text += "\\\\";
    } else if (byte >= 32 && byte < 127) {
      text.push_back(letter);
    } else {
      text += "\\x";
      text.push_back(kDigits[byte >> 4]);
      text.push_back(kDigits[byte & 15]);
    }
  }
  return text;
}

void add_bytes(JsonWriter& json, Slice name, Slice bytes) {
  json.begin_object(name);
  json.member("base64", Slice(base64(bytes)));
  json.member("printable", Slice(printable(bytes)));
  json.end_object();
}

Bytes described(Slice name, Slice id, const std::optional<Bytes>& group) {
  JsonWriter json;
  json.begin_object();
  json.member("id", static_cast<int64_t>(system_keys::from_big_endian(id)));
  json.member("lock_state", "unlocked");
  add_bytes(json, "name", name);
  add_bytes(json, "prefix", id);
  if (group) add_bytes(json, "tenant_group", *group);
  json.end_object();
  return json.text();
}

Error read_tenants(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  begin = std::max(begin, kMap);
  end = std::min(end, kMapEnd);
  if (begin >= end) return 0;
  const auto [from, to] = stored_range(system_keys::kTenantNameIndex, kMap, begin, end);
  Error error = 0;
  int64_t count = 0;
  int64_t bytes = 0;
  // Listing is work for each tenant: only for those that somebody is going to look at.
  const auto add = [&](Slice key, Slice id) {
    const Slice name = key.substr(system_keys::kTenantNameIndex.size());
    std::optional<Bytes> group;
    error = access.get(Bytes(kGroups) + Bytes(id), &group);
    if (error != 0) return false;
    const auto row = rows->emplace(Bytes(kMap) + Bytes(name), described(name, id, group)).first;
    bytes += static_cast<int64_t>(row->first.size() + row->second.size());
    return access.wanted().more(++count, bytes);
  };
  if (Error failure = access.scan(from, to, access.wanted().reverse, add)) return failure;
  return error;
}

// ---- what a transaction asks for -------------------------------------------------------------------

struct Setting {
  Bytes parameter;
  std::optional<Bytes> value;
};

struct Requests {
  std::set<Bytes> creations;
  std::vector<Piece> deletions;
  std::map<Bytes, std::vector<Setting>> settings;
  std::vector<std::pair<Bytes, Bytes>> renames;

  bool names_renamed(const Bytes& name) const {
    return std::any_of(renames.begin(), renames.end(),
                       [&name](const auto& one) { return one.first == name || one.second == name; });
  }
};

Error refuse_rename(SpecialAccess& access) { return access.refuse("rename tenant", "tenant rename conflict"); }

Error add_setting(SpecialAccess& access, const Piece& piece, Requests* requests) {
  if (!piece.is_point()) return 0;
  const auto elements = split_tuple(Slice(piece.begin).substr(kConfigure.size()));
  const auto is_text = [](const TupleElement& element) { return element.code == kTupleBytes || element.code == kTupleUnicode; };
  if (!elements || elements->size() != 2 || !std::all_of(elements->begin(), elements->end(), is_text)) {
    return access.refuse("configure tenant", "invalid tenant configuration key");
  }
  requests->settings[tuple_text((*elements)[0])].push_back({tuple_text((*elements)[1]), piece.value});
  return 0;
}

// Creations and deletions, of tenants that are not being renamed.
Error collect_listed(SpecialAccess& access, const std::vector<Piece>& pieces, Requests* requests) {
  for (const Piece& piece : pieces) {
    for (const auto& [old_name, new_name] : requests->renames) {
      for (const Bytes& name : {old_name, new_name}) {
        if (piece.covers(Bytes(kMap) + name)) return refuse_rename(access);
      }
    }
    if (piece.value) {
      requests->creations.insert(piece.begin.substr(kMap.size()));
    } else {
      requests->deletions.push_back(piece);
    }
  }
  return 0;
}

Error collect_requests(SpecialAccess& access, Requests* requests) {
  const SpecialWriteMap& written = access.writes().values;
  for (const Piece& piece : written.pieces(kRename, kRenameEnd)) {
    if (!piece.value) continue;
    const Bytes old_name = piece.begin.substr(kRename.size());
    if (old_name == *piece.value || requests->names_renamed(old_name) || requests->names_renamed(*piece.value)) {
      return refuse_rename(access);
    }
    requests->renames.emplace_back(old_name, *piece.value);
  }
  for (const Piece& piece : written.pieces(kConfigure, kConfigureEnd)) {
    if (Error error = add_setting(access, piece, requests)) return error;
  }
  if (Error error = collect_listed(access, written.pieces(kMap, kMapEnd), requests)) return error;
  for (const auto& [name, settings] : requests->settings) {
    if (requests->names_renamed(name)) return refuse_rename(access);
  }
  return 0;
}

// ---- carrying it out -------------------------------------------------------------------------------

Bytes index_key(Slice name) { return Bytes(system_keys::kTenantNameIndex) + Bytes(name); }
Bytes map_key(Slice id) { return Bytes(system_keys::kTenantMap) + Bytes(id); }

// The first key after a tenant's data.
Bytes data_end(Slice id) { return system_keys::big_endian(system_keys::from_big_endian(id) + 1); }

bool is_bad_name(Slice name) { return !name.empty() && name.front() == '\xff'; }

void note_change(SpecialAccess& access) { access.set_stamped(kLastModification, Bytes(10, '\0')); }

Error configure(SpecialAccess& access, Slice id, const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    if (setting.parameter != kGroupParameter) return err::kInvalidTenantConfiguration;
    if (!setting.value) {
      access.clear(Bytes(kGroups) + Bytes(id));
    } else if (is_bad_name(*setting.value)) {
      return kInvalidTenantGroup;
    } else {
      access.set(Bytes(kGroups) + Bytes(id), *setting.value);
    }
  }
  return 0;
}

Error create(SpecialAccess& access, const Bytes& name, const Bytes& id, const std::vector<Setting>& settings, bool* created) {
  if (is_bad_name(name)) return err::kInvalidTenantName;
  std::optional<Bytes> existing;
  if (Error error = access.get(index_key(name), &existing)) return error;
  *created = !existing;
  if (existing) return configure(access, *existing, settings);
  bool used;
  if (Error error = access.any_key(id, data_end(id), &used)) return error;
  if (used) return kTenantPrefixNotEmpty;
  access.set(index_key(name), id);
  access.set(map_key(id), name);
  return configure(access, id, settings);
}

Error create_all(SpecialAccess& access, Requests* requests) {
  if (requests->creations.empty()) return 0;
  std::optional<Bytes> last;
  if (Error error = access.get(system_keys::kTenantLastId, &last)) return error;
  uint64_t id = last ? system_keys::from_big_endian(*last) : 0;
  int64_t count = access.count(system_keys::kTenantNameIndex, kNameIndexEnd);
  for (const Bytes& name : requests->creations) {
    bool created = false;
    const Bytes next = system_keys::big_endian(id + 1);
    if (Error error = create(access, name, next, requests->settings[name], &created)) return error;
    requests->settings.erase(name);
    if (!created) continue;
    ++id;
    if (++count > kMaxTenants) return err::kClusterNoCapacity;
    access.set(system_keys::kTenantLastId, next);
  }
  note_change(access);
  return 0;
}

Error remove(SpecialAccess& access, Slice name, Slice id) {
  bool used;
  if (Error error = access.any_key(id, data_end(id), &used)) return error;
  if (used) return err::kTenantNotEmpty;
  access.clear(index_key(name));
  access.clear(map_key(id));
  access.clear(Bytes(kGroups) + Bytes(id));
  return 0;
}

// Configuration of a tenant that is deleted in the same transaction goes with it.
Error remove_all(SpecialAccess& access, Requests* requests) {
  bool changed = false;
  for (const Piece& deletion : requests->deletions) {
    SpecialRows rows;
    if (Error error = read_mapped(access, system_keys::kTenantNameIndex, kMap, deletion.begin, deletion.end, &rows))
      return error;
    for (const auto& [key, id] : rows) {
      if (Error error = remove(access, Slice(key).substr(kMap.size()), id)) return error;
      changed = true;
    }
    std::erase_if(requests->settings, [&](const auto& one) { return deletion.covers(Bytes(kMap) + one.first); });
  }
  if (changed) note_change(access);
  return 0;
}

Error rename(SpecialAccess& access, const Bytes& old_name, const Bytes& new_name) {
  if (is_bad_name(new_name)) return err::kInvalidTenantName;
  std::optional<Bytes> id;
  std::optional<Bytes> other;
  if (Error error = access.get(index_key(old_name), &id)) return error;
  if (!id) return err::kTenantNotFound;
  if (Error error = access.get(index_key(new_name), &other)) return error;
  if (other) return err::kTenantAlreadyExists;
  access.clear(index_key(old_name));
  access.set(index_key(new_name), *id);
  access.set(map_key(*id), new_name);
  return 0;
}

Error commit_tenants(SpecialAccess& access, const SpecialRange&) {
  Requests requests;
  if (Error error = collect_requests(access, &requests)) return error;
  Version ignored;
  if (Error error = access.read_version(&ignored)) return error;
  if (access.keyspace().tenant_mode() == 0) return err::kTenantsDisabled;
  if (Error error = remove_all(access, &requests)) return error;
  if (Error error = create_all(access, &requests)) return error;
  for (const auto& [name, settings] : requests.settings) {
    std::optional<Bytes> id;
    if (Error error = access.get(index_key(name), &id)) return error;
    if (!id) return err::kTenantNotFound;
    if (Error error = configure(access, *id, settings)) return error;
    note_change(access);
  }
  for (const auto& [old_name, new_name] : requests.renames) {
    if (Error error = rename(access, old_name, new_name)) return error;
    note_change(access);
  }
  return 0;
}

constexpr SpecialRange kRanges[] = {
    {kTenants, kTenantsEnd, &ApiBehavior::special_modules, false, read_tenants, commit_tenants},
};

}  // namespace

std::span<const SpecialRange> tenant_special_ranges() { return kRanges; }

}  // namespace fdb
