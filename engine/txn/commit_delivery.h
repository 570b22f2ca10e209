// One commit of a transaction from its call to the delivery of its outcome, and the versionstamps that hang on it.
//
// A commit is decided when it is called (or when the reads that it waits for have ended); its future is delivered when somebody
// looks at it, or by the keyspace a moment later, or, in a database with a latency, when the answer arrives. What happens to the
// transaction before that fails the commit for the program, as it does while a server works on it.
//
// Thread-safety: none; a transaction owns it under its lock. The keyspace must outlive it.
// Invariants:
//  1. started() from the call until the next attempt. The future is here from the call until it is delivered or failed.
//  2. A commit is delivered once, after it is decided, and no earlier than its answer arrives.
//  3. What was told to have failed is forgotten: it is not delivered, and if it still waits for reads it is never decided.
//  4. While a delivery is expected, the keyspace lists the user; not longer than this lives.
#pragma once

#include <optional>
#include <vector>

#include "db/keyspace.h"
#include "runtime/network.h"
#include "txn/unregistered_watches.h"

namespace fdb {

// What became of a commit.
struct DecidedCommit {
  Error error = 0;
  bool read_only = false;
  bool reached_native = false;  // the native half of the transaction has heard of it
  Version version = kInvalidVersion;
  Bytes stamp{};
};

class CommitDelivery {
 public:
  // `user` is whom the keyspace asks to deliver; `keyspace` is null in a transaction that can do nothing.
  CommitDelivery(Network& network, Keyspace* keyspace, KeyspaceUser* user)
      : network_(network), keyspace_(keyspace), place_(user) {}
  ~CommitDelivery();
  CommitDelivery(const CommitDelivery&) = delete;

  // ---- one commit -----------------------------------------------------------------------------------
  bool started() const { return attempt_.started; }
  // The call. `looks_hasten`: whoever looks at the future gets it delivered, and the keyspace does that a moment later.
  void start(Ref<Future> future, bool looks_hasten);
  const Ref<Future>& future() const { return future_; }
  void wait_for_reads() { attempt_.waits = true; }
  bool waits_for_reads() const { return attempt_.waits; }
  void decide(DecidedCommit decided) noexcept;
  // Of a commit that is decided and not delivered; else 0.
  Error decided_error() const { return attempt_.decided ? attempt_.decided->error : 0; }
  // Decided, and the answer is on its way: looks do not hasten it.
  void send() { attempt_.on_its_way = true; }
  bool is_on_its_way() const { return attempt_.on_its_way; }
  // Whether that was the answer of the commit whose future this is.
  bool arrive(const Ref<Future>& future);
  // The commit whose future this is has failed after all; if it was decided as a success that is what is delivered.
  void fail_late(const Ref<Future>& future, Error error);
  void take_back_answer() { attempt_.on_its_way = false; }
  // Delivers what is decided and not on its way; what was delivered, if anything. Watches begin with a success and end with a
  // failure.
  std::optional<DecidedCommit> deliver(UnregisteredWatches* watches);
  // Ends what is not delivered: commit and versionstamps.
  void fail(Error error, Error stamp_error);
  // The next attempt begins.
  void begin_attempt() noexcept { attempt_ = Attempt(); }

  // ---- what comes of commits ------------------------------------------------------------------------
  // Gets the stamp of the commit of this attempt.
  void add_stamp(Ref<Future> future) { stamps_.push_back(std::move(future)); }
  // Whether there is anything that fail() would end.
  bool has_futures() const { return future_ || !stamps_.empty(); }
  // Whether a time-out would end something: a look delivers everything else.
  bool is_awaited() const { return !stamps_.empty() || attempt_.on_its_way; }
  Version committed_version() const { return committed_version_; }
  // Of the last successful commit with writes; empty if none.
  const Bytes& last_stamp() const { return last_stamp_; }
  void forget_last_stamp() noexcept { last_stamp_.clear(); }

 private:
  struct Attempt {
    bool started = false;
    bool waits = false;       // for reads
    bool on_its_way = false;  // decided, and no look hastens its delivery
    std::optional<DecidedCommit> decided;
  };

  Network& network_;
  Keyspace* const keyspace_;
  Undelivered::Place place_;
  bool was_expected_ = false;  // the place may be in the keyspace's list
  Ref<Future> future_;         // not delivered yet
  Attempt attempt_;
  std::vector<Ref<Future>> stamps_;
  Version committed_version_ = kInvalidVersion;
  Bytes last_stamp_;
};

}  // namespace fdb
