// Which errors are retried and when, without a transaction.
#include "txn/retry_policy.h"

#include "base/env.h"
#include "sim/test_support.h"

namespace fdb {

namespace {

constexpr int64_t kUnlimited = -1;
constexpr int64_t kMaxDelay = 1000;  // milliseconds, as by default
constexpr Error kBackoffErrors[] = {1020, 1021, 1037, 1038, 1051, 1079, 1213, 1223};
constexpr Error kResourceErrors[] = {1042, 1078, 1235, 1242};
constexpr Error kVersionErrors[] = {1007, 1009};

// Always draws one half, so that a delay is half of the backoff.
class HalfEnv : public Env {
 public:
  HalfEnv() { Env::inject(this); }
  ~HalfEnv() override { Env::inject(nullptr); }
  int64_t monotonic_micros() override { return 0; }
  double wall_seconds() override { return 0; }
  uint64_t random_u64() override {
    ++draws;
    return uint64_t{1} << 63;
  }
  int draws = 0;
};

int64_t delay_of(RetryPolicy& policy, Error error, int64_t max_delay_ms = kMaxDelay) {
  const std::optional<int64_t> delay = policy.next_delay_micros(error, kUnlimited, max_delay_ms);
  CHECK(delay.has_value());
  return *delay;
}

void test_what_is_retried() {
  for (const Error error : kBackoffErrors) CHECK(RetryPolicy(0).next_delay_micros(error, kUnlimited, kMaxDelay).has_value());
  for (const Error error : kResourceErrors) CHECK(RetryPolicy(0).next_delay_micros(error, kUnlimited, kMaxDelay).has_value());
  for (const Error error : kVersionErrors) CHECK(RetryPolicy(0).next_delay_micros(error, kUnlimited, kMaxDelay).has_value());
  for (const Error error : {-1, 0, 10, 1022, 1025, 1031, 1036, 1039, 1100, 1101, 2017, 2101, 4000, 30'001}) {
    CHECK(!RetryPolicy(0).next_delay_micros(error, kUnlimited, kMaxDelay).has_value());
  }
}

void test_backoff_doubles_up_to_the_largest_delay() {
  RetryPolicy policy(0);
  CHECK_EQ(delay_of(policy, 1020), 5'000);
  CHECK_EQ(delay_of(policy, 1020), 10'000);
  CHECK_EQ(delay_of(policy, 1021), 20'000);
  for (int i = 0; i < 10; ++i) delay_of(policy, 1020);
  CHECK_EQ(delay_of(policy, 1020), 500'000);
  CHECK_EQ(delay_of(policy, 1020, 100), 500'000);  // limits what comes after this one
  CHECK_EQ(delay_of(policy, 1020, 100), 50'000);
  CHECK_EQ(delay_of(policy, 1020, 0), 50'000);
  CHECK_EQ(delay_of(policy, 1020, 0), 0);
}

void test_resources_have_a_limit_of_their_own() {
  RetryPolicy policy(0);
  for (int i = 0; i < 20; ++i) delay_of(policy, 1042, 0);
  CHECK_EQ(delay_of(policy, 1042, 0), 15'000'000);
}

void test_stale_versions_wait_the_same_each_time() {
  HalfEnv env;
  RetryPolicy policy(0);
  for (int i = 0; i < 3; ++i) CHECK_EQ(delay_of(policy, 1007), 10'000);
  CHECK_EQ(delay_of(policy, 1009, 4), 4'000);
  CHECK_EQ(env.draws, 0);
  CHECK_EQ(delay_of(policy, 1020), 5'000);  // and the backoff is as it was
}

void test_every_on_error_counts_in_the_limit() {
  RetryPolicy policy(0);
  CHECK(policy.next_delay_micros(1020, 2, kMaxDelay).has_value());
  CHECK(!policy.next_delay_micros(2101, 2, kMaxDelay).has_value());
  CHECK(!policy.next_delay_micros(1020, 2, kMaxDelay).has_value());
  CHECK(policy.next_delay_micros(1020, 4, kMaxDelay).has_value());  // raised meanwhile
  CHECK(policy.next_delay_micros(1020, kUnlimited, kMaxDelay).has_value());
  CHECK(!RetryPolicy(0).next_delay_micros(1020, 0, kMaxDelay).has_value());
}

void test_what_a_refusal_answers() {
  CHECK_EQ(RetryPolicy::refused(2101), 2101);
  CHECK_EQ(RetryPolicy::refused(10), 10);
  CHECK_EQ(RetryPolicy::refused(30'000), 30'000);
  CHECK_EQ(RetryPolicy::refused(30'001), err::kUnknownError);
  CHECK_EQ(RetryPolicy::refused(-1), err::kUnknownError);
  CHECK_EQ(RetryPolicy::refused(0), err::kClientInvalidOperation);
  CHECK_EQ(RetryPolicy::refused(err::kBrokenPromise), err::kTransactionCancelled);
}

void test_deadlines_count_from_the_beginning() {
  RetryPolicy policy(5'000'000);
  CHECK_EQ(policy.deadline_micros(100), 5'100'000);
  policy.next_delay_micros(1020, kUnlimited, kMaxDelay);
  CHECK_EQ(policy.deadline_micros(100), 5'100'000);
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_stale_versions_wait_the_same_each_time();
  const fdb::HalfEnv env;
  fdb::test_what_is_retried();
  fdb::test_backoff_doubles_up_to_the_largest_delay();
  fdb::test_resources_have_a_limit_of_their_own();
  fdb::test_every_on_error_counts_in_the_limit();
  fdb::test_what_a_refusal_answers();
  fdb::test_deadlines_count_from_the_beginning();
}
