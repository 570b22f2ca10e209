// The checksum of what is written to disk: CRC-32C (Castagnoli), as iSCSI and ext4 use it.
//
// Thread-safety: functions on values.
#pragma once

#include "base/common.h"

namespace fdb {

// The checksum of bytes whose first part has the checksum `before` (0: there is none), and which end with `bytes`.
uint32_t crc32c(Slice bytes, uint32_t before = 0) noexcept;

// The same without the processor's instruction for it: what machines without one use.
uint32_t crc32c_by_tables(Slice bytes, uint32_t before = 0) noexcept;

}  // namespace fdb
