// The clock of one database, with those who have to know when it is moved: the network, which has timers by it, and the file, whose
// lease has to hold for the versions that come with the time.
//
// Thread-safety: every member may be called from any thread, but set_file().
#pragma once

#include "runtime/clock.h"

namespace fdb {

class KeyspaceFile;
class Network;

class MovableClock : public Clock {
 public:
  explicit MovableClock(Network& network) : network_(network), start_(now()) {}
  // Whoever still waits by it does so no longer.
  ~MovableClock();

  // Called once, before anybody else knows of the clock. The file lives as long as the clock is moved.
  void set_file(KeyspaceFile* file) { file_ = file; }

  // Since the database was opened.
  int64_t elapsed_micros() const { return now() - start_; }
  // As Network::advance(), after the lease is on disk, or could not be written: then the versions stand still at its end, and
  // commits are refused.
  void advance(int64_t micros);
  // With jumps it blocks for the lease, too, which has to hold for many of them.
  void freeze(bool jumps);
  void resume();
  // Somebody is going to wait for so long, by which a clock that stands with jumps is moved on. Does not block.
  void expect_jump(int64_t micros);

 private:
  Network& network_;
  KeyspaceFile* file_ = nullptr;
  const int64_t start_;
};

}  // namespace fdb
