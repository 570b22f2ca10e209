// What the library does in the child of a fork().
//
// Only the thread that forked lives on in the child. Locks that other threads held stay locked there, so a part of the
// library with global state registers a function that puts fresh state in its place. Objects that the child inherited
// are not repaired; the library forgets its API version, so that calls on them are refused instead of hanging.
#pragma once

namespace fdb {

// `reset` runs in each child, before fork() returns there. It must not take locks or wait. Functions run in the order of
// registration. Thread-safe.
void on_fork_in_child(void (*reset)());

}  // namespace fdb
