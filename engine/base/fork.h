// What the library does around a fork().
//
// Only the thread that forked lives on in the child. Locks that other threads held stay locked there, so a part of the
// library with global state puts fresh state in its place, or holds its lock over the fork. Objects that the child inherited
// are not repaired; the library forgets its API version, so that calls on them are refused instead of hanging.
#pragma once

namespace fdb {

// One part's share; what is null is left out. The object lives for ever.
struct ForkHooks {
  // Before fork(), the part that was registered last comes first. May take locks under which nobody takes another one, so
  // that every order of them is right.
  void (*before)() = nullptr;
  // After fork() and before it returns, the part that was registered first comes first. They let go of what `before` took.
  // Nothing else may be locked or waited for in the child.
  void (*in_parent)() = nullptr;
  void (*in_child)() = nullptr;
  const ForkHooks* registered_before = nullptr;  // for on_fork()
};

// Thread-safe; each object once. Allocates nothing of its own.
void on_fork(ForkHooks* hooks);

}  // namespace fdb
