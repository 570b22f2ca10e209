// Watches: a change that lasts is never missed, wherever between the commit of the watch and its registration it comes;
// what a transaction's own writes and later commits do to a watch; how many watches an operation looks at.
#include "db/watches.h"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "abi/library.h"
#include "runtime/network.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

struct End {
  void operator()(Transaction* transaction) const { transaction->destroy(); }
};
using Handle = std::unique_ptr<Transaction, End>;

Handle begin(Database& database) { return Handle(create_transaction(database).detach()); }
Handle begin(Tenant& tenant) { return Handle(create_transaction(tenant).detach()); }

void turn() {
  test::network().turn();
  test::network().turn();
}

template <class Owner>
void commit_set(Owner& owner, Slice key, Slice value) {
  const Handle transaction = begin(owner);
  transaction->set(key, value);
  CHECK_EQ(transaction->commit()->get_error(), 0);
}

// Does something, once, when a thread comes by a point.
class AtPoint : public Schedule {
 public:
  AtPoint(Point point, std::function<void()> action) : point_(point), action_(std::move(action)) { inject(this); }
  ~AtPoint() override { inject(nullptr); }
  void reach(Point point) override {
    if (point != point_ || !action_) return;
    std::thread other(std::exchange(action_, nullptr));
    other.join();
  }
  bool reached() const { return !action_; }

 private:
  const Point point_;
  std::function<void()> action_;
};

// One transaction reads `key`, watches it and commits, and another one writes it at `point` of that.
template <class Owner>
void check_change_at(Point point, Owner& owner, bool writes_too) {
  commit_set(owner, "k", "old");
  const Handle transaction = begin(owner);
  const Ref<Future> watch = transaction->watch("k");
  if (writes_too) transaction->set("other", "x");
  AtPoint race(point, [&] { commit_set(owner, "k", "new"); });
  CHECK_EQ(transaction->commit()->get_error(), 0);
  CHECK(race.reached());
  turn();
  CHECK(watch->is_ready());
  CHECK_EQ(watch->get_error(), 0);
}

void make_tenant(Database& database, Slice name) {
  const Handle transaction = begin(database);
  transaction->set_option(FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES, nullptr, 0);
  transaction->set(Bytes("\xff\xff/management/tenant/map/") + Bytes(name), "");
  CHECK_EQ(transaction->commit()->get_error(), 0);
}

void test_no_change_is_missed() {
  const Ref<Database> database = test::open_database("memory:watch-race");
  make_tenant(*database, "t");
  const Ref<Tenant> tenant = database->open_tenant("t");
  for (const Point point : {Point::kWatchActivating, Point::kWatchRegistered}) {
    for (const bool writes_too : {false, true}) {
      check_change_at(point, *database, writes_too);
      check_change_at(point, *tenant, writes_too);
    }
  }
}

// The same from the other side: the watch is registered when the commit is published and has not fired anything yet.
void test_no_registration_is_missed() {
  const Ref<Database> database = test::open_database("memory:watch-race");
  commit_set(*database, "k", "old");
  const Handle watching = begin(*database);
  const Ref<Future> watch = watching->watch("k");
  const Ref<Future> commit = watching->commit();
  AtPoint race(Point::kPublished, [&] { CHECK_EQ(commit->get_error(), 0); });
  commit_set(*database, "k", "new");
  CHECK(race.reached());
  turn();
  CHECK(watch->is_ready());
}

void test_metadata_version_in_a_race() {
  const Ref<Database> database = test::open_database("memory:watch-race");
  const auto bump = [&] {
    const Handle transaction = begin(*database);
    transaction->atomic_op("\xff/metadataVersion", Bytes(14, '\0'), FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE);
    CHECK_EQ(transaction->commit()->get_error(), 0);
  };
  for (const Point point : {Point::kWatchActivating, Point::kWatchRegistered}) {
    const Handle transaction = begin(*database);
    const Ref<Future> watch = transaction->watch("\xff/metadataVersion");
    AtPoint race(point, bump);
    CHECK_EQ(transaction->commit()->get_error(), 0);
    turn();
    CHECK(watch->is_ready());
  }
}

// The key of a tenant that looks like the tail of the metadata version's is another one.
void test_metadata_version_in_a_tenant() {
  const Ref<Database> database = test::open_database("memory:watch-race");
  const Ref<Tenant> tenant = database->open_tenant("t");
  const Handle transaction = begin(*tenant);
  const Ref<Future> watch = transaction->watch("\xff/metadataVersion");
  transaction->set("taVersion", "x");
  transaction->clear_range("", "\xff");
  CHECK(!watch->is_ready());
  transaction->atomic_op("\xff/metadataVersion", Bytes(14, '\0'), FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE);
  CHECK(watch->is_ready());
}

void test_own_writes() {
  const Ref<Database> database = test::open_database("memory:watch-own");
  commit_set(*database, "k", "v");
  const Handle transaction = begin(*database);
  const Ref<Future> same = transaction->watch("k");
  const Ref<Future> absent = transaction->watch("nothing");
  transaction->set("k", "v");
  transaction->clear("nothing");
  transaction->clear_range("l", "z");
  CHECK(!same->is_ready() && !absent->is_ready());
  transaction->set("nothing", "v");
  CHECK(!same->is_ready() && absent->is_ready());
  transaction->clear_range("a", "l");
  CHECK(same->is_ready());
}

