// Undelivered: which commits are delivered when, and what a look, a busy user or the user's end does to that.
#include "db/undelivered.h"

#include <vector>

#include "sim/test_support.h"

namespace fdb {
namespace {

constexpr int64_t kPatience = Undelivered::kPatienceMicros;

class FakeUser : public KeyspaceUser {
 public:
  explicit FakeUser(Undelivered& list) : list_(list) {}
  ~FakeUser() override { list_.remove(&place); }

  void release_snapshot(int*) override {}
  bool deliver_commit_unless_busy() override {
    ++asked;
    return !is_busy;
  }

  Undelivered::Place place{this};
  int asked = 0;
  bool is_busy = false;

 private:
  Undelivered& list_;
};

void delivers_what_has_waited_long_enough() {
  Undelivered list;
  const auto first = make_ref<FakeUser>(list);
  const auto second = make_ref<FakeUser>(list);
  CHECK(list.add(&first->place, 100));
  CHECK(!list.add(&second->place, 200));  // somebody comes already
  CHECK_EQ(list.deliver(99 + kPatience), 100 + kPatience);
  CHECK_EQ(first->asked, 0);
  CHECK_EQ(list.deliver(100 + kPatience), 200 + kPatience);
  CHECK_EQ(first->asked, 1);
  CHECK_EQ(second->asked, 0);
  CHECK_EQ(list.deliver(200 + kPatience), -1);
  CHECK_EQ(second->asked, 1);
  CHECK(list.add(&first->place, 300));  // nobody comes any more
}

void forgets_what_was_looked_at() {
  Undelivered list;
  std::vector<Ref<FakeUser>> users;
  for (int i = 0; i < 3; ++i) {
    users.push_back(make_ref<FakeUser>(list));
    list.add(&users.back()->place, 0);
  }
  list.remove(&users[1]->place);
  list.remove(&users[1]->place);  // as often as one likes
  CHECK_EQ(list.deliver(kPatience), -1);
  CHECK_EQ(users[0]->asked, 1);
  CHECK_EQ(users[1]->asked, 0);
  CHECK_EQ(users[2]->asked, 1);
}

void a_second_commit_waits_anew() {
  Undelivered list;
  const auto user = make_ref<FakeUser>(list);
  list.add(&user->place, 0);
  list.add(&user->place, 50);
  CHECK_EQ(list.deliver(kPatience), 50 + kPatience);
  CHECK_EQ(user->asked, 0);
}

void asks_a_busy_user_again() {
  Undelivered list;
  const auto user = make_ref<FakeUser>(list);
  user->is_busy = true;
  list.add(&user->place, 0);
  CHECK_EQ(list.deliver(kPatience), 2 * kPatience);
  user->is_busy = false;
  CHECK_EQ(list.deliver(2 * kPatience), -1);
  CHECK_EQ(user->asked, 2);
}

void delivers_a_bounded_number_at_once() {
  Undelivered list;
  std::vector<Ref<FakeUser>> users;
  for (int i = 0; i < 100; ++i) {
    users.push_back(make_ref<FakeUser>(list));
    list.add(&users.back()->place, i);
  }
  const int64_t next = list.deliver(1000 + kPatience);
  CHECK(next > kPatience && next < 100 + kPatience);  // due already: at once again
  while (list.deliver(1000 + kPatience) >= 0) continue;
  for (const auto& user : users) CHECK_EQ(user->asked, 1);
}

void without_a_timer_the_next_one_arms_again() {
  Undelivered list;
  const auto user = make_ref<FakeUser>(list);
  CHECK(list.add(&user->place, 0));
  list.disarm();
  CHECK(list.add(&user->place, 0));
}

void a_user_may_go_at_any_time() {
  Undelivered list;
  list.add(&make_ref<FakeUser>(list)->place, 0);
  CHECK_EQ(list.deliver(kPatience), -1);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::delivers_what_has_waited_long_enough();
  fdb::forgets_what_was_looked_at();
  fdb::a_second_commit_waits_anew();
  fdb::asks_a_busy_user_again();
  fdb::delivers_a_bounded_number_at_once();
  fdb::without_a_timer_the_next_one_arms_again();
  fdb::a_user_may_go_at_any_time();
  return 0;
}
