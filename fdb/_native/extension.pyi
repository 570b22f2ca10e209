"""Types of the extension module native/binding/. Addresses travel as integers."""

import sys
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from typing import (
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    SupportsIndex,
    TypeVar,
    final,
    overload,
    type_check_only,
)

from typing_extensions import Self, disjoint_base

from fdb._types import KeyArgument, ValueArgument, WaitCheck

_P = ParamSpec("_P")
_T = TypeVar("_T")
# The classes of futures that `configure` is given: they build on what is here.
_Value = TypeVar("_Value", covariant=True)
_Key = TypeVar("_Key", covariant=True)
_Nothing = TypeVar("_Nothing", covariant=True)
_Int64 = TypeVar("_Int64", covariant=True)
_Rows = TypeVar("_Rows", covariant=True)
_Watch = TypeVar("_Watch", covariant=True)
_Read = TypeVar("_Read", covariant=True)
_Range = TypeVar("_Range", covariant=True)
_Transaction = TypeVar("_Transaction", covariant=True)
_Handle = TypeVar("_Handle", bound=TransactionHandle[Any, Any, Any, Any, Any, Any])

VOID: int
INT64: int
UINT64: int
KEY: int
VALUE: int
ROWS: int
KEYS: int
STRINGS: int
UNSEEN: int
RANGES: int

@type_check_only
class Waits(Protocol):
    """What a handle needs of an event model."""

    def wait(self, future: FutureBase) -> None: ...

