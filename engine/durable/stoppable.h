// A long statement of SQLite's that the caller of a tool can stop.
//
// Thread-safety: none.
#pragma once

#include <functional>

#include "durable/file_error.h"
#include "durable/sqlite_connection.h"

namespace fdb::durable {

[[noreturn]] inline void throw_stopped(Slice path) { throw FileError(err::kOperationCancelled, Bytes(path) + ": stopped"); }

// While it lives, `go_on` is asked now and then during statements of the connection.
class Stoppable {
 public:
  Stoppable(Connection* connection, std::function<bool()> go_on) : connection_(connection), go_on_(std::move(go_on)) {
    sqlite_api().progress_handler(connection_->handle(), 20'000, ask, this);
  }
  Stoppable(const Stoppable&) = delete;
  Stoppable& operator=(const Stoppable&) = delete;
  ~Stoppable() { sqlite_api().progress_handler(connection_->handle(), 0, nullptr, nullptr); }

  // Does `work`; throws 1101 if it was stopped, or what `go_on` threw, or what `work` throws.
  template <class Work>
  void run(Work work) {
    try {
      work();
    } catch (...) {
      if (thrown_) std::rethrow_exception(thrown_);
      if (stopped_) throw_stopped(connection_->path());
      throw;
    }
  }

 private:
  // No exception passes through SQLite.
  static int ask(void* place) noexcept {
    auto* self = static_cast<Stoppable*>(place);
    try {
      self->stopped_ = !self->go_on_();
    } catch (...) {
      self->thrown_ = std::current_exception();
    }
    return self->stopped_ || self->thrown_;
  }

  Connection* connection_;
  std::function<bool()> go_on_;
  bool stopped_ = false;
  std::exception_ptr thrown_;
};

}  // namespace fdb::durable
