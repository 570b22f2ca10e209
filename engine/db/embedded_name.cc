#include "db/embedded_name.h"

#include <charconv>

namespace fdb {

namespace {

constexpr Slice kMemory = "memory:";
constexpr Slice kFile = "file:";
constexpr Slice kFrom = "from=";
constexpr int64_t kLeastCache = 1 << 20;

[[noreturn]] void refuse(Slice option) {
  throw durable::FileError(err::kInvalidOptionValue,
                           "'" + Bytes(option) +
                               "' is no option of a file: these are sync=full, sync=normal, sync=off, mode=rw, mode=ro and "
                               "cache=SIZE (at least 1M)");
}

// A number of bytes, or one with k, M or G.
int64_t size_of(Slice option, Slice value) {
  int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, failure] = std::from_chars(value.data(), end, number);
  const Slice unit(rest, static_cast<size_t>(end - rest));
  const size_t power = unit.empty() ? 0 : Slice("kMG").find(unit) + 1;
  if (failure != std::errc() || unit.size() > 1 || power > 3 || number < 0) refuse(option);
  const int shift = static_cast<int>(10 * power);
  if (number > INT64_MAX >> shift || number << shift < kLeastCache) refuse(option);
  return number << shift;
}

void read_option(Slice option, EmbeddedName* name) {
  const size_t equals = option.find('=');
  const Slice key = option.substr(0, equals);
  const Slice value = equals == Slice::npos ? Slice() : option.substr(equals + 1);
  if (key == "sync" && !name->says_sync) {
    name->says_sync = true;
    if (value == "full") return;
    if (value != "normal" && value != "off") refuse(option);
    name->file.sync = value == "normal" ? durable::Sync::kNormal : durable::Sync::kOff;
  } else if (key == "mode" && !name->says_mode) {
    name->says_mode = true;
    if (value != "rw" && value != "ro") refuse(option);
    name->file.read_only = name->file.must_exist = value == "ro";
  } else if (key == "cache" && name->cache_bytes == 0) {
    name->cache_bytes = size_of(option, value);
  } else {
    refuse(option);
  }
}

EmbeddedName parse_memory(Slice text) {
  EmbeddedName name;
  const size_t mark = text.find('?');
  name.name = text.substr(0, mark);
  if (mark == Slice::npos) return name;
  const Slice option = text.substr(mark + 1);
  if (option.substr(0, kFrom.size()) != kFrom || option.size() == kFrom.size()) {
    throw durable::FileError(err::kInvalidOptionValue,
                             "the option of a database in memory is from=PATH, not '" + Bytes(option) + "'");
  }
  name.from = option.substr(kFrom.size());
  return name;
}

}  // namespace

bool is_embedded(Slice text) { return text.substr(0, kMemory.size()) == kMemory || text.substr(0, kFile.size()) == kFile; }

EmbeddedName parse_embedded(Slice text) {
  if (text.substr(0, kMemory.size()) == kMemory) return parse_memory(text.substr(kMemory.size()));
  text.remove_prefix(kFile.size());
  EmbeddedName name;
  name.kind = EmbeddedName::Kind::kFile;
  const size_t mark = text.rfind('?');
  name.file.path = text.substr(0, mark);
  if (name.file.path.empty()) throw durable::FileError(err::kConnectionStringInvalid, "file: needs a path behind it");
  if (mark == Slice::npos) return name;
  for (Slice options = text.substr(mark + 1); !options.empty();) {
    const size_t end = std::min(options.find('&'), options.size());
    read_option(options.substr(0, end), &name);
    options.remove_prefix(std::min(end + 1, options.size()));
  }
  return name;
}

}  // namespace fdb
