// \xff\xff/configuration/, \xff\xff/global_config/ and \xff\xff/tracing/.
#include <algorithm>
#include <cinttypes>
#include <cstdlib>
#include <cstring>

#include "base/env.h"
#include "base/tuple_codec.h"
#include "db/system_keys.h"
#include "special/special_ranges.h"
#include "special/status_json.h"

namespace fdb {

namespace {

using Piece = SpecialWriteMap::Piece;

constexpr Slice kClassType = literal("\xff\xff/configuration/process/class_type/");
constexpr Slice kClassTypeEnd = literal("\xff\xff/configuration/process/class_type0");
constexpr Slice kClassSource = literal("\xff\xff/configuration/process/class_source/");
constexpr Slice kClassSourceEnd = literal("\xff\xff/configuration/process/class_source0");
constexpr Slice kCoordinators = literal("\xff\xff/configuration/coordinators/");
constexpr Slice kCoordinatorsEnd = literal("\xff\xff/configuration/coordinators0");
constexpr Slice kDescription = literal("\xff\xff/configuration/coordinators/cluster_description");
constexpr Slice kProcesses = literal("\xff\xff/configuration/coordinators/processes");
constexpr Slice kGlobal = literal("\xff\xff/global_config/");
constexpr Slice kGlobalEnd = literal("\xff\xff/global_config0");
constexpr Slice kTracing = literal("\xff\xff/tracing/");
constexpr Slice kTracingEnd = literal("\xff\xff/tracing0");
constexpr Slice kToken = literal("\xff\xff/tracing/token");
constexpr Slice kTraceId = literal("\xff\xff/tracing/transaction_id");

constexpr Slice kStoredClass = literal("\xff/processClass/");
constexpr Slice kStoredGlobal = literal("\xff/globalConfig/k/");
constexpr Slice kStoredGlobalVersion = literal("\xff/globalConfig/v");

// ---- process classes -------------------------------------------------------------------------------

constexpr Slice kClasses[] = {"unset",
                              "storage",
                              "transaction",
                              "resolution",
                              "proxy",
                              "commit_proxy",
                              "grv_proxy",
                              "master",
                              "test",
                              "stateless",
                              "log",
                              "router",
                              "cluster_controller",
                              "fast_restore",
                              "data_distributor",
                              "coordinator",
                              "ratekeeper",
                              "consistency_scan",
                              "storage_cache",
                              "backup",
                              "blob_manager",
                              "blob_worker",
                              "blob_migrator",
                              "encrypt_key_proxy",
                              "sim_http_server"};

Bytes stored_class_key() { return Bytes(kStoredClass) + Bytes(kProcessAddress); }

Error read_class_type(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  std::optional<Bytes> chosen;
  if (Error error = access.get(stored_class_key(), &chosen)) return error;
  add_row(Bytes(kClassType) + Bytes(kProcessAddress), chosen.value_or("unset"), begin, end, rows);
  return 0;
}

Error read_class_source(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  std::optional<Bytes> chosen;
  if (Error error = access.get(stored_class_key(), &chosen)) return error;
  add_row(Bytes(kClassSource) + Bytes(kProcessAddress), chosen ? "set_class" : "command_line", begin, end, rows);
  return 0;
}

Error commit_class_type(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  for (const Piece& piece : range.written(access)) {
    if (!piece.value) continue;
    const Bytes address = piece.begin.substr(range.begin.size());
    if (Error error = check_address(access, "setclass", address)) return error;
    const bool known = std::find(std::begin(kClasses), std::end(kClasses), *piece.value) != std::end(kClasses);
    if (!known && *piece.value != "default") {
      return access.refuse("setclass", "ERROR: '" + *piece.value + "' is not a valid process class\n");
    }
    if (!is_own_address(address)) continue;
    *piece.value == "default" ? access.clear(stored_class_key()) : access.set(stored_class_key(), *piece.value);
  }
  return 0;
}

Error refuse_clear_class(SpecialAccess& access, Slice, Slice) {
  return access.refuse("setclass", "Clear operation is meaningless thus forbidden for setclass");
}

// ---- coordinators ----------------------------------------------------------------------------------

Bytes description_of(const Database& database) {
  const Bytes text = database.connection_string();
  return text.substr(0, text.find(':'));
}

Error read_coordinators(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  add_row(kDescription, description_of(access.database()), begin, end, rows);
  add_row(kProcesses, kProcessAddress, begin, end, rows);
  return 0;
}

bool is_description(const Bytes& text) {
  constexpr const char* kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return !text.empty() && text.find_first_not_of(kLetters) == Bytes::npos;
}

// Whether a list of addresses differs from what there is.
Error change_of_processes(SpecialAccess& access, Slice addresses, bool* changed) {
  for (size_t comma = 0; comma != Slice::npos; addresses = addresses.substr(std::min(addresses.size(), comma + 1))) {
    comma = addresses.find(',');
    const Bytes address(addresses.substr(0, comma));
    if (Error error = check_address(access, "coordinators", address)) return error;
    *changed = *changed || address != kProcessAddress;
  }
  return 0;
}

// The coordinator of an embedded database is the library itself; there is nothing to change to.
Error commit_coordinators(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  bool changed = false;
  for (const Piece& piece : range.written(access)) {
    if (!piece.value) continue;
    if (piece.begin == kDescription) {
      if (!is_description(*piece.value)) return access.refuse("coordinators", "Cluster description must match [A-Za-z0-9_]+");
      changed = changed || *piece.value != description_of(access.database());
    } else if (piece.begin == kProcesses) {
      if (Error error = change_of_processes(access, *piece.value, &changed)) return error;
    }
  }
  return access.refuse("coordinators",
                       changed ? "Coordinator unreachable" : "No change (existing configuration satisfies request)");
}

Error refuse_clear_coordinators(SpecialAccess& access, Slice, Slice) {
  return access.refuse("coordinators", "Clear operation is meaningless thus forbidden for coordinators");
}

// ---- global configuration --------------------------------------------------------------------------

constexpr int kTupleZero = 0x14;  // integers have the codes around it: its size, negative below
constexpr int kTupleFloat = 0x20;
constexpr int kTupleDouble = 0x21;

Bytes integer_text(int code, uint64_t number) {
  if (code >= kTupleZero) return std::to_string(number);
  const int size = kTupleZero - code;
  return "-" + std::to_string((size == 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * size) - 1) - number);
}

// In a tuple the sign bit is flipped, or all bits of a negative number.
template <class Float, class Bits>
Bytes float_text(Bits bits) {
  constexpr Bits kSign = Bits{1} << (8 * sizeof(Bits) - 1);
  bits = bits & kSign ? bits ^ kSign : ~bits;
  Float number;
  static_assert(sizeof number == sizeof bits);
  std::memcpy(&number, &bits, sizeof number);
  char text[400];
  std::snprintf(text, sizeof text, "%f", static_cast<double>(number));
  return text;
}

// The text of a packed one-element tuple: strings as they are, integers in decimal, floats with six decimals.
std::optional<Bytes> shown_value(Slice packed) {
  const auto elements = split_tuple(packed);
  if (!elements || elements->size() != 1) return std::nullopt;
  const TupleElement& element = elements->front();
  if (element.code == kTupleBytes || element.code == kTupleUnicode) return tuple_text(element);
  const auto number = [&element](size_t size) { return system_keys::from_big_endian(element.raw.substr(1, size)); };
  if (element.code >= kTupleZero - 8 && element.code <= kTupleZero + 8) {
    return integer_text(element.code, number(static_cast<size_t>(std::abs(element.code - kTupleZero))));
  }
  if (element.code == kTupleFloat) return float_text<float>(static_cast<uint32_t>(number(4)));
  if (element.code == kTupleDouble) return float_text<double>(number(8));
  return std::nullopt;
}

Error read_global(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  SpecialRows stored;
  if (Error error = read_mapped(access, kStoredGlobal, kGlobal, begin, end, &stored)) return error;
  for (const auto& [key, value] : stored) {
    if (const auto text = shown_value(value)) rows->emplace(key, *text);
  }
  return 0;
}

Error commit_global(SpecialAccess& access, const SpecialRange& range) {
  for (const Piece& piece : range.written(access)) {
    const auto [from, to] = stored_range(kStoredGlobal, kGlobal, piece.begin, piece.end);
    piece.value ? access.set(from, *piece.value) : access.clear_range(from, to);
  }
  access.set_stamped(kStoredGlobalVersion, Bytes(10, '\0'));
  return 0;
}

// ---- tracing ---------------------------------------------------------------------------------------

Bytes random_id() {
  char text[40];
  std::snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, Env::current().random_u64(), Env::current().random_u64());
  return text;
}

