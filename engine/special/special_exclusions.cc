// \xff\xff/management/: exclusion of processes and localities. There is one process, so the effect
// ends with the bookkeeping, and excluding that process is refused unless it is forced.
#include <algorithm>

#include "base/env.h"
#include "db/system_keys.h"
#include "special/special_ranges.h"
#include "special/status_json.h"

namespace fdb {

namespace {

using Piece = SpecialWriteMap::Piece;

constexpr Slice kExcluded = literal("\xff\xff/management/excluded/");
constexpr Slice kExcludedEnd = literal("\xff\xff/management/excluded0");
constexpr Slice kFailed = literal("\xff\xff/management/failed/");
constexpr Slice kFailedEnd = literal("\xff\xff/management/failed0");
constexpr Slice kExcludedLocality = literal("\xff\xff/management/excluded_locality/");
constexpr Slice kExcludedLocalityEnd = literal("\xff\xff/management/excluded_locality0");
constexpr Slice kFailedLocality = literal("\xff\xff/management/failed_locality/");
constexpr Slice kFailedLocalityEnd = literal("\xff\xff/management/failed_locality0");
constexpr Slice kInProgress = literal("\xff\xff/management/in_progress_exclusion/");
constexpr Slice kInProgressEnd = literal("\xff\xff/management/in_progress_exclusion0");
constexpr Slice kOptions = literal("\xff\xff/management/options/");
constexpr Slice kManagement = literal("\xff\xff/management/");
constexpr Slice kConfiguration = literal("\xff/conf/");
constexpr Slice kLocalityPrefix = "locality_";

// The part of a range's keys that names it: "excluded/", "failed_locality/", ...
Slice name_of(Slice range_begin) { return range_begin.substr(kManagement.size()); }

// The system keys behind a range are \xff/conf/<name>..., and \xff/conf/<name without the slash> changes with them.
Bytes stored_prefix(Slice range_begin) { return Bytes(kConfiguration) + Bytes(name_of(range_begin)); }

bool is_failed(Slice range_begin) { return range_begin == kFailed || range_begin == kFailedLocality; }

Slice command_of(Slice range_begin) { return is_failed(range_begin) ? "exclude failed" : "exclude"; }

template <const Slice& kBegin>
Error read_exclusions(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  return read_mapped(access, stored_prefix(kBegin), kBegin, begin, end, rows);
}

bool is_forced(SpecialAccess& access, Slice range_begin) {
  const Bytes flag = Bytes(kOptions) + Bytes(name_of(range_begin)) + "force";
  const auto pieces = access.writes().values.pieces(flag, key_after(flag));
  return !pieces.empty() && pieces.front().value;
}

Error refuse_last_process(SpecialAccess& access, Slice range_begin) {
  const Bytes name(name_of(range_begin));
  return access.refuse(command_of(range_begin),
                       "ERROR: This exclude may cause the total free space in the cluster to drop below 10%.\n"
                       "Set \\xff\\xff/management/options/" +
                           name + "force in the same transaction to exclude all the same.\n");
}

void store(SpecialAccess& access, Slice range_begin, const std::vector<Piece>& pieces) {
  const Bytes prefix = stored_prefix(range_begin);
  for (const Piece& piece : pieces) {
    const auto [from, to] = stored_range(prefix, range_begin, piece.begin, piece.end);
    if (piece.value) {
      access.set(from, Slice());
    } else if (piece.is_point()) {
      access.clear(from);
      // An address without port stands for all ports.
      access.clear_range(from + ":", from + ";");
    } else {
      access.clear_range(from, to);
    }
  }
  access.set(prefix.substr(0, prefix.size() - 1), system_keys::big_endian(Env::current().random_u64()));
}

Error commit_addresses(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  const std::vector<Piece> pieces = range.written(access);
  bool own = false;
  for (const Piece& piece : pieces) {
    if (!piece.value) continue;
    const Bytes address = piece.begin.substr(range.begin.size());
    if (Error error = check_address(access, command_of(range.begin), address)) return error;
    own = own || is_own_address(address);
  }
  if (own && !is_forced(access, range.begin)) return refuse_last_process(access, range.begin);
  store(access, range.begin, pieces);
  return 0;
}

Error commit_localities(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  const std::vector<Piece> pieces = range.written(access);
  for (const Piece& piece : pieces) {
    if (!piece.value) continue;
    const Bytes locality = piece.begin.substr(range.begin.size());
    if (!locality.starts_with(kLocalityPrefix) || locality.find(':') == Bytes::npos) {
      return access.refuse(command_of(range.begin), "ERROR: '" + locality + "' is not a valid locality\n");
    }
  }
  store(access, range.begin, pieces);
  return 0;
}

// A process that was excluded by force keeps its data: there is no other.
Error read_in_progress(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  SpecialRows excluded;
  if (Error error = read_exclusions<kExcluded>(access, kExcluded, kExcludedEnd, &excluded)) return error;
  if (Error error = read_exclusions<kFailed>(access, kFailed, kFailedEnd, &excluded)) return error;
  const bool own = std::any_of(excluded.begin(), excluded.end(), [](const auto& row) {
    return is_own_address(Slice(row.first).substr(row.first.rfind('/') + 1));
  });
  if (own) add_row(Bytes(kInProgress) + Bytes(kProcessAddress), Slice(), begin, end, rows);
  return 0;
}

constexpr SpecialRange kRanges[] = {
    {kExcluded, kExcludedEnd, &ApiBehavior::special_management, false, read_exclusions<kExcluded>, commit_addresses, true},
    {kExcludedLocality, kExcludedLocalityEnd, &ApiBehavior::special_management, false, read_exclusions<kExcludedLocality>,
     commit_localities, true},
    {kFailed, kFailedEnd, &ApiBehavior::special_management, false, read_exclusions<kFailed>, commit_addresses, true},
    {kFailedLocality, kFailedLocalityEnd, &ApiBehavior::special_management, false, read_exclusions<kFailedLocality>,
     commit_localities, true},
    {kInProgress, kInProgressEnd, &ApiBehavior::special_management, false, read_in_progress, nullptr},
};

}  // namespace

std::span<const SpecialRange> exclusion_special_ranges() { return kRanges; }

}  // namespace fdb
