// Sweeper: whose snapshots are taken, in which order, how much at a time, and what a busy or dying user does to that.
#include "db/sweeper.h"

#include <memory>
#include <new>
#include <vector>

#include "sim/test_support.h"

namespace fdb {
namespace {

// Holds one snapshot and gives it up when it is asked to, unless it is told to refuse.
class FakeUser : public KeyspaceUser {
 public:
  explicit FakeUser(Sweeper& sweeper) : sweeper_(sweeper) {}
  ~FakeUser() override { hold(Sweeper::kNone); }

  void hold(Version version) { sweeper_.move(&place_, version); }
  bool holds() const { return place_.version != Sweeper::kNone; }

  void release_snapshot(int* steps) override {
    ++asked;
    if (has_no_memory) throw std::bad_alloc();
    *steps -= cost;
    if (!is_busy) hold(Sweeper::kNone);
  }
  bool deliver_commit_unless_busy() override { return true; }

  int asked = 0;
  int cost = 1;
  bool is_busy = false;
  bool has_no_memory = false;

 private:
  Sweeper& sweeper_;
  Sweeper::Place place_{this};
};

std::vector<Ref<FakeUser>> holders(Sweeper& sweeper, int count) {
  std::vector<Ref<FakeUser>> users;
  for (int i = 0; i < count; ++i) {
    users.push_back(make_ref<FakeUser>(sweeper));
    users.back()->hold(100 + i);
  }
  return users;
}

int still_holding(const std::vector<Ref<FakeUser>>& users) {
  int count = 0;
  for (const auto& user : users) count += user->holds();
  return count;
}

void takes_what_is_older_than_the_horizon() {
  Sweeper sweeper;
  CHECK(sweeper.empty());
  const auto old = make_ref<FakeUser>(sweeper);
  const auto recent = make_ref<FakeUser>(sweeper);
  old->hold(9);
  recent->hold(10);
  CHECK(!sweeper.sweep(10));
  CHECK(!old->holds());
  CHECK(recent->holds());
  CHECK_EQ(recent->asked, 0);
  CHECK(!sweeper.empty());
  recent->hold(Sweeper::kNone);
  CHECK(sweeper.empty());
}

void a_moved_holder_counts_at_its_new_version() {
  Sweeper sweeper;
  const auto user = make_ref<FakeUser>(sweeper);
  user->hold(5);
  user->hold(20);
  user->hold(20);
  CHECK(!sweeper.sweep(10));
  CHECK_EQ(user->asked, 0);
}

void those_that_come_late_with_old_versions_go_with_the_others() {
  Sweeper sweeper;
  const auto recent = holders(sweeper, 100);
  const auto old = make_ref<FakeUser>(sweeper);
  old->hold(9);
  const auto older = make_ref<FakeUser>(sweeper);
  older->hold(8);
  recent[50]->hold(7);
  while (sweeper.sweep(1000)) continue;
  CHECK(!old->holds() && !older->holds());
  CHECK_EQ(still_holding(recent), 0);
  CHECK(sweeper.empty());
}

void a_user_that_goes_is_not_where_the_next_piece_begins() {
  Sweeper sweeper;
  const auto users = holders(sweeper, 64);
  for (const auto& user : users) user->is_busy = true;
  CHECK(sweeper.sweep(1000));
  users[32]->hold(Sweeper::kNone);  // the next one's turn
  CHECK(sweeper.sweep(1000));
  for (const auto& user : users) CHECK_EQ(user->asked, user->holds() ? 1 : 0);
}

void works_in_pieces() {
  Sweeper sweeper;
  const auto many = holders(sweeper, 100);
  CHECK(sweeper.sweep(1000));
  const int left = still_holding(many);
  CHECK(left > 0 && left < 100);
  while (sweeper.sweep(1000)) continue;
  CHECK_EQ(still_holding(many), 0);
}

void stops_when_the_steps_are_used_up() {
  Sweeper sweeper;
  const auto users = holders(sweeper, 3);
  users[0]->cost = 1'000'000;
  CHECK(sweeper.sweep(1000));
  CHECK_EQ(users[0]->asked, 1);
  CHECK_EQ(users[1]->asked, 0);
}

// A user that never gives anything up must not keep the others from their turn.
void busy_users_do_not_hold_up_the_rest() {
  Sweeper sweeper;
  const auto users = holders(sweeper, 100);
  for (int i = 0; i < 50; ++i) users[static_cast<size_t>(i)]->is_busy = true;
  for (int piece = 0; piece < 10; ++piece) CHECK(sweeper.sweep(1000));
  CHECK_EQ(still_holding(users), 50);
}

void goes_on_when_one_has_no_memory() {
  Sweeper sweeper;
  const auto users = holders(sweeper, 2);
  users[0]->has_no_memory = true;
  CHECK(sweeper.sweep(1000));
  CHECK(users[0]->holds());
  CHECK(!users[1]->holds());
}

void a_user_may_go_at_any_time() {
  Sweeper sweeper;
  holders(sweeper, 3);
  CHECK(sweeper.empty());
  CHECK(!sweeper.sweep(1000));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::takes_what_is_older_than_the_horizon();
  fdb::a_moved_holder_counts_at_its_new_version();
  fdb::works_in_pieces();
  fdb::those_that_come_late_with_old_versions_go_with_the_others();
  fdb::a_user_that_goes_is_not_where_the_next_piece_begins();
  fdb::stops_when_the_steps_are_used_up();
  fdb::busy_users_do_not_hold_up_the_rest();
  fdb::goes_on_when_one_has_no_memory();
  fdb::a_user_may_go_at_any_time();
  return 0;
}