SpecialWrites& tracing(SpecialAccess& access) {
  SpecialWrites& writes = access.writes();
  if (!writes.traced) {
    writes.traced = true;
    writes.trace_id = random_id();
    writes.trace_token = Env::current().random_u64();
  }
  return writes;
}

Error read_tracing(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  const SpecialWrites& writes = tracing(access);
  add_row(kToken, std::to_string(writes.trace_token), begin, end, rows);
  add_row(kTraceId, writes.trace_id, begin, end, rows);
  return 0;
}

// Takes effect at once, unless something was written before: then the write is kept, for the commit to refuse.
Error set_tracing(SpecialAccess& access, Slice key, Slice value) {
  if (access.has_written()) {
    access.writes().values.set(key, value);
    return 0;
  }
  SpecialWrites& writes = tracing(access);
  if (key == kTraceId) {
    if (value.size() != writes.trace_id.size()) return err::kInternalError;
    writes.trace_id = value;
  } else if (key == kToken) {
    if (value != "true" && value != "false") return access.refuse("tracing", "token must be set to true/false");
    writes.trace_token = value == "true" ? Env::current().random_u64() : 0;
  }
  return 0;
}

Error clear_tracing(SpecialAccess& access, Slice, Slice) { return access.refuse("tracing", "clear is not allowed"); }

Error commit_tracing(SpecialAccess& access, const SpecialRange&) {
  return access.refuse("tracing", "tracing options must be set first");
}

constexpr SpecialRange kRanges[] = {
    {kCoordinators, kCoordinatorsEnd, &ApiBehavior::special_management, false, read_coordinators, commit_coordinators, true,
     nullptr, refuse_clear_coordinators},
    {kClassSource, kClassSourceEnd, &ApiBehavior::special_management, false, read_class_source, nullptr},
    {kClassType, kClassTypeEnd, &ApiBehavior::special_management, false, read_class_type, commit_class_type, true, nullptr,
     refuse_clear_class},
    {kGlobal, kGlobalEnd, &ApiBehavior::special_management, false, read_global, commit_global},
    {kTracing, kTracingEnd, &ApiBehavior::special_management, false, read_tracing, commit_tracing, false, set_tracing,
     clear_tracing},
};

}  // namespace

std::span<const SpecialRange> configuration_special_ranges() { return kRanges; }

}  // namespace fdb
