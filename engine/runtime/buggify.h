// The network options client_buggify_*: whether every database of a library is to meet faults now and then.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. A user hears of every setting from add() to remove(), and of the one that there is first of all.
//  2. Telling it fails nobody: users allocate nothing for it.
#pragma once

#include <mutex>
#include <vector>

#include "base/common.h"

namespace fdb {

class Network;

struct BuggifySetting {
  bool on = false;
  int activated_percent = 25;  // how likely a section, a place for one fault, is active
  int fired_percent = 25;      // how likely one that is active fires when it is passed
};

class BuggifyUser {
 public:
  virtual void buggify(const BuggifySetting& setting) noexcept = 0;

 protected:
  ~BuggifyUser() = default;
};

class Buggify {
 public:
  BuggifySetting setting() const {
    std::lock_guard lock(mutex_);
    return setting_;
  }
  void set(const BuggifySetting& setting) noexcept {
    std::lock_guard lock(mutex_);
    setting_ = setting;
    for (BuggifyUser* user : users_) user->buggify(setting);
  }
  void add(BuggifyUser* user) {
    std::lock_guard lock(mutex_);
    users_.push_back(user);
    user->buggify(setting_);
  }
  void remove(BuggifyUser* user) noexcept {
    std::lock_guard lock(mutex_);
    std::erase(users_, user);
  }

 private:
  mutable std::mutex mutex_;
  BuggifySetting setting_;
  std::vector<BuggifyUser*> users_;
};

// What the options of a network say.
Buggify& buggify_of(Network& network);

}  // namespace fdb
