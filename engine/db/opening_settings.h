// What the environment says of every database that is opened: how late its answers are, and what goes wrong in it.
//
// Thread-safety: values and functions on them; apply_to() wants a keyspace that nobody uses yet.
#pragma once

#include "db/keyspace.h"

namespace fdb {

struct OpeningSettings {
  LatencySetting latency;
  FaultSetting faults;

  void apply_to(Keyspace& keyspace) const {
    keyspace.latency().set(latency);
    if (!faults.rules.empty()) keyspace.faults().set(faults);
  }
};

// 0, or 2006 after a line on stderr that tells what is wrong.
inline Error settings_of_environment(OpeningSettings* settings) {
  if (Error error = latency_of_environment(&settings->latency)) return error;
  return faults_of_environment(&settings->faults);
}

}  // namespace fdb
