#include "db/conflict_window.h"

namespace fdb {

Error ConflictWindow::check_age(const CommitRequest& request) const {
  return !request.read_conflicts.empty() && request.read_version < forgotten_ ? err::kTransactionTooOld : 0;
}

Error ConflictWindow::check(const CommitRequest& request, std::vector<size_t>* conflicting) const {
  Error error = 0;
  for (size_t i = 0; i < request.read_conflicts.size(); ++i) {
    const KeyRange& range = request.read_conflicts[i];
    if (!set_.conflicts(range.begin, range.end, request.read_version)) continue;
    error = err::kNotCommitted;
    if (!request.report_conflicts) return error;
    conflicting->push_back(i);
  }
  return error;
}

void ConflictWindow::add(const CommitRequest& request, const AppliedCommit& applied, Version version) {
  for (size_t i = 0; i < request.mutations.size(); ++i) {
    if (request.mutations[i].op != Op::kSetVersionstampedKey) continue;
    const Slice key = applied.changes()[i].key;
    set_.add(key, key_after(key), version);
  }
  for (const KeyRange& range : request.write_conflicts) set_.add(range.begin, range.end, version);
}

void ConflictWindow::forget(Version horizon) {
  if (horizon <= forgotten_) return;
  forgotten_ = horizon;
  set_.forget(horizon);
}

}  // namespace fdb
