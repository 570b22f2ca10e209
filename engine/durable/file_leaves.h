// The table of a database file as the source of a tree's leaves.
//
// Thread-safety: every member may be called from any thread.
// Invariant: what a scan hands out was in the table before a fold to a version beyond the scan's `as_of` began, or the scan fails.
#pragma once

#include <atomic>

#include "durable/database_file.h"
#include "durable/disk_gate.h"
#include "store/leaf_source.h"

namespace fdb::durable {

class FileLeaves : public LeafSource {
 public:
  explicit FileLeaves(DatabaseFile& file) : file_(file), fold_target_(file.versions().fold_target) {}

  void scan(Slice begin, Slice end, Version as_of, const TakeRow& take) override {
    refuse_before_target(as_of);
    if (gate_) gate_->before_load();
    file_.scan(begin, end, take);
    refuse_before_target(as_of);  // the fold may have begun meanwhile
  }
  // Whom to ask before each scan; to be called before there is one in another thread.
  void set_gate(DiskGate* gate) { gate_ = gate; }
  // Before rows of that version are written.
  void raise_target(Version target) { fold_target_.store(target, std::memory_order_seq_cst); }

 private:
  void refuse_before_target(Version as_of) const {
    if (as_of < fold_target_.load(std::memory_order_seq_cst)) throw EngineError{err::kTransactionTooOld};
  }

  DatabaseFile& file_;
  DiskGate* gate_ = nullptr;
  std::atomic<Version> fold_target_;
};

}  // namespace fdb::durable
