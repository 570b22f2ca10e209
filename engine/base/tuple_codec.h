// As much of the tuple layer as the engine needs: cutting a packed tuple into its elements, and packing strings.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <vector>

#include "base/common.h"

namespace fdb {

struct TupleElement {
  unsigned char code;
  Slice raw;  // the element as it is packed
};

// nullopt: not a packed tuple.
std::optional<std::vector<TupleElement>> split_tuple(Slice packed);
// The text of a byte-string or Unicode element.
Bytes tuple_text(const TupleElement& element);
Bytes pack_bytes(Slice bytes);

constexpr unsigned char kTupleBytes = 0x01;
constexpr unsigned char kTupleUnicode = 0x02;

}  // namespace fdb
