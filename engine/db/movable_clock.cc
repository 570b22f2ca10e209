#include "db/movable_clock.h"

#include "db/keyspace_file.h"
#include "runtime/network.h"

namespace fdb {

namespace {

// How far jumps may be ahead of the disk: they take no time, and a lease does.
constexpr int64_t kJumpsAhead = 86'400 * int64_t{1'000'000};

}  // namespace

MovableClock::~MovableClock() {
  if (is_standing()) network_.set_mode(*this, ClockMode::kGone);
}

void MovableClock::advance(int64_t micros) {
  if (file_) file_->reserve_versions(micros, true);
  network_.advance(*this, micros);
}

void MovableClock::freeze(bool jumps) {
  if (jumps && file_) file_->reserve_versions(kJumpsAhead, true);
  network_.set_mode(*this, jumps ? ClockMode::kJumping : ClockMode::kStanding);
}

void MovableClock::resume() { network_.set_mode(*this, ClockMode::kRunning); }

void MovableClock::expect_jump(int64_t micros) {
  if (file_) file_->reserve_versions(micros + kJumpsAhead, false);
}

}  // namespace fdb
