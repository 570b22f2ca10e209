// JSON as it is written: the order of members, commas and escapes.
#include "base/json.h"

#include "sim/test_support.h"

namespace fdb {
namespace {

void test_json() {
  JsonWriter json;
  json.begin_object();
  json.member("text", "a\"b\\c\n\x01\xff");
  json.member("number", 5);
  json.member("yes", true);
  json.begin_array("list");
  json.element("x");
  json.element("y");
  json.begin_object();
  json.end_object();
  json.end_array();
  json.empty_object("none");
  json.member("real", 0.5);
  json.end_object();
  CHECK_EQ(json.text(), R"({"text":"a\"b\\c\n\u0001\u00ff","number":5,"yes":true,"list":["x","y",{}],"none":{},"real":0.5})");
}

void test_quoting() {
  CHECK_EQ(json_quoted(""), "\"\"");
  CHECK_EQ(json_quoted("a\tb\r/"), "\"a\\tb\\r/\"");
  CHECK_EQ(json_quoted(Slice("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\\u007f\"");
}

void test_numbers() {
  JsonWriter json;
  json.begin_object();
  json.member("small", INT64_MIN);
  json.member("tenth", 0.1);
  json.member("large", 1e9);
  json.empty_array("none");
  json.end_object();
  CHECK_EQ(json.text(), R"({"small":-9223372036854775808,"tenth":0.10000000000000001,"large":1000000000,"none":[]})");
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_json();
  fdb::test_quoting();
  fdb::test_numbers();
  std::puts("json_test: ok");
  return 0;
}
