#include "db/movable_clock.h"

#include "db/keyspace_file.h"
#include "runtime/network.h"

namespace fdb {

MovableClock::~MovableClock() {
  if (is_standing()) network_.set_mode(*this, ClockMode::kGone);
}

void MovableClock::advance(int64_t micros) {
  if (file_) file_->reserve_versions(micros, true);
  network_.advance(*this, micros);
}

void MovableClock::freeze(bool jumps) { network_.set_mode(*this, jumps ? ClockMode::kJumping : ClockMode::kStanding); }

void MovableClock::resume() { network_.set_mode(*this, ClockMode::kRunning); }

void MovableClock::expect_jump(int64_t micros) {
  if (file_) file_->reserve_versions(micros, false);
}

}  // namespace fdb
