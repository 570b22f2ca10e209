#include "runtime/timers.h"

#include <algorithm>

namespace fdb {

// ---- adding and taking -----------------------------------------------------------------------------

Timers::Moved* Timers::find(const Clock& clock) {
  if (moved_.empty()) return nullptr;
  const auto at = moved_.find(clock.number());
  return at == moved_.end() ? nullptr : &at->second;
}

void Timers::insert(Id id, int64_t key, Timer timer, Moved* moved) {
  const bool is_wait = timer.kind == TimerKind::kWait;
  const auto place = places_.emplace(id, Place{key, moved}).first;
  try {
    (moved ? moved->queue : running_).emplace(std::pair(key, id), std::move(timer));
  } catch (...) {
    places_.erase(place);
    throw;
  }
  if (moved) moved->waits += is_wait;
}

void Timers::add(Id id, const Clock& clock, int64_t when, TimerKind kind, Task task) {
  Moved* const moved = find(clock);
  insert(id, moved ? when : when - clock.offset(), {std::move(task), clock.number(), when, kind}, moved);
}

bool Timers::cancel(Id id, Task* task) {
  const auto place = places_.find(id);
  if (place == places_.end()) return false;
  Moved* const moved = place->second.moved;
  Queue& queue = moved ? moved->queue : running_;
  const auto timer = queue.find({place->second.key, id});
  *task = std::move(timer->second.task);
  if (moved) moved->waits -= timer->second.kind == TimerKind::kWait;
  queue.erase(timer);
  places_.erase(place);
  return true;
}

void Timers::take_until(Queue& queue, int64_t now, Moved* moved, Queue* due) noexcept {
  while (!queue.empty() && queue.begin()->first.first <= now) {
    places_.erase(queue.begin()->first.second);
    if (moved) moved->waits -= queue.begin()->second.kind == TimerKind::kWait;
    due->insert(due->end(), queue.extract(queue.begin()));
  }
}

Timers::Queue Timers::take_due(int64_t now_micros) noexcept {
  Queue due;
  take_until(running_, now_micros, nullptr, &due);
  for (auto& [number, moved] : moved_) take_until(moved.queue, moved.clock->now(), &moved, &due);
  return due;
}

int64_t Timers::wake_micros() const noexcept {
  for (const auto& [number, moved] : moved_) {
    if (can_step(moved)) return INT64_MIN;
    if (!moved.queue.empty() && moved.queue.begin()->first.first <= moved.clock->now()) return INT64_MIN;
  }
  return running_.empty() ? INT64_MAX : running_.begin()->first.first;
}

// ---- steps -----------------------------------------------------------------------------------------

// To the next timer, and not beyond the end of the advance if there is one.
void Timers::move_on(Moved& moved) noexcept {
  int64_t distance = INT64_MAX;
  if (!moved.queue.empty()) distance = std::max<int64_t>(0, moved.queue.begin()->first.first - moved.clock->now());
  if (moved.remaining > 0) {
    distance = std::min(distance, moved.remaining);
    moved.remaining -= distance;
  }
  moved.clock->shift(distance);
}

Timers::Queue Timers::step(int64_t now_micros, bool* arrived) noexcept {
  for (auto at = moved_.begin(); at != moved_.end();) {
    Moved& moved = (at++)->second;
    if (moved.remaining > 0 || (!moved.is_advancing && can_step(moved))) {
      move_on(moved);
    } else if (moved.is_advancing) {
      moved.is_advancing = false;
      *arrived = true;
      if (!moved.clock->is_standing()) resume(*moved.clock);
    }
  }
  return take_due(now_micros);
}

// ---- clocks ----------------------------------------------------------------------------------------

Timers::Queue Timers::gather(const Clock& clock, Moved* moved) noexcept {
  Queue gathered;
  for (auto at = running_.begin(); at != running_.end();) {
    const auto timer = at++;
    if (timer->second.clock != clock.number()) continue;
    auto node = running_.extract(timer);
    const Id id = node.key().second;
    node.key().first = node.mapped().when;
    places_.find(id)->second = {node.mapped().when, moved};
    if (moved) moved->waits += node.mapped().kind == TimerKind::kWait;
    gathered.insert(gathered.end(), std::move(node));
  }
  return gathered;
}

void Timers::scatter(Queue queue, int64_t offset) noexcept {
  while (!queue.empty()) {
    auto node = queue.extract(queue.begin());
    node.key().first -= offset;
    places_.find(node.key().second)->second = {node.key().first, nullptr};
    running_.insert(std::move(node));
  }
}

void Timers::advance(Clock& clock, int64_t micros) noexcept {
  Queue queue;
  const bool runs = !find(clock);
  if (runs) queue = gather(clock, nullptr);
  clock.shift(micros);
  if (runs) scatter(std::move(queue), clock.offset());
}

Timers::Moved& Timers::moved(Clock& clock) {
  const auto [at, is_new] = moved_.try_emplace(clock.number());
  Moved& moved = at->second;
  if (!is_new) return moved;
  moved.clock = &clock;
  moved.queue = gather(clock, &moved);
  return moved;
}

void Timers::start_advance(Clock& clock, int64_t micros) {
  Moved& moving = moved(clock);
  moving.remaining += micros;
  moving.is_advancing = true;
}

bool Timers::is_advancing(const Clock& clock) const {
  const auto at = moved_.find(clock.number());
  return at != moved_.end() && at->second.is_advancing;
}

void Timers::freeze(Clock& clock, bool jumps) {
  moved(clock).jumps = jumps;
  clock.stand();
}

void Timers::resume(Clock& clock) noexcept {
  clock.run();
  const auto at = moved_.find(clock.number());
  if (at == moved_.end()) return;
  at->second.jumps = false;
  if (at->second.is_advancing) return;  // it goes on to its end
  Queue queue = std::move(at->second.queue);
  moved_.erase(at);
  scatter(std::move(queue), clock.offset());
}

void Timers::forget(const Clock& clock, int64_t now_micros) noexcept {
  const auto at = moved_.find(clock.number());
  if (at == moved_.end()) return;
  Queue queue = std::move(at->second.queue);
  moved_.erase(at);
  while (!queue.empty()) {
    const int64_t key = now_micros - static_cast<int64_t>(queue.size());  // in their order
    auto node = queue.extract(queue.begin());
    node.key().first = key;
    places_.find(node.key().second)->second = {key, nullptr};
    running_.insert(std::move(node));
  }
}

void Timers::set_mode(Clock& clock, ClockMode mode, int64_t now_micros) {
  if (mode == ClockMode::kRunning) return resume(clock);
  if (mode == ClockMode::kGone) return forget(clock, now_micros);
  freeze(clock, mode == ClockMode::kJumping);
}

void Timers::finish_advances() noexcept {
  for (auto& [number, moved] : moved_) {
    moved.clock->shift(std::exchange(moved.remaining, 0));
    moved.is_advancing = false;
  }
}

}  // namespace fdb