@type_check_only
class Finder(Protocol):
    """What finds the transaction of a transactional function that C did not find."""

    def call(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any: ...
    def begin(
        self, func: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Awaitable[Any]: ...

@disjoint_base
class FutureBase:
    """A result that arrives later; owns the future of the library."""

    @property
    def _model(self) -> Any: ...
    _run: WaitCheck | None
    def __new__(
        cls,
        handle: DatabaseHandle | TransactionHandle[Any, Any, Any, Any, Any, Any],
        pointer: int,
        kind: int,
    ) -> Self: ...
    def _resolve(self) -> Any: ...
    def _ready(self) -> bool: ...
    def _look(self) -> bool: ...
    def _code(self) -> int: ...
    def _peek(self) -> Any: ...
    def _owes(self) -> int: ...
    def _note_use(self) -> None: ...
    def _heard(self) -> None: ...
    def _awaited(self) -> None: ...
    def _cancel(self) -> None: ...
    def _abandon(self) -> None: ...
    def _subscribe(self, mailbox: Mailbox, token: int) -> bool: ...
    def __await__(self) -> Generator[Any, None, Any]: ...

class BytesFutureBase(FutureBase):
    """A future whose result is a byte string; it can be read through the buffer protocol."""

    @property
    def value(self) -> bytes | None:
        """The bytes, or None for an absent value. Blocks; raises FDBError."""
    def wait(self) -> Self:
        """Blocks until the bytes are there and returns the object itself. Raises FDBError."""
    def _bytes(self) -> bytes: ...
    def __bytes__(self) -> bytes: ...
    def __bool__(self) -> bool: ...
    if sys.version_info >= (3, 12):
        def __buffer__(self, flags: int, /) -> memoryview: ...

class ValueBase(BytesFutureBase):
    """A future byte string that may be absent."""

    def present(self) -> bool:
        """Whether the key is in the database. Blocks; raises FDBError."""

class ListFutureBase(FutureBase):
    """A future whose result is or contains a list."""

@final
class Versions:
    """The newest version that some transactions have committed or read."""

    def __new__(cls, above: Versions) -> Self: ...
    @property
    def newest(self) -> int: ...
    @property
    def above(self) -> Versions | None: ...
    def advance(self, version: int, /) -> None:
        """Notes one, here alone. Raises OverflowError for one of more than 64 bits."""

@final
class DatabaseHandle:
    """Owns a database or a tenant of the library."""

    versions: Versions
    def __new__(
        cls,
        library: int,
        pointer: int,
        model: Waits | None,
        is_tenant: bool,
        versions: Versions | None = None,
    ) -> Self: ...
    def call(
        self, function: Callable[Concatenate[int, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T: ...
    @property
    def model(self) -> Any: ...
    def create_transaction(self) -> TransactionHandle[Any, Any, Any, Any, Any, Any]: ...
    def create_transaction_of(self, type: type[_Handle], /) -> _Handle: ...
    def close(self) -> None: ...

@disjoint_base
class TransactionHandle(Generic[_Value, _Key, _Nothing, _Int64, _Rows, _Watch]):
    """Owns a transaction of the library."""

    versions: Versions
    is_version_given: bool

    def call(
        self, function: Callable[Concatenate[int, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T: ...
    @property
    def model(self) -> Any: ...
    def get(self, key: KeyArgument, snapshot: bool, /) -> _Value: ...
    def get_key(self, key: KeyArgument, or_equal: bool, offset: int, snapshot: bool, /) -> _Key: ...
    def get_range(
        self,
        begin: KeyArgument,
        begin_or_equal: bool,
        begin_offset: int,
        end: KeyArgument,
        end_or_equal: bool,
        end_offset: int,
        limit: int,
        mode: int,
        iteration: int,
        snapshot: bool,
        reverse: bool,
        /,
    ) -> _Rows: ...
    def get_read_version(self) -> _Int64: ...
    def watch(self, key: KeyArgument, /) -> _Watch: ...
    def set(self, key: KeyArgument, value: ValueArgument, /) -> None: ...
    def clear(self, key: KeyArgument, /) -> None: ...
    def clear_range(self, begin: KeyArgument, end: KeyArgument, /) -> None: ...
    def atomic_op(self, code: int, key: KeyArgument, operand: ValueArgument, /) -> None: ...
    def add_conflict_range(self, begin: KeyArgument, end: KeyArgument, type: int, /) -> None: ...
    def set_option(self, code: int, value: bytes | None, /) -> None: ...
    def commit(self) -> _Nothing: ...
    def on_error(self, code: int, /) -> _Nothing: ...
    def reset(self) -> None: ...
    def cancel(self) -> None: ...
    def note_failure(self, kind: type[BaseException] | int, /) -> None: ...
    def note_success(self) -> None: ...

@disjoint_base
class ReadBase(Generic[_Read, _Range]):
    """What TransactionRead does in C."""

    _handle: Any
    _library: Any
    _is_snapshot: bool
    _snapshot_view: Any
    _attempt: Any
    db: Any
    def get(self, key: KeyArgument) -> _Read:
        """Returns the (future) value of `key`, which is absent where the key is."""
    @overload
    def __getitem__(self, key: slice, /) -> _Range: ...
    @overload
    def __getitem__(self, key: KeyArgument, /) -> _Read: ...

class WriteBase(ReadBase[_Read, _Range]):
    """What Transaction does in C."""

    def set(self, key: KeyArgument, value: ValueArgument) -> None:
        """Stores `value` under `key`. Does not block."""
    def __setitem__(self, key: KeyArgument, value: ValueArgument, /) -> None: ...
    def __delitem__(self, key: Any, /) -> None: ...

@disjoint_base
class SourceBase(Generic[_Transaction]):
    """What databases and tenants do in C."""

    _handle: DatabaseHandle
    _library: Any
    _tracing: Any
    _defaults: Any
    _database: Any
    def create_transaction(self) -> _Transaction:
        """Returns a new transaction. `fdb.transactional` does so too, and retries it."""
    def _create_handle(self) -> Any: ...

@disjoint_base
class KeyValue(Sequence[bytes]):
    """One row of a range read, a sequence of two: `key, value = row` unpacks it.

    Rows compare and hash as the tuples of their parts, also with such tuples. Changing a row changes nothing
    else.
    """

    __match_args__ = ("key", "value")
    key: bytes
    """The key."""
    value: bytes
    """The value."""
    def count(self, *args: Any) -> int: ...
    def index(self, *args: Any) -> int: ...
    def __new__(cls, key: bytes, value: bytes) -> Self: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> bytes: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[bytes, ...]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __lt__(self, other: KeyValue | tuple[Any, ...], /) -> bool: ...
    def __le__(self, other: KeyValue | tuple[Any, ...], /) -> bool: ...
    def __gt__(self, other: KeyValue | tuple[Any, ...], /) -> bool: ...
    def __ge__(self, other: KeyValue | tuple[Any, ...], /) -> bool: ...
    def __hash__(self) -> int: ...
    def _repr_html_(self) -> str: ...
    def _repr_pretty_(self, printer: Any, cycle: bool, /) -> None: ...

class RowList(list[KeyValue]):
    """A list that classes of Python are made of."""

@disjoint_base
class RunBase:
    """One attempt of an `async def` function; the tasks that it starts run inside of it too."""

    def __new__(cls) -> Self: ...
    def clear(self) -> None: ...
    def surrounds_caller(self) -> bool: ...

@final
class RowIterator(Iterator[KeyValue]):
    """Gives out the rows of a batch, and then those of what follows it."""

    def __new__(
        cls,
        future: FutureBase,
        start: Callable[[], Callable[[list[KeyValue], bool], FutureBase | None]],
    ) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> KeyValue: ...

@final
class Mailbox:
    """A queue of integers filled by ready futures, with a descriptor to watch."""

    def fileno(self) -> int: ...
    def push(self, token: int, /) -> None: ...
    def take(self) -> list[int]: ...
    def wait(self) -> None: ...
    def close(self) -> None: ...

def configure(
    *,
    error: type[Exception],
    unusable: Callable[[str], BaseException],
    missing_function: Callable[[int, str], Exception],
    value: type[FutureBase],
    key: type[FutureBase],
    nothing: type[FutureBase],
    int64: type[FutureBase],
    rows: type[FutureBase],
    watch: type[FutureBase],
    transaction: type,
    run: type[RunBase],
) -> None: ...
def configure_attempts(
    *,
    commit: Callable[..., Any],
    run: Callable[..., Any],
    refused: Callable[[Any, Any, int, int, float], BaseException | None],
    refuse_unfinished: Callable[[Any], None],
    begin: Callable[..., Awaitable[Any]],
    again: Callable[..., Awaitable[Any]],
) -> None: ...
def begin_call(
    function: Callable[..., Awaitable[_T]],
    finder: Finder,
    index: int,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    /,
) -> Awaitable[_T]: ...
def transact(
    function: Callable[..., _T],
    finder: Finder,
    index: int,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    /,
) -> _T: ...

@disjoint_base
class Counts:
    """Counts what a transaction does; a subclass has a method ended(how, code, refusal, kind). Times are in nanoseconds."""

    reads: int
    keys_read: int
    bytes_read: int
    keys_written: int
    bytes_written: int
    read_version: int
    commit_version: int
    size: int
    elapsed: int
    waiting: int
    committing: int
    backing_off: int
    conflicts: list[KeyValue] | None

def set_observe(observe: Callable[[Any], Counts | None] | None, /) -> None: ...
def find_main_thread() -> None: ...
def set_callback_thread(thread: int, /) -> None: ...
def invalidate() -> None: ...
def key_bytes(key: Any, /) -> bytes: ...
def value_bytes(value: Any, /) -> bytes: ...
def transactional_call(
    transaction: Any,
    function: Callable[..., Awaitable[_T]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    again: Callable[..., Awaitable[_T]] | None,
    /,
) -> Awaitable[_T]: ...
def wait_any(futures: Sequence[FutureBase], /) -> int: ...
