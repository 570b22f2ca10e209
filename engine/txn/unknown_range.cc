#include "txn/unknown_range.h"

#include <algorithm>

namespace fdb {

namespace {

// What the one request that such a read makes comes to.
struct Reply {
  int64_t rows = 0;
  int64_t bytes = 0;
  bool full = false;  // a limit has stopped it, at the row `last`
  Bytes last;
};

bool is_plain(const RangeRead& read, const View& view) {
  return read.begin.offset == 1 && read.end.offset == 1 && read.begin.key < read.end.key && read.end.key <= view.max_key &&
         read.limits.rows != 0 && read.limits.bytes != 0;
}

Reply fill(const View& view, const RangeRead& read, KeyValueArray* rows) {
  const int64_t most_bytes = std::min<int64_t>(read.limits.bytes, kReplyByteLimit);
  Reply reply;
  SnapshotWalk walk(view);
  read.reverse ? walk.seek_before(read.end.key) : walk.seek(read.begin.key);
  while (!reply.full && walk.valid()) {
    const RowRun run = read.reverse ? walk.rows_down_to(read.begin.key) : walk.rows_below(read.end.key);
    if (run.count() == 0) break;
    int taken = 0;
    while (taken < run.count() && !reply.full) {
      reply.bytes += run.bytes(taken++);
      ++reply.rows;
      const int64_t charged = reply.bytes + reply.rows * kServerRowOverhead;
      reply.full = reply.rows == read.limits.rows || (most_bytes >= 0 && charged >= most_bytes);
    }
    run.add_to(rows, 0, taken);
    if (reply.full) reply.last = run.key(taken - 1);
    read.reverse ? walk.pass_backward(taken) : walk.pass_forward(taken);
  }
  return reply;
}

// Whether the read's own limits are reached: a row counts for less with the client than with the server.
bool is_sated(const Reply& reply, const RangeLimits& limits) {
  const int64_t charged = reply.bytes + reply.rows * kClientRowOverhead;
  return reply.rows == limits.rows || (limits.bytes > 0 && reply.rows > 0 && charged >= limits.bytes);
}

}  // namespace

bool read_unknown_range(const View& view, const WriteMap* overlay, ReadLog* log, const RangeRead& read, KeyValueArray* rows) {
  if (!is_plain(read, view)) return false;
  RywIterator at(view, overlay, log);
  at.skip(read.begin.key);
  if (!at.is_unknown() || at.end() <= read.end.key) return false;
  const Reply reply = fill(view, read, rows);
  // On the side where a limit stopped it nothing is known behind the last row.
  const Bytes low = reply.full && read.reverse ? reply.last : read.begin.key;
  const Bytes high = reply.full && !read.reverse ? key_after(reply.last) : read.end.key;
  log->add(low, high, static_cast<size_t>(reply.bytes));
  rows->more = is_sated(reply, read.limits) || low != read.begin.key || high != read.end.key;
  return true;
}

}  // namespace fdb
