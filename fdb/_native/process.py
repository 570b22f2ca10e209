"""Native threads of this package, and what happens to its objects at a fork and at exit."""

from __future__ import annotations

import _thread
import os
import sys
import types

from fdb._native import extension
from fdb._typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    import threading
    from contextlib import AbstractContextManager

_FORKED = (
    "this {what} was opened before the process forked; the threads of its client library do not "
    "survive a fork. Open the database again in the child (memory: databases; those of file: when the "
    "parent has closed them), or open it only after forking, or start the process with the spawn method (cluster databases)"
)
_EXITING = "the interpreter is exiting: the client library of this {what} has been stopped"

_reason = _EXITING
_exiting = False
_fork_hooks: list[Callable[[], None]] = []


def unusable(what: str) -> BaseException:
    """The error for an object that a fork or the end of the interpreter has made dead.

    A daemon thread that is still at work when the interpreter exits is ended without noise.
    """
    threading = sys.modules.get("threading")  # without it the main thread is the only one
    if _exiting and threading and threading.current_thread() is not threading.main_thread():
        return SystemExit()
    return RuntimeError(_reason.format(what=what))


def print_exception(what: str) -> None:
    """Writes to stderr what happened, and the exception that is being handled with its traceback."""
    import traceback  # slow to load, and seldom needed

    print(what, file=sys.stderr)
    traceback.print_exc(file=sys.stderr)


def on_fork(hook: Callable[[], None]) -> None:
    """Has `hook` called in every forked child, after the inherited objects are dead."""
    _fork_hooks.append(hook)


def _after_fork() -> None:
    global _reason
    _reason = _FORKED
    extension.invalidate()
    extension.find_main_thread()
    extension.set_callback_thread(0)  # no thread: the one that ran callbacks is the parent's
    for hook in _fork_hooks:
        hook()


def is_exiting() -> bool:
    """Whether the interpreter is about to end, so that all objects are dead."""
    return _exiting


def invalidate_at_exit() -> None:
    """Makes all objects dead: what is dropped from now on no longer reaches the library."""
    global _exiting, _reason
    _exiting = True
    _reason = _EXITING
    extension.invalidate()


class NativeThread:
    """A daemon thread of the operating system, also where gevent has replaced `threading`.

    `threading` knows it if that is loaded.
    """

    def __init__(self, target: Callable[[], None], name: str) -> None:
        """Starts the thread."""
        self._finished: Any = None
        self._thread: threading.Thread | None = None
        # Slow to load, so it is left to programs that have threads.
        module = sys.modules.get("threading")
        patched = original(_thread, "start_new_thread") is not _thread.start_new_thread
        if module is not None and not patched:
            thread: threading.Thread = module.Thread(target=target, name=name, daemon=True)
            thread.start()
            self._thread = thread
            return
        self._finished = original(_thread, "allocate_lock")()
        self._finished.acquire()
        original(_thread, "start_new_thread")(self._run, (target,))

    def _run(self, target: Callable[[], None]) -> None:
        try:
            target()
        finally:
            self._finished.release()

    def join(self, timeout: float) -> None:
        """Waits for the thread to end, at most `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        elif self._finished.acquire(True, timeout):
            self._finished.release()


def reentrant_lock() -> AbstractContextManager[Any]:
    """Returns a lock as `threading.RLock` makes it, which gevent may have replaced."""
    threading = sys.modules.get("threading")
    lock: AbstractContextManager[Any]
    lock = _thread.RLock() if threading is None else threading.RLock()
    return lock


def original(module: types.ModuleType, name: str) -> Any:
    """Returns a name of the standard library as it was before gevent replaced it, if it did."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched(module.__name__):
        return monkey.get_original(module.__name__, name)
    return getattr(module, name)


os.register_at_fork(after_in_child=_after_fork)
extension.find_main_thread()
