#include "txn/commit_delivery.h"

#include <utility>

namespace fdb {

CommitDelivery::~CommitDelivery() {
  if (was_expected_) keyspace_->upkeep().forget_undelivered(&place_);
}

void CommitDelivery::start(Ref<Future> future, bool looks_hasten) {
  if (looks_hasten) {
    was_expected_ = true;
    keyspace_->upkeep().expect_delivery(&place_);
  }
  attempt_.started = true;
  future_ = std::move(future);
}

void CommitDelivery::decide(DecidedCommit decided) noexcept {
  attempt_.waits = false;
  attempt_.decided = std::move(decided);
}

bool CommitDelivery::arrive(const Ref<Future>& future) {
  if (!attempt_.on_its_way || future_.get() != future.get()) return false;  // ended meanwhile
  attempt_.on_its_way = false;
  return true;
}

void CommitDelivery::fail_late(const Ref<Future>& future, Error error) {
  if (future_.get() == future.get() && attempt_.decided && attempt_.decided->error == 0) attempt_.decided->error = error;
}

std::optional<DecidedCommit> CommitDelivery::deliver(UnregisteredWatches* watches) {
  if (!future_ || !attempt_.decided || attempt_.on_its_way) return std::nullopt;
  keyspace_->upkeep().forget_undelivered(&place_);
  const Ref<Future> future = std::exchange(future_, Ref<Future>());
  std::optional<DecidedCommit> decided = std::exchange(attempt_.decided, std::nullopt);
  const std::vector<Ref<Future>> stamps = std::exchange(stamps_, {});
  if (decided->error != 0) {
    network_.deliver_error(future, decided->error);
    for (const Ref<Future>& stamp : stamps) network_.deliver_error(stamp, err::kTransactionInvalidVersion);
    watches->end(decided->error);
  } else {
    committed_version_ = decided->read_only ? kInvalidVersion : decided->version;
    for (const Ref<Future>& stamp : stamps) {
      decided->read_only ? network_.deliver_error(stamp, err::kNoCommitVersion)
                         : network_.deliver(stamp, KeyResult{decided->stamp});
    }
    last_stamp_ = decided->read_only ? Bytes() : decided->stamp;
    watches->activate();
    network_.deliver(future, Void{});
  }
  return decided;
}

void CommitDelivery::fail(Error error, Error stamp_error) {
  for (const Ref<Future>& future : stamps_) future->fail(stamp_error);
  stamps_.clear();
  if (future_) future_->fail(error);
  future_ = Ref<Future>();
  attempt_.waits = attempt_.on_its_way = false;  // what was told to have failed must not take effect later
  attempt_.decided.reset();
}

}  // namespace fdb
