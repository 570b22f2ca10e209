// System keys that the engine itself reads or writes.
#pragma once

#include "base/common.h"

namespace fdb::system_keys {

inline constexpr Slice kMetadataVersion{"\xff/metadataVersion", 17};
inline constexpr Slice kMetadataVersionEnd{"\xff/metadataVersion\0", 18};
inline constexpr Slice kTenantMode{"\xff/conf/tenant_mode", 18};
inline constexpr Slice kDatabaseLocked{"\xff/dbLocked", 10};
inline constexpr Slice kCoordinators{"\xff/coordinators", 14};  // the connection string
inline constexpr Slice kKeyServers{"\xff/keyServers/", 13};
inline constexpr Slice kKeyServersEnd{"\xff/keyServers/\xff\xff", 15};

// `\xff/tenant/map/<id>` -> name, `\xff/tenant/nameIndex/<name>` -> id; ids are 8 bytes big-endian.
inline constexpr Slice kTenantMap{"\xff/tenant/map/", 13};
inline constexpr Slice kTenantNameIndex{"\xff/tenant/nameIndex/", 19};
inline constexpr Slice kTenantLastId{"\xff/tenant/lastId", 15};

// Every cluster has this row, the first of its system keys; a zero byte says that nothing is suspended.
inline constexpr Slice kConsistencyCheck{"\xff\x02/ConsistencyCheck/Suspend", 27};

inline constexpr Slice kSystemBegin{"\xff", 1};
inline constexpr Slice kSystemEnd{"\xff\xff", 2};
inline constexpr Slice kSpecialEnd{"\xff\xff\xff", 3};

inline Bytes big_endian(uint64_t value, size_t width = 8) {
  Bytes bytes(width, '\0');
  for (size_t i = 0; i < width; ++i) bytes[width - 1 - i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

inline uint64_t from_big_endian(Slice bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace fdb::system_keys