void test_clears_and_rewrites() {
  const Ref<Database> database = test::open_database("memory:watch-clear");
  commit_set(*database, "a", "1");
  commit_set(*database, "b", "2");
  const Handle transaction = begin(*database);
  const Ref<Future> kept = transaction->watch("a");
  const Ref<Future> cleared = transaction->watch("b");
  const Ref<Future> absent = transaction->watch("c");
  CHECK_EQ(transaction->commit()->get_error(), 0);
  const Handle writer = begin(*database);
  writer->clear_range("a", "d");
  writer->set("a", "1");
  CHECK_EQ(writer->commit()->get_error(), 0);
  turn();
  CHECK(!kept->is_ready() && cleared->is_ready() && !absent->is_ready());
  commit_set(*database, "c", "");
  commit_set(*database, "a", "2");
  turn();
  CHECK(kept->is_ready() && absent->is_ready());
}

// A watch on a version that is still to come is one once the version has come.
void test_watch_waits_for_its_version(test::SimEnv& env) {
  const Ref<Database> database = test::open_database("memory:watch-later");
  commit_set(*database, "k", "v");
  Result* result;
  const Handle probe = begin(*database);
  const Ref<Future> version = probe->get_read_version();
  CHECK_EQ(version->value(&result), 0);
  const Handle transaction = begin(*database);
  transaction->set_read_version(std::get<int64_t>(*result) + 500'000);
  const Ref<Future> watch = transaction->watch("k");
  const Ref<Future> ended = transaction->watch("k");
  ended->cancel();
  env.advance(600'000);
  CHECK(!watch->is_ready());
  CHECK_EQ(transaction->commit()->get_error(), 0);
  CHECK(!watch->is_ready());
  commit_set(*database, "k", "w");
  turn();
  CHECK_EQ(watch->get_error(), 0);
}

void test_watches_do_not_keep_a_database() {
  Ref<Future> watch;
  {
    const Ref<Database> database = test::open_database("memory:watch-close");
    const Handle transaction = begin(*database);
    watch = transaction->watch("k");
    CHECK_EQ(transaction->commit()->get_error(), 0);
  }
  {
    // Another handle of the same database.
    const Ref<Database> database = test::open_database("memory:watch-close");
    CHECK(!watch->is_ready());
    test::drop_database("watch-close");
    CHECK(!watch->is_ready());
  }
  CHECK_EQ(watch->get_error(), err::kOperationCancelled);
}

// ---- what operations cost ------------------------------------------------------------------------------

constexpr int kMany = 3000;

std::shared_ptr<WatchSlots> slots() {
  static const auto shared = std::make_shared<WatchSlots>();
  shared->limit(INT64_MAX);
  return shared;
}

Ref<Watch> watch_of(const std::string& key, std::optional<Bytes> value) {
  CHECK(slots()->acquire());
  return make_ref<Watch>(slots(), make_ref<Future>(test::network()),
                         std::make_shared<Watched>(Watched{key, std::move(value), 0}));
}

// An operation hands over exactly what ends, and the rest stays.
void test_index_takes_what_changed() {
  WatchIndex index;
  for (int i = 0; i < kMany; ++i) index.insert(watch_of("k", "same"));
  for (int i = 0; i < kMany; ++i) index.insert(watch_of("k" + std::to_string(i), std::nullopt));
  index.insert(watch_of("k", "first"));
  index.insert(watch_of("k", "zulu"));
  index.insert(watch_of("k", std::nullopt));
  int taken = 0;
  const auto count = [&](const Ref<Watch>&) { ++taken; };
  index.take_changed("k", Slice("same"), count);
  CHECK_EQ(taken, 3);
  int asked = 0;
  const auto value_of = [&](Slice) {
    ++asked;
    return WatchIndex::Value("same");
  };
  index.take_changed_in("", "\xff", value_of, count);
  CHECK_EQ(asked, 1);  // for the one key that is remembered as present
  CHECK_EQ(taken, 3);
  index.take_all("k5", count);
  CHECK_EQ(taken, 4);
  CHECK_EQ(index.size(), static_cast<size_t>(2 * kMany - 1));
}

void test_index_finds_one() {
  WatchIndex index;
  std::vector<Ref<Watch>> watches;
  for (int i = 0; i < kMany; ++i) watches.push_back(watch_of("k", "v"));
  for (const Ref<Watch>& watch : watches) index.insert(watch);
  for (; !watches.empty(); watches.pop_back()) {
    CHECK(index.take(watches.back()->watched()).get() == watches.back().get());
    CHECK(!index.take(watches.back()->watched()));
  }
  CHECK(index.empty());
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  test::simulate();
  test::SimEnv env(1);
  test_no_change_is_missed();
  test_no_registration_is_missed();
  test_metadata_version_in_a_race();
  test_metadata_version_in_a_tenant();
  test_own_writes();
  test_clears_and_rewrites();
  test_watch_waits_for_its_version(env);
  test_watches_do_not_keep_a_database();
  test_index_takes_what_changed();
  test_index_finds_one();
  return 0;
}
