// The timers of a network: those of real time, and those of clocks.
//
// While a clock runs its timers lie among the others, at the real time at which they are due. While it stands or is advanced they
// lie in a queue of its own, by its time.
//
// Thread-safety: none; the network's mutex guards it, and with it every move of a clock.
// Invariants:
//  1. The timers of a clock become due in the order of their times, then of their age, whatever is done to the clock.
//  2. A clock that is advanced goes from timer to timer: each finds it at its own time.
//  3. Taking what is due, and letting a clock run or go, allocates nothing. What allocates does nothing if that fails.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "runtime/clock.h"

namespace fdb {

// What a timer of a clock is for.
enum class TimerKind {
  kLimit,  // an end to something, or upkeep
  kWait,   // somebody waits for nothing but this time: a clock that stands with jumps moves on to it by itself
};

enum class ClockMode {
  kRunning,
  kStanding,
  kJumping,  // stands, and moves on by itself while there is a kWait, from timer to timer
  kGone,     // is about to be destroyed: what waits by it is due now
};

class Timers {
 public:
  using Id = uint64_t;
  using Task = std::function<void()>;
  struct Timer {
    Task task;
    uint64_t clock;  // its number; 0: real time
    int64_t when;    // by that
    TimerKind kind;
  };
  using Queue = std::map<std::pair<int64_t, Id>, Timer>;  // by time, then by age

  void add(Id id, int64_t when, Task task) { insert(id, when, {std::move(task), 0, when, TimerKind::kLimit}, nullptr); }
  void add(Id id, const Clock& clock, int64_t when, TimerKind kind, Task task);
  // False if there is none; else what it would have run.
  bool cancel(Id id, Task* task);

  // What is due.
  Queue take_due(int64_t now_micros) noexcept;
  // There is nothing else to do: clocks that are on their way somewhere move on to their next timer, and what is due then is taken.
  // `*arrived` is set when an advance has come to its end.
  Queue step(int64_t now_micros, bool* arrived) noexcept;
  // The real time at which there is something to do: the past if there is now, INT64_MAX if nothing is to come.
  int64_t wake_micros() const noexcept;
  bool has_moved() const { return !moved_.empty(); }

  // ---- clocks --------------------------------------------------------------------------------------
  // Moves the clock at once; what is due then is due in order.
  void advance(Clock& clock, int64_t micros) noexcept;
  // Moves it with the coming steps.
  void start_advance(Clock& clock, int64_t micros);
  bool is_advancing(const Clock& clock) const;
  void set_mode(Clock& clock, ClockMode mode, int64_t now_micros);
  // No more steps are to come.
  void finish_advances() noexcept;

 private:
  // A clock that stands or is being advanced.
  struct Moved {
    Clock* clock = nullptr;
    Queue queue;
    size_t waits = 0;           // timers in the queue that are one
    int64_t remaining = 0;      // of the advance
    bool is_advancing = false;  // also when nothing remains, until what it has set going has ended
    bool jumps = false;
  };
  struct Place {
    int64_t key;
    Moved* moved;  // null: in running_
  };

  static bool can_step(const Moved& moved) { return moved.is_advancing || (moved.jumps && moved.waits > 0); }
  Moved* find(const Clock& clock);
  Moved& moved(Clock& clock);
  void insert(Id id, int64_t key, Timer timer, Moved* moved);
  void take_until(Queue& queue, int64_t now, Moved* moved, Queue* due) noexcept;
  static void move_on(Moved& moved) noexcept;
  void freeze(Clock& clock, bool jumps);
  void resume(Clock& clock) noexcept;
  void forget(const Clock& clock, int64_t now_micros) noexcept;
  // Takes the timers of a clock from the others, and puts them among those; `queue` is by the clock's time.
  Queue gather(const Clock& clock, Moved* moved) noexcept;
  void scatter(Queue queue, int64_t offset) noexcept;

  Queue running_;
  std::map<Id, Place> places_;
  std::map<uint64_t, Moved> moved_;  // by the clock's number
};

}  // namespace fdb
