// The read view by itself: versions that are set, taken and given back, the window, the tenant.
#include "txn/read_view.h"

#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

test::SimEnv* env;

// Whose snapshots the views' are said to be. It has nothing to give up: the tests call the views.
struct Holder : KeyspaceUser {
  void release_snapshot(int*) override {}
  bool deliver_commit_unless_busy() override { return true; }
};

struct Place {
  Place() : database(test::open_database(("memory:view" + std::to_string(++number)).c_str())) {}

  Version put(Slice key, Slice value) {
    const auto transaction = create_transaction(*database);
    transaction->set(key, value);
    CHECK_EQ(transaction->commit()->get_error(), 0);
    return transaction->committed_version();
  }
  Keyspace* keyspace() const { return database->keyspace(); }
  ReadView view() { return ReadView(keyspace(), Ref<Tenant>(), &*holder); }

  static inline int number = 0;
  const Ref<Database> database;
  const Ref<Holder> holder = make_ref<Holder>();
};

std::optional<Bytes> found(const ReadView& view, Slice key) {
  Slice value;
  return view.find(key, &value) ? std::optional<Bytes>(value) : std::nullopt;
}

void test_a_version_is_taken_once() {
  Place place;
  place.put("a", "1");
  ReadView view = place.view();
  CHECK(!view.has_version());
  CHECK_EQ(view.ensure_version(NativeOptions()), 0);
  const Version taken = view.version();
  CHECK(view.has_version() && view.has_snapshot());
  CHECK_EQ(view.held_version(), taken);
  place.put("a", "2");
  CHECK_EQ(view.ensure_point(NativeOptions()), 0);
  CHECK_EQ(view.version(), taken);
  CHECK(found(view, "a") == Bytes("1"));
  view.forget();
  CHECK(!view.has_version());
  CHECK_EQ(view.held_version(), Sweeper::kNone);
  CHECK_EQ(view.ensure_point(NativeOptions()), 0);
  CHECK(found(view, "a") == Bytes("2"));
}

void test_a_version_that_is_set() {
  Place place;
  const Version first = place.put("a", "1");
  const Version second = place.put("a", "2");
  ReadView view = place.view();
  view.name_version(first);
  CHECK(view.has_version() && !view.has_snapshot());
  CHECK_EQ(view.held_version(), Sweeper::kNone);
  CHECK_EQ(view.ensure_point(NativeOptions()), 0);
  CHECK(found(view, "a") == Bytes("1"));
  view.forget_version();
  view.name_version(second + 1'000'000'000);
  CHECK_EQ(view.ensure_point(NativeOptions()), err::kFutureVersion);
  CHECK(!view.has_snapshot());
  view.forget_version();
  view.name_version(1);
  CHECK_EQ(view.ensure_point(NativeOptions()), err::kTransactionTooOld);
}

void test_the_version_outlives_the_snapshot() {
  Place place;
  place.put("a", "1");
  ReadView view = place.view();
  CHECK_EQ(view.ensure_point(NativeOptions()), 0);
  const Version taken = view.version();
  view.let_go_of_snapshot();
  CHECK(view.has_version() && !view.has_snapshot());
  CHECK_EQ(view.held_version(), Sweeper::kNone);
  place.put("a", "2");
  view.ensure_commit_version();
  CHECK_EQ(view.version(), taken);
  CHECK_EQ(view.ensure_point(NativeOptions()), 0);
  CHECK(found(view, "a") == Bytes("1"));
}

void test_options_that_decide_about_a_version() {
  Place place;
  ReadView view = place.view();
  NativeOptions options;
  options.initialize_new_database = true;
  CHECK_EQ(view.ensure_version(options), 0);
  CHECK_EQ(view.version(), 0);
  CHECK_EQ(view.ensure_point(options), err::kClientInvalidOperation);
  CHECK_EQ(view.tenant_requirement(NativeOptions()), 0);
}

// What was read stays, everything else goes, a bounded piece at a time.
void test_out_of_the_window_what_was_read_stays() {
  Place place;
  for (char name = 'a'; name <= 'z'; ++name) place.put(Bytes(1, name), "v");
  ReadView view = place.view();
  ReadLog log;
  CHECK_EQ(view.ensure_point(NativeOptions()), 0);
  for (char name = 'b'; name < 'z'; name = static_cast<char>(name + 2)) log.add_point(Bytes(1, name), 2);
  int steps = 1'000;
  view.release(&log, &steps);
  CHECK_EQ(steps, 1'000);
  CHECK(!view.only_known());
  env->pass(kReadWindow + 1'000'000);
  int pieces = 0;
  for (; view.held_version() != Sweeper::kNone; ++pieces) {
    steps = 5;
    view.release(&log, &steps);
    CHECK(steps >= 0);
  }
  CHECK(pieces > 3);
  CHECK(view.only_known());
  CHECK_EQ(view.ensure_point(NativeOptions()), 0);
  for (char name = 'a'; name <= 'z'; ++name) {
    const bool was_read = (name - 'a') % 2 == 1 && name != 'z';
    CHECK_EQ(found(view, Bytes(1, name)).has_value(), was_read);
  }
}

void test_keys_of_a_tenant() {
  Place place;
  ReadView plain = place.view();
  CHECK(!plain.in_tenant());
  CHECK_EQ(plain.full_key("k"), Bytes("k"));
  const auto tenant = place.database->open_tenant("nobody");
  ReadView view(place.keyspace(), tenant, &*place.holder);
  CHECK(view.in_tenant());
  CHECK_EQ(view.ensure_point(NativeOptions()), err::kTenantNotFound);
  const auto creating = create_transaction(*place.database);
  CHECK_EQ(creating->set_option(FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES, nullptr, 0), 0);
  creating->set("\xff\xff/management/tenant/map/nobody", "");
  CHECK_EQ(creating->commit()->get_error(), 0);
  view.forget();
  CHECK_EQ(view.ensure_point(NativeOptions()), 0);
  CHECK(view.tenant_id() >= 0);
  CHECK_EQ(view.prefix().size(), size_t{8});
  CHECK_EQ(view.full_key("k"), view.prefix() + "k");
  view.forget_version();
  CHECK(view.tenant_id() >= 0);
  view.forget();
  CHECK_EQ(view.tenant_id(), -1);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv simulated(1);
  fdb::env = &simulated;
  fdb::test::simulate();
  fdb::test_a_version_is_taken_once();
  fdb::test_a_version_that_is_set();
  fdb::test_the_version_outlives_the_snapshot();
  fdb::test_options_that_decide_about_a_version();
  fdb::test_out_of_the_window_what_was_read_stays();
  fdb::test_keys_of_a_tenant();
  std::puts("read_view_test: ok");
  return 0;
}
