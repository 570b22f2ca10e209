// What the tests of database files share.
//
// Thread-safety: none.
#pragma once

#include <map>

#include "durable/database_file.h"
#include "sim/test_support.h"

namespace fdb::test {

// Runs `call`, which has to throw a FileError with the code and with `part` in its text.
template <class Call>
void check_fails(Error code, const Bytes& part, Call call) {
  try {
    call();
  } catch (const durable::FileError& error) {
    CHECK_EQ(error.code, code);
    if (error.text.find(part) == Bytes::npos) CHECK_EQ(error.text, part);
    return;
  }
  std::cerr << "no error " << code << "\n";
  CHECK(!"an error");
}

using Rows = std::map<Bytes, Bytes>;

inline Rows rows_of(durable::DatabaseFile& file, Slice begin = "", Slice end = "") {
  Rows rows;
  file.scan(begin, end, [&](Slice key, Slice value) { CHECK(rows.emplace(key, value).second); });
  return rows;
}

inline std::unique_ptr<durable::DatabaseFile> open_file(const Bytes& path, durable::Sync sync = durable::Sync::kFull,
                                                        bool read_only = false) {
  bool is_new;
  return durable::DatabaseFile::open({path, sync, read_only}, &is_new);
}

// One row in a batch of its own.
inline void put(durable::DatabaseFile& file, const Bytes& key, const Bytes& value) {
  const auto batch = file.begin();
  batch->put(key, value);
  batch->commit();
}

}  // namespace fdb::test
