// What a database makes of the cluster file that it is opened with.
#include "db/database.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstdio>

#include "runtime/network.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

// A folder of this test's own, with everything in it at the end.
class Folder {
 public:
  Folder() { CHECK(mkdtemp(path_) != nullptr); }
  ~Folder() {
    for (const Bytes& file : files_) unlink(file.c_str());
    rmdir(path_);
  }

  Bytes path() const { return path_; }
  Bytes add(const char* name) {
    files_.push_back(path() + "/" + name);
    return files_.back();
  }
  Bytes write(const char* name, const Bytes& content) {
    const Bytes file = add(name);
    std::FILE* const out = std::fopen(file.c_str(), "wb");
    CHECK(out != nullptr);
    CHECK_EQ(std::fwrite(content.data(), 1, content.size(), out), content.size());
    CHECK_EQ(std::fclose(out), 0);
    return file;
  }

 private:
  char path_[29] = "/tmp/fdb_database_testXXXXXX";
  std::vector<Bytes> files_;
};

Error error_of(const Bytes& path) { return test::open_database(path.c_str())->deferred_error(); }

void test_files_that_name_a_database() {
  Folder folder;
  CHECK_EQ(error_of(folder.write("name", "memory:app\n")), 0);
  CHECK_EQ(error_of(folder.write("more", "memory:app \r\nanything")), 0);
  CHECK_EQ(test::open_database(folder.write("same", "memory:app").c_str())->keyspace(),
           test::open_database("memory:app")->keyspace());
}

void test_files_of_clusters_are_refused() {
  Folder folder;
  CHECK_EQ(error_of(folder.write("cluster", "docker:docker@127.0.0.1:4500\n")), err::kConnectionStringInvalid);
  CHECK_EQ(error_of(folder.write("late", "# memory\nmemory:app\n")), err::kConnectionStringInvalid);
  CHECK_EQ(error_of(folder.write("empty", "")), err::kConnectionStringInvalid);
  CHECK_EQ(error_of(folder.write("long", Bytes(1'000'000, 'x'))), err::kConnectionStringInvalid);
  CHECK_EQ(error_of(folder.path()), err::kConnectionStringInvalid);
}

void test_files_that_are_not_there() {
  Folder folder;
  CHECK_EQ(error_of(folder.path() + "/missing"), err::kNoClusterFileFound);
  CHECK_EQ(error_of(folder.write("file", "memory:") + "/below"), err::kNoClusterFileFound);
}

// Permissions do not stop the superuser; nobody can open a socket as a file.
void test_a_file_that_cannot_be_opened() {
  Folder folder;
  const Bytes path = folder.add("socket");
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(descriptor >= 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  CHECK_EQ(bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  CHECK_EQ(error_of(path), err::kNoClusterFileFound);
  close(descriptor);
}

void test_a_file_that_cannot_be_read() {
  constexpr const char* kUnreadable = "/proc/self/mem";  // nothing is mapped at its beginning
  if (access(kUnreadable, R_OK) != 0) return;            // not Linux
  CHECK_EQ(error_of(kUnreadable), err::kFileNotReadable);
}

}  // namespace
}  // namespace fdb

int main() {
  CHECK_EQ(fdb::test::network().select_api_version(740, 740), 0);
  fdb::test_files_that_name_a_database();
  fdb::test_files_of_clusters_are_refused();
  fdb::test_files_that_are_not_there();
  fdb::test_a_file_that_cannot_be_opened();
  fdb::test_a_file_that_cannot_be_read();
  return 0;
}
