// Each row of the table at every version: the borders where it begins and ends, written down a second time.
#include "base/api_behavior.h"

#include <iterator>

#include "sim/test_support.h"

namespace test = fdb::test;
using fdb::ApiBehavior;

namespace {

constexpr int kOldest = 13;
constexpr int kNewest = 740;
constexpr int kForGood = kNewest + 1;

struct Row {
  const char* name;
  bool ApiBehavior::* flag;
  int from;
  int until;  // does not hold any more
};

#define ROW(name, from, until) \
  Row { #name, &ApiBehavior::name, from, until }

constexpr Row kRows[] = {
    ROW(born_with_system_access, kOldest, 16),
    ROW(retry_keeps_options, kOldest, 16),
    ROW(reset_applies_defaults, 16, kForGood),
    ROW(commit_resets, kOldest, 410),
    ROW(commit_forgets_read_version, 410, 700),
    ROW(read_only_commit_resets_half, 410, 610),
    ROW(failed_on_error_cancels, 610, kForGood),
    ROW(negative_limit_reverses, kOldest, 14),
    ROW(error_state_refuses_read_version, 101, kForGood),
    ROW(reset_fails_read_version, 101, kForGood),
    ROW(snapshot_sees_writes, 300, kForGood),
    ROW(watch_checks_system_access, 300, kForGood),
    ROW(addresses_with_port, 630, kForGood),
    ROW(grv_cache_needs_shared_state, 720, kForGood),
    ROW(conflict_ranges_count_in_size, 300, kForGood),
    ROW(conflict_range_checks_system_access, 300, kForGood),
    ROW(commit_refuses_writes, 410, kForGood),
    ROW(min_and_set_absent, 510, kForGood),
    ROW(stamp_offset_has_four_bytes, 520, kForGood),
    ROW(special_modules, 630, kForGood),
    ROW(special_writes, 700, kForGood),
    ROW(special_management, 700, kForGood),
    ROW(special_error_message, 700, kForGood),
    ROW(special_lineage, 700, kForGood),
    ROW(special_profiling, 700, 720),
    ROW(special_fault_tolerance, 740, kForGood),
};

bool value_at(const Row& row, int version) { return ApiBehavior(version).*row.flag; }

// A row of the table that is not here would make it larger.
static_assert(sizeof(ApiBehavior) == sizeof(int16_t) + (std::size(kRows) + 1) / 2 * 2);

void test_each_row_at_each_version() {
  for (const Row& row : kRows) {
    for (int version = kOldest; version <= kNewest; ++version) {
      if (value_at(row, version) == (version >= row.from && version < row.until)) continue;
      test::show("row", row.name);
      test::show("version", version);
      test::fail(__FILE__, __LINE__, "a behaviour begins or ends at another version");
    }
  }
}

// Before a version is selected the engine behaves as at the oldest.
void test_no_version_is_like_the_oldest() {
  for (const Row& row : kRows) CHECK_EQ(value_at(row, 0), value_at(row, kOldest));
}

}  // namespace

int main() {
  test_each_row_at_each_version();
  test_no_version_is_like_the_oldest();
}
