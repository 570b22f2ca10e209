// A transaction object with its current attempt: asks for reads and versions, takes the answers when they come and records
// both in the history.
//
// Thread-safety: none; one thread at a time runs, and another one may get its turn wherever the schedule decides.
#pragma once

#include "sim/simulation_world.h"

namespace fdb::sim {

class Client {
 public:
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

 protected:
  explicit Client(World* world) : world_(*world), transaction_(create_transaction(*world_.database).detach()) {}
  ~Client() { transaction_->destroy(); }

  struct PendingRead {
    Read* read;
    Ref<Future> future;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Violation{"attempt " + std::to_string(attempt_->id) + ": " + what};
  }
  void require(bool condition, const char* what) const {
    if (!condition) fail(what);
  }
  void expect_error(const Ref<Future>& future, Error wanted, const char* what) const {
    const Error error = world_.arrived(future).get_error();
    if (error != wanted) fail(std::string(what) + ": got " + std::to_string(error) + ", not " + std::to_string(wanted));
  }

  void replace() {
    transaction_->destroy();
    transaction_ = create_transaction(*world_.database).detach();
  }

  void restart_clock() {
    settle();  // by the old one
    time_base_ = world_.now();
    timeout_ms_ = 0;
  }

  void set_number_option(int option, int64_t number) {
    Bytes bytes(8, '\0');
    for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
    require(transaction_->set_option(option, reinterpret_cast<const uint8_t*>(bytes.data()), 8) == 0, "an option was refused");
  }

  // ---- versions and time ------------------------------------------------------------------------------

  void ask_for_version() {
    if (!attempt_->version_asked) attempt_->version_floor = world_.acknowledged;
    attempt_->version_asked = true;
  }

  // The read version, also after the commit; must be known before something forgets it.
  void learn_version() {
    if (attempt_->read_version != kInvalidVersion) return;
    ask_for_version();
    const Ref<Future> future = transaction_->get_read_version();
    if (world_.arrived(future).get_error() != 0) return note_refusal(future->get_error());
    attempt_->read_version = number_of(future);
    world_.known_versions.push_back(attempt_->read_version);
  }

  static int64_t number_of(const Ref<Future>& future) {
    Result* result = nullptr;
    return future->value(&result) == 0 ? std::get<int64_t>(*result) : kInvalidVersion;
  }

  bool timed_out() { return timeout_ms_ != 0 && world_.now() - time_base_ >= timeout_ms_ * 1000; }

  void note_refusal(Error error) {
    if (!(error == err::kTransactionTimedOut && timed_out())) fail("refused, or timed out too early: " + std::to_string(error));
  }

  // ---- reads ------------------------------------------------------------------------------------------

  Read* new_read(Read::Kind kind, bool snapshot) {
    ask_for_version();
    attempt_->reads.emplace_back();
    Read* read = &attempt_->reads.back();
    read->kind = kind;
    read->snapshot = snapshot;
    read->sees_writes = !attempt_->ryw_disabled && (!snapshot || sees_writes_in_snapshots_);
    read->own = attempt_->writes.size();
    read->issued_micros = world_.now();
    return read;
  }

  void await(Read* read, Ref<Future> future) {
    pending_.push_back({read, std::move(future)});
    settle();
  }

  // Takes the answers that have come.
  void settle() {
    for (size_t i = 0; i < pending_.size();) {
      if (!pending_[i].future->is_ready()) {
        ++i;
        continue;
      }
      take_answer(pending_[i].read, pending_[i].future);
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void take_answer(Read* read, const Ref<Future>& future) {
    Result* result = nullptr;
    read->error = future->value(&result);
    read->seen_micros = world_.now();
    if (read->error == err::kTransactionTimedOut) require(timed_out(), "a read timed out too early");
    if (read->error != 0) return;
    if (read->kind == Read::Kind::kGet) {
      const PlacedValue found = *value_in(*result);
      if (found.present) read->value = Bytes(found.value);
    } else if (read->kind == Read::Kind::kGetKey) {
      read->key = std::get<KeyResult>(*result).key;
    } else {
      const KeyValueArray& found = *std::get<std::unique_ptr<KeyValueArray>>(*result);
      const auto bytes = [](const uint8_t* data, int length) {
        return Bytes(reinterpret_cast<const char*>(data), static_cast<size_t>(length));
      };
      for (const FDBKeyValue& row : found.rows)
        read->rows.emplace_back(bytes(row.key, row.key_length), bytes(row.value, row.value_length));
      read->more = found.more;
    }
  }

  World& world_;
  Transaction* transaction_ = nullptr;
  Attempt* attempt_ = nullptr;
  bool sees_writes_in_snapshots_ = true;
  int64_t time_base_ = 0;
  int64_t timeout_ms_ = 0;
  std::vector<PendingRead> pending_;
};

}  // namespace fdb::sim
