// Faults of the disk on demand: what commits and reads of a database in a file are answered, and what is there when it is opened again.
#include <thread>

#include "abi/library.h"
#include "db/keyspace_file.h"
#include "sim/temporary_directory.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

test::TemporaryDirectory* directory;

// A database in a file, as a program has it: destroying it closes the file.
class Subject {
 public:
  explicit Subject(const Bytes& name, const char* options = "")
      : database_(test::open_database("file:" + directory->file(name) + options).detach()) {
    CHECK_EQ(database_->deferred_error(), 0);
  }
  ~Subject() { database_->destroy(); }
  Subject(const Subject&) = delete;

  void set_faults(Slice rules) {
    FaultSetting setting;
    Bytes problem;
    CHECK(parse_faults(rules, &setting, &problem));
    database_->keyspace()->faults().set(setting);
  }

  Error put(Slice key, Slice value) {
    Transaction* transaction = begin();
    transaction->set(key, value);
    const Error error = error_of(transaction->commit());
    transaction->destroy();
    return error;
  }

  Error put_many(int count) {
    Transaction* transaction = begin();
    for (int i = 0; i < count; ++i) transaction->set("k" + std::to_string(i), Bytes(100, 'v'));
    const Error error = error_of(transaction->commit());
    transaction->destroy();
    return error;
  }

  // Its value, or the error in words.
  Bytes get(Slice key) {
    Transaction* transaction = begin();
    const Ref<Future> future = transaction->get(key, true);
    Bytes found = std::to_string(error_of(future));
    Result* result = nullptr;
    if (future->value(&result) == 0) {
      const PlacedValue value = *value_in(*result);
      found = value.present ? Bytes(value.value) : "(none)";
    }
    transaction->destroy();
    return found;
  }

 private:
  Transaction* begin() { return create_transaction(*database_).detach(); }
  static Error error_of(const Ref<Future>& future) {
    CHECK_EQ(future->block_until_ready(), 0);
    return future->get_error();
  }

  Database* const database_;
};

void a_full_disk_takes_nothing_and_goes_on() {
  for (const char* options : {"", "?sync=normal", "?sync=off"}) {
    const Bytes name = Bytes("full") + options[0] + std::to_string(Slice(options).size());
    {
      Subject subject(name, options);
      subject.set_faults("disk_full:nth=2");
      CHECK_EQ(subject.put("a", "1"), 0);
      CHECK_EQ(subject.put("b", "1"), err::kIoError);
      CHECK_EQ(subject.get("b"), Bytes("(none)"));
      CHECK_EQ(subject.put("c", "1"), 0);
    }
    Subject again(name, options);
    CHECK_EQ(again.get("a") + again.get("b") + again.get("c"), Bytes("1(none)1"));
  }
}

void a_failing_disk_is_not_written_to_any_more() {
  for (const char* fault : {"disk_write_error", "disk_sync_error"}) {
    for (const char* options : {"", "?sync=off"}) {
      const bool syncs = *options == '\0';
      if (!syncs && Slice(fault) == "disk_sync_error") continue;
      const Bytes name = Bytes(fault) + (syncs ? "" : "_off");
      {
        Subject subject(name, options);
        subject.set_faults(Bytes(fault) + ":nth=2");
        CHECK_EQ(subject.put("a", "1"), 0);
        CHECK_EQ(subject.put("b", "1"), err::kCommitUnknownResult);
        CHECK_EQ(subject.put("c", "1"), err::kIoError);
        CHECK_EQ(subject.get("a") + subject.get("b") + subject.get("c"), Bytes("1(none)(none)"));
      }
      Subject again(name, options);
      CHECK_EQ(again.get("a"), Bytes("1"));
      CHECK_EQ(again.get("b"), Bytes(Slice(fault) == "disk_sync_error" ? "1" : "(none)"));
      CHECK_EQ(again.get("c"), Bytes("(none)"));
      CHECK_EQ(again.put("d", "1"), 0);
    }
  }
}

// A file without syncs has no occasion for a fault of one.
void nothing_is_synced() {
  Subject subject("nothing", "?sync=normal");
  subject.set_faults("disk_sync_error;slow_sync:delay=60s");
  CHECK_EQ(subject.put("a", "1"), 0);
}

void a_read_fails_and_the_next_one_does_not() {
  {
    Subject subject("read");
    CHECK_EQ(subject.put_many(2'000), 0);
  }
  Subject subject("read");  // with leaves that are in the file alone
  subject.set_faults("disk_read_error:nth=1");
  CHECK(subject.get("k1500") == "1510");
  CHECK(subject.get("k1500") == Bytes(100, 'v'));
  CHECK_EQ(subject.put("k1500", "1"), 0);
}

void a_slow_sync() {
  Subject subject("slow");
  subject.set_faults("slow_sync:delay=30ms");
  const int64_t begun = now_micros();
  CHECK_EQ(subject.put("a", "1"), 0);
  CHECK(now_micros() - begun >= 30'000);
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  test::TemporaryDirectory files;
  directory = &files;
  Network& network = test::network();
  CHECK_EQ(network.select_api_version(740, 740), 0);
  CHECK_EQ(network.setup(), 0);
  std::thread runner([&] { CHECK_EQ(network.run(), 0); });
  a_full_disk_takes_nothing_and_goes_on();
  a_failing_disk_is_not_written_to_any_more();
  nothing_is_synced();
  a_read_fails_and_the_next_one_does_not();
  a_slow_sync();
  CHECK_EQ(network.stop(), 0);
  runner.join();
  return 0;
}
