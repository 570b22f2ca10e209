// Writes JSON text: compact, members in the order of the calls.
//
// Thread-safety: none.
#pragma once

#include "base/common.h"

namespace fdb {

// The bytes as a quoted JSON string, those that are not printable ASCII as the code points of the same number: keys and
// paths need not be UTF-8, and the document has to stay readable all the same.
Bytes json_quoted(Slice text);

class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void begin_object(Slice name) { key(name), open('{'); }
  void end_object() { close('}'); }
  void begin_array(Slice name) { key(name), open('['); }
  void end_array() { close(']'); }

  void member(Slice name, Slice value) { key(name), text_ += json_quoted(value), comma_ = true; }
  void member(Slice name, const char* value) { member(name, Slice(value)); }
  void member(Slice name, bool value) { key(name), text_ += value ? "true" : "false", comma_ = true; }
  void member(Slice name, int64_t value) { key(name), text_ += std::to_string(value), comma_ = true; }
  void member(Slice name, int value) { member(name, int64_t{value}); }
  void member(Slice name, double value);
  void empty_object(Slice name) { begin_object(name), end_object(); }
  void empty_array(Slice name) { begin_array(name), end_array(); }

  // An element of an array.
  void element(Slice value) { separate(), text_ += json_quoted(value), comma_ = true; }

  const Bytes& text() const { return text_; }

 private:
  void separate() {
    if (comma_) text_.push_back(',');
  }
  void key(Slice name) {
    separate();
    text_ += json_quoted(name);
    text_.push_back(':');
    comma_ = false;
  }
  void open(char bracket) {
    separate();
    text_.push_back(bracket);
    comma_ = false;
  }
  void close(char bracket) {
    text_.push_back(bracket);
    comma_ = true;
  }

  Bytes text_;
  bool comma_ = false;
};

}  // namespace fdb
