#include "base/json.h"

#include <cstdio>

namespace fdb {

Bytes json_quoted(Slice text) {
  Bytes quoted = "\"";
  for (const char byte : text) {
    switch (byte) {
      case '"': quoted += "\\\""; break;
      case '\\': quoted += "\\\\"; break;
      case '\n': quoted += "\\n"; break;
      case '\r': quoted += "\\r"; break;
      case '\t': quoted += "\\t"; break;
      default:
        if (static_cast<unsigned char>(byte) < 0x20 || static_cast<unsigned char>(byte) >= 0x7f) {
          char escape[8];
          std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(byte));
          quoted += escape;
        } else {
          quoted.push_back(byte);
        }
    }
  }
  quoted.push_back('"');
  return quoted;
}

void JsonWriter::member(Slice name, double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.17g", value);
  key(name);
  text_ += digits;
  comma_ = true;
}

}  // namespace fdb
