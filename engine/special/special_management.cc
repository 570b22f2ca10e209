// \xff\xff/management/: lock, maintenance, data distribution, versions, and other single settings.
// Exclusions and tenants have files of their own.
#include <cmath>
#include <cstring>

#include "db/system_keys.h"
#include "special/special_ranges.h"
#include "special/status_json.h"

namespace fdb {

namespace {

using Piece = SpecialWriteMap::Piece;

constexpr Slice kOptions = literal("\xff\xff/management/options/");
constexpr Slice kOptionsEnd = literal("\xff\xff/management/options0");
constexpr Slice kLocked = literal("\xff\xff/management/db_locked");
constexpr Slice kLockedEnd = literal("\xff\xff/management/db_locked\0");
constexpr Slice kCheck = literal("\xff\xff/management/consistency_check_suspended");
constexpr Slice kCheckEnd = literal("\xff\xff/management/consistency_check_suspended\0");
constexpr Slice kMaintenance = literal("\xff\xff/management/maintenance/");
constexpr Slice kMaintenanceEnd = literal("\xff\xff/management/maintenance0");
constexpr Slice kDistribution = literal("\xff\xff/management/data_distribution/");
constexpr Slice kDistributionEnd = literal("\xff\xff/management/data_distribution0");
constexpr Slice kMode = literal("\xff\xff/management/data_distribution/mode");
constexpr Slice kRebalance = literal("\xff\xff/management/data_distribution/rebalance_ignored");
constexpr Slice kMinVersion = literal("\xff\xff/management/min_required_commit_version");
constexpr Slice kMinVersionEnd = literal("\xff\xff/management/min_required_commit_version\0");
constexpr Slice kEpoch = literal("\xff\xff/management/version_epoch");
constexpr Slice kEpochEnd = literal("\xff\xff/management/version_epoch\0");
constexpr Slice kCoordinators = literal("\xff\xff/management/auto_coordinators");
constexpr Slice kCoordinatorsEnd = literal("\xff\xff/management/auto_coordinators\0");
constexpr Slice kProfiling = literal("\xff\xff/management/profiling/");
constexpr Slice kProfilingEnd = literal("\xff\xff/management/profiling0");
constexpr Slice kSampleRate = literal("\xff\xff/management/profiling/client_txn_sample_rate");
constexpr Slice kSampleSize = literal("\xff\xff/management/profiling/client_txn_size_limit");

constexpr Slice kStoredCheck = literal("\xff\x02/ConsistencyCheck/Suspend");
constexpr Slice kStoredZone = literal("\xff\x02/healthyZone");
constexpr Slice kStoredMode = literal("\xff/dataDistributionMode");
constexpr Slice kStoredRebalance = literal("\xff/rebalanceDDIgnored");
constexpr Slice kStoredMinVersion = literal("\xff/minRequiredCommitVersion");
constexpr Slice kStoredEpoch = literal("\xff/versionEpoch");
constexpr Slice kStoredRate = literal("\xff\x02/fdbClientInfo/client_txn_sample_rate/");
constexpr Slice kStoredSize = literal("\xff\x02/fdbClientInfo/client_txn_size_limit/");

constexpr Slice kNormalEnd = literal("\xff");
constexpr Slice kIgnoreFailures = "IgnoreSSFailures";
constexpr int64_t kMaxVersion = INT64_MAX - 1 - kVersionsPerSecond * 3600 * 24 * 365 * 1000;

Bytes little_endian(int64_t number) {
  Bytes bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

int64_t from_little_endian(Slice bytes) {
  int64_t number = 0;
  std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
  return number;
}

// ---- options of other commands ---------------------------------------------------------------------

constexpr Slice kKnownOptions[] = {
    literal("\xff\xff/management/options/excluded/force"), literal("\xff\xff/management/options/excluded_locality/force"),
    literal("\xff\xff/management/options/failed/force"), literal("\xff\xff/management/options/failed_locality/force"),
    literal("\xff\xff/management/options/worker_interfaces/verify")};

Error read_options(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  if (!access.has_writes()) return 0;
  for (const Piece& piece : access.writes().values.pieces(begin, end)) {
    if (piece.value) rows->emplace(piece.begin, Bytes());
  }
  return 0;
}

Error set_option(SpecialAccess& access, Slice key, Slice value) {
  for (const Slice known : kKnownOptions) {
    if (key == known) access.writes().values.set(key, value);
  }
  return 0;
}

Error clear_options(SpecialAccess& access, Slice begin, Slice end) {
  access.writes().values.forget(begin, end);
  return 0;
}

Error commit_nothing(SpecialAccess&, const SpecialRange&) { return 0; }

// ---- lock ------------------------------------------------------------------------------------------

constexpr size_t kStampLength = 10;

bool is_hex_id(Slice text) { return text.size() == 32 && text.find_first_not_of("0123456789abcdefABCDEF") == Slice::npos; }

Bytes lowered(Slice text) {
  Bytes lower(text);
  for (char& letter : lower) letter = letter >= 'A' && letter <= 'F' ? static_cast<char>(letter + 32) : letter;
  return lower;
}

// The id that locks the database, as hex digits; empty if it is not locked. Stored after the stamp of the locking commit.
Error locking_id(SpecialAccess& access, Bytes* id) {
  std::optional<Bytes> stored;
  if (Error error = access.get(system_keys::kDatabaseLocked, &stored)) return error;
  *id = stored && stored->size() >= kStampLength ? stored->substr(kStampLength) : Bytes();
  return 0;
}

Error read_lock(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  access.become_lock_aware();
  Bytes id;
  if (Error error = locking_id(access, &id)) return error;
  if (!id.empty()) rows->emplace(kLocked, id);
  return 0;
}

Error commit_lock(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  const Piece piece = range.written(access).front();
  if (piece.value && !is_hex_id(*piece.value)) return access.refuse("lock", "Invalid UID hex string: " + *piece.value);
  Bytes current;
  if (Error error = locking_id(access, &current)) return error;
  if (!piece.value) {
    if (!current.empty()) access.clear(system_keys::kDatabaseLocked);
    return 0;
  }
  const Bytes wanted = lowered(*piece.value);
  if (current == wanted) return 0;
  if (!current.empty()) return err::kDatabaseLocked;
  access.set_stamped(system_keys::kDatabaseLocked, Bytes(kStampLength, '0') + wanted);
  access.add_write_conflict(Slice(), kNormalEnd);  // everybody who has read normal keys has to start again
  return 0;
}

// ---- consistency check -----------------------------------------------------------------------------

Error read_check(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  std::optional<Bytes> stored;
  if (Error error = access.get(kStoredCheck, &stored)) return error;
  if (stored == Bytes("\x01")) rows->emplace(kCheck, Bytes());
  return 0;
}

Error commit_check(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  access.set(kStoredCheck, range.written(access).front().value ? Slice("\x01", 1) : Slice("\0", 1));
  return 0;
}

// ---- maintenance -----------------------------------------------------------------------------------

// The zone under maintenance and the version at which that ends.
struct Zone {
  Bytes name;
  Version end = 0;
};

Error stored_zone(SpecialAccess& access, std::optional<Zone>* zone) {
  std::optional<Bytes> stored;
  if (Error error = access.get(kStoredZone, &stored)) return error;
  zone->reset();
  if (stored && stored->size() >= sizeof(Version)) {
    *zone = Zone{stored->substr(sizeof(Version)), from_little_endian(*stored)};
  }
  return 0;
}

Error read_maintenance(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  std::optional<Zone> zone;
  Version now;
  if (Error error = stored_zone(access, &zone)) return error;
  if (Error error = access.read_version(&now)) return error;
  if (!zone) return 0;
  const bool forever = zone->name == kIgnoreFailures;
  if (forever || zone->end > now) {
    const Bytes seconds = forever ? "0" : std::to_string((zone->end - now) / kVersionsPerSecond);
    add_row(Bytes(kMaintenance) + zone->name, seconds, begin, end, rows);
  }
  return 0;
}

bool parse_seconds(const Bytes& text, double* seconds) {
  char* end = nullptr;
  *seconds = std::strtod(text.c_str(), &end);
  return !text.empty() && end == text.c_str() + text.size() && std::isfinite(*seconds);
}

Bytes plain_number(double number) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.17g", number);
  return digits;
}

// The zone that a write asks for, or why it is refused.
Error wanted_zone(SpecialAccess& access, Slice name, const Bytes& text, Version now, Zone* zone) {
  double seconds = 0;
  if (name != kIgnoreFailures && !parse_seconds(text, &seconds)) return err::kUnknownError;
  if (seconds < 0) {
    return access.refuse("maintenance", "The specified maintenance time " + plain_number(seconds) + " is a negative value");
  }
  const double room = static_cast<double>(INT64_MAX / 2 - now);
  *zone = Zone{Bytes(name), now + static_cast<Version>(std::min(seconds * static_cast<double>(kVersionsPerSecond), room))};
  return 0;
}

Error commit_maintenance(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  std::optional<Zone> current;
  Version now;
  if (Error error = stored_zone(access, &current)) return error;
  if (Error error = access.read_version(&now)) return error;
  const bool blocked = current && current->name == kIgnoreFailures;
  std::optional<Zone> wanted;
  for (const Piece& piece : range.written(access)) {
    const Slice written = Slice(piece.begin).substr(kMaintenance.size());
    if (!piece.value) {
      if (current && piece.covers(Bytes(kMaintenance) + current->name)) access.clear(kStoredZone);
      continue;
    }
    if (wanted) {
      return access.refuse("maintenance", "Multiple zones given for maintenance, only one allowed at the same time");
    }
    if (blocked && written != kIgnoreFailures) {
      return access.refuse("maintenance",
                           "Maintenance mode cannot be used while data distribution is disabled for storage server failures.");
    }
    if (Error error = wanted_zone(access, written, *piece.value, now, &wanted.emplace())) return error;
  }
  if (wanted) access.set(kStoredZone, little_endian(wanted->end) + wanted->name);
  return 0;
}

// ---- data distribution -----------------------------------------------------------------------------

Error read_distribution(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  std::optional<Bytes> mode;
  std::optional<Bytes> rebalance;
  if (Error error = access.get(kStoredMode, &mode)) return error;
  if (Error error = access.get(kStoredRebalance, &rebalance)) return error;
  add_row(kMode, mode ? std::to_string(from_little_endian(*mode)) : Bytes("-1"), begin, end, rows);
  if (rebalance) add_row(kRebalance, Slice(), begin, end, rows);
  return 0;
}

Error commit_mode(SpecialAccess& access, const Bytes& text) {
  int64_t mode;
  if (!parse_number(text, &mode)) return access.refuse("datadistribution", "Invalid datadistribution mode(int): " + text);
  if (mode < 0 || mode > 2) {
    return access.refuse(
        "datadistribution",
        "Please set the value of the data_distribution/mode to 0(disable) or 1(enable), other values are not allowed");
  }
  access.set(kStoredMode, little_endian(mode));
  return 0;
}

Error commit_distribution(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  for (const Piece& piece : range.written(access)) {
    if (piece.covers(kMode)) {
      if (Error error = commit_mode(access, piece.value.value_or("1"))) return error;
    }
    if (piece.covers(kRebalance)) piece.value ? access.set(kStoredRebalance, *piece.value) : access.clear(kStoredRebalance);
    if (piece.value && !piece.covers(kMode) && !piece.covers(kRebalance)) {
      return access.refuse("datadistribution",
                           "Changing keys other than the following two keys is not allowed: mode, rebalance_ignored");
    }
  }
  return 0;
}

// ---- versions --------------------------------------------------------------------------------------

// A number that is shown as text, if there is one.
template <const Slice& kStored, const Slice& kShown>
Error read_stored_number(SpecialAccess& access, Slice, Slice, SpecialRows* rows) {
  std::optional<Bytes> stored;
  if (Error error = access.get(kStored, &stored)) return error;
  if (stored) rows->emplace(kShown, std::to_string(from_little_endian(*stored)));
  return 0;
}

Error commit_min_version(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  const std::optional<Bytes> text = range.written(access).front().value;
  if (!text) {
    access.clear(kStoredMinVersion);
    return 0;
  }
  int64_t version;
  if (!parse_number(*text, &version)) return access.refuse("advanceversion", "Invalid version(int64_t) argument: " + *text);
  if (version > kMaxVersion) {
    return access.refuse(
        "advanceversion",
        "The given version is larger than the maximum allowed value(2**63-1-version_per_second*3600*24*365*1000)");
  }
  Version now;
  if (Error error = access.read_version(&now)) return error;
  if (version < now) return access.refuse("advanceversion", "Current read version is larger than the given version");
  access.set(kStoredMinVersion, little_endian(version + 1));
  return 0;
}

Error commit_epoch(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  const std::optional<Bytes> value = range.written(access).front().value;
  if (!value) {
    access.clear(kStoredEpoch);
    return 0;
  }
  if (value->size() != sizeof(int64_t)) return access.refuse("versionepoch", "The version epoch is not a number of 8 bytes");
  access.set(kStoredEpoch, *value);
  return 0;
}

// ---- coordinators, profiling -----------------------------------------------------------------------

Error read_coordinators(SpecialAccess&, Slice, Slice, SpecialRows* rows) {
  rows->emplace(kCoordinators, kProcessAddress);
  return 0;
}

Error read_profiling(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  std::optional<Bytes> rate;
  std::optional<Bytes> size;
  if (Error error = access.get(kStoredRate, &rate)) return error;
  if (Error error = access.get(kStoredSize, &size)) return error;
  add_row(kSampleRate, rate.value_or("default"), begin, end, rows);
  add_row(kSampleSize, size.value_or("default"), begin, end, rows);
  return 0;
}

// Both are stored as the text that was checked.
Error commit_profiling(SpecialAccess& access, const SpecialRange& range) {
  access.become_lock_aware();
  for (const Piece& piece : range.written(access)) {
    const bool rate = piece.begin == kSampleRate;
    const Slice stored = rate ? kStoredRate : kStoredSize;
    if (!piece.value || (!rate && piece.begin != kSampleSize)) continue;
    double number;
    int64_t whole;
    if (*piece.value == "default") {
      access.clear(stored);
    } else if (rate && !parse_seconds(*piece.value, &number)) {
      return access.refuse("profile", "Invalid transaction sample rate(double): " + *piece.value);
    } else if (!rate && !parse_number(*piece.value, &whole)) {
      return access.refuse("profile", "Invalid transaction size limit(int64_t): " + *piece.value);
    } else {
      access.set(stored, *piece.value);
    }
  }
  return 0;
}

Error clear_profiling(SpecialAccess& access, Slice, Slice) {
  return access.refuse("profile",
                       "Clear operation is forbidden for profile client. You can set it to default to disable profiling.");
}

constexpr SpecialRange kRanges[] = {
    {kCoordinators, kCoordinatorsEnd, &ApiBehavior::special_management, false, read_coordinators, nullptr},
    {kCheck, kCheckEnd, &ApiBehavior::special_management, false, read_check, commit_check, true},
    {kDistribution, kDistributionEnd, &ApiBehavior::special_management, false, read_distribution, commit_distribution, true},
    {kLocked, kLockedEnd, &ApiBehavior::special_management, false, read_lock, commit_lock, true},
    {kMaintenance, kMaintenanceEnd, &ApiBehavior::special_management, false, read_maintenance, commit_maintenance, true},
    {kMinVersion, kMinVersionEnd, &ApiBehavior::special_management, false, read_stored_number<kStoredMinVersion, kMinVersion>,
     commit_min_version, true},
    {kOptions, kOptionsEnd, &ApiBehavior::special_management, false, read_options, commit_nothing, false, set_option,
     clear_options},
    {kProfiling, kProfilingEnd, &ApiBehavior::special_profiling, false, read_profiling, commit_profiling, true, nullptr,
     clear_profiling},
    {kEpoch, kEpochEnd, &ApiBehavior::special_management, false, read_stored_number<kStoredEpoch, kEpoch>, commit_epoch, true},
};

}  // namespace

std::span<const SpecialRange> management_special_ranges() { return kRanges; }

}  // namespace fdb
