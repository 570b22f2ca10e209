// A directory for a test's files, which goes with all that is in it.
//
// Thread-safety: none.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/common.h"
#include "sim/test_support.h"

namespace fdb::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    Bytes name = (std::filesystem::temp_directory_path() / "fdb-test-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const Bytes& path() const { return path_; }
  Bytes file(const Bytes& name) const { return path_ + "/" + name; }

 private:
  Bytes path_;
};

inline Bytes read_file(const Bytes& path) {
  std::ifstream stream(path, std::ios::binary);
  CHECK(stream.good());
  return Bytes(std::istreambuf_iterator<char>(stream), {});
}

inline void write_file(const Bytes& path, Slice bytes) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  CHECK(stream.good());
}

}  // namespace fdb::test
