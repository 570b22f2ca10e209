"""A look at what is in a database that is short and small: what a notebook shows of objects that it is not asked to read.

Each look is a transaction of its own that writes nothing, causes no conflicts, and ends in time: what has not arrived by then is
given up, whatever the library does. Blocks, so nothing here is called where an asyncio loop would have to wait.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, NamedTuple

from fdb._display.notation import printable
from fdb._errors import FDBError
from fdb._generated.options import STREAMING_MODE_EXACT
from fdb._native.extension import FutureBase, KeyValue
from fdb._waiting import timed
from fdb._waiting.model import EventModel
from fdb._waiting.threads import model_of as model_of_future

#: For how long a picture may keep a notebook waiting, in seconds.
SECONDS = 3.0
_TIMED_OUT = 1031


class Node(NamedTuple):
    """A directory as it is shown in a tree, or, with an empty name, that there are more beside the one above."""

    depth: int
    name: str
    layer: str
    prefix: bytes
    #: Whether there are directories inside of it that are not shown.
    more: bool


_MORE = Node(0, "", "", b"", True)


class Deadline:
    """Until when a look may take."""

    __slots__ = ("_end", "_seconds")

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = SECONDS if seconds is None else seconds
        self._end = monotonic() + self._seconds

    def left(self) -> float:
        """Return the seconds that are left, 0 for none."""
        return max(0.0, self._end - monotonic())

    def wait(self, future: FutureBase) -> Any:
        """Return the result of a future. Raises its FDBError, and 1031 if there is none in time; the future goes on."""
        model: EventModel = model_of_future(future)
        if not future._ready() and timed.wait_any(model, (future,), self.left()) is None:
            raise FDBError(_TIMED_OUT, f"the database did not answer within {self._seconds:g} s")
        return future._resolve()


def must_await(model: EventModel | None) -> bool:
    """Whether a loop runs here that would stand still for a look at a database of this event model."""
    return model is not None and model.in_loop()


def _transaction(source: Any) -> Any:
    """Return a transaction to look with; a database that is locked can be looked into, too."""
    tr = source.create_transaction()
    tr.options.set_read_lock_aware()
    return tr


def first_rows(
    source: Any, begin: bytes, end: bytes, reverse: bool, most: int
) -> tuple[list[KeyValue], bool]:
    """Return the first rows of a range, and whether there are more. Raises FDBError, and RuntimeError if it is closed."""
    deadline = Deadline()
    tr = _transaction(source)
    future = tr.snapshot.get_range_page(begin, end, most, reverse, STREAMING_MODE_EXACT)
    rows, _, more = deadline.wait(future)
    return rows, bool(more)


def tree(
    directory: Any, source: Any, depth: int = 3, siblings: int = 20, most: int = 100
) -> list[Node]:
    """Return the directories below one, each before those inside of it: at most so many beside each other, and in all.

    What has arrived in time is returned, if it is anything. `directory` is a Directory of the directory layer. Raises
    FDBError, DirectoryError, and RuntimeError if the database is closed.
    """
    deadline = Deadline()
    tr = _transaction(source)
    # A first answer is waited for here, so that a library that keeps no time-outs keeps nobody waiting.
    deadline.wait(tr.get_read_version())
    tr.options.set_timeout(max(1, int(1000 * deadline.left())))
    tree = _Tree(directory, tr.snapshot, depth, siblings, most)
    try:
        tree.add_below(())
    except FDBError as error:
        if error.code != _TIMED_OUT or not tree.nodes:
            raise
        tree.nodes.append(_MORE)
    return tree.nodes


class _Tree:
    """A tree while it is read."""

    def __init__(self, directory: Any, tr: Any, depth: int, siblings: int, most: int) -> None:
        self.nodes: list[Node] = []
        self._directory = directory
        self._tr = tr
        self._depth = depth
        self._siblings = siblings
        self._most = most

    def add_below(self, path: tuple[str, ...]) -> None:
        """Reads what is below a path."""
        names = self._directory._first_names(self._tr, path, self._siblings + 1)
        for index, name in enumerate(names):
            if index == self._siblings or len(self.nodes) >= self._most:
                self.nodes.append(_MORE._replace(depth=len(path)))
                return
            inner = (*path, name)
            opened = self._directory.open(self._tr, inner)
            is_deepest = len(inner) == self._depth
            more = is_deepest and bool(self._directory._first_names(self._tr, inner, 1))
            layer = printable(opened.get_layer())
            self.nodes.append(Node(len(path), name, layer, opened.rawPrefix, more))
            if not is_deepest:
                self.add_below(inner)
