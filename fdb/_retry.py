"""The retry loop: fdb.transactional."""

from __future__ import annotations

import sys
import types
from time import monotonic

from fdb._attempts import FORBIDS_GENERATORS, GENERATOR, UNFINISHED, refuse_unfinished, strand_of
from fdb._errors import FDBError
from fdb._native import extension
from fdb._startup import api_version
from fdb._transaction import Transaction, TransactionRead
from fdb._types import TransactionMaker
from fdb._typing import (
    TYPE_CHECKING,
    Any,
    Awaitable,
    Callable,
    Concatenate,
    ParamSpec,
    Protocol,
    TypeVar,
    Unpack,
    overload,
)

if TYPE_CHECKING:
    from fdb._policy import Policy, PolicyKeywords

P = ParamSpec("P")
FirstT = TypeVar("FirstT")
SecondT = TypeVar("SecondT")
ResultT = TypeVar("ResultT")
TransactionT = TypeVar("TransactionT", bound=TransactionRead)

_USE = (
    "Invalid use of transactional decorator: it takes a function, or parameter= and the name of the "
    "function's parameter for the transaction"
)
_INVALID_CALL = 2000
_Call = tuple[Transaction | None, tuple[Any, ...], dict[str, Any]]
#: Of the code of a function, what `inspect` calls CO_GENERATOR, CO_COROUTINE and CO_ASYNC_GENERATOR.
_GENERATOR_FLAG, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


# To a type checker the transaction is one of the first three parameters. There is no form for all other
# functions, because mypy would take that for any function whose types contain Any.


class Decorator(Protocol):
    """What `transactional(parameter=...)` returns."""

    @overload  # a function
    def __call__(  # type: ignore[overload-overlap]
        self, func: Callable[Concatenate[TransactionT, P], ResultT], /
    ) -> Callable[Concatenate[TransactionMaker[Transaction] | TransactionT, P], ResultT]: ...
    @overload  # a method
    def __call__(  # type: ignore[overload-overlap]
        self, func: Callable[Concatenate[FirstT, TransactionT, P], ResultT], /
    ) -> Callable[
        Concatenate[FirstT, TransactionMaker[Transaction] | TransactionT, P], ResultT
    ]: ...
    @overload
    def __call__(
        self, func: Callable[Concatenate[FirstT, SecondT, TransactionT, P], ResultT], /
    ) -> Callable[
        Concatenate[FirstT, SecondT, TransactionMaker[Transaction] | TransactionT, P], ResultT
    ]: ...


@overload  # a function
def transactional(  # type: ignore[overload-overlap]
    func: Callable[Concatenate[TransactionT, P], ResultT], /
) -> Callable[Concatenate[TransactionMaker[Transaction] | TransactionT, P], ResultT]: ...
@overload  # a method
def transactional(  # type: ignore[overload-overlap]
    func: Callable[Concatenate[FirstT, TransactionT, P], ResultT], /
) -> Callable[Concatenate[FirstT, TransactionMaker[Transaction] | TransactionT, P], ResultT]: ...
@overload
def transactional(
    func: Callable[Concatenate[FirstT, SecondT, TransactionT, P], ResultT], /
) -> Callable[
    Concatenate[FirstT, SecondT, TransactionMaker[Transaction] | TransactionT, P], ResultT
]: ...
@overload
def transactional(*, parameter: str = "tr", **policy: Unpack[PolicyKeywords]) -> Decorator: ...
def transactional(*args: Any, **kwargs: Any) -> Any:
    """Makes a function run in a transaction, which is committed, and retried where that helps.

    The parameter named `tr` (or as `parameter` says) may be given

    - a Database or Tenant (anything with `create_transaction`): the function is called with a new
      transaction, which is committed afterwards. On an FDBError of the function or the commit,
      `on_error` decides whether all is done again with the same transaction;
    - a Transaction or a snapshot: the function is just called, so that functions can be composed.

    An `async def` function runs in the same way in the running asyncio loop; it needs a database
    opened with event_model="asyncio" and raises TypeError for another. The function may run more
    than once, so it should have no other effects. Generators raise ValueError when called.

    The other keywords are those of `fdb.Policy`, and hold where the function is given a database or tenant,
    before the defaults of that; a transaction that is given keeps the policy that it has.

    The FDBError that a call ends with has its `attempts`, the seconds it took as `elapsed`, and as
    `last_error` what it was tried again for before that.
    """
    parameter = kwargs.pop("parameter", "tr")
    if len(args) > 1 or (args and (kwargs or parameter != "tr")):
        raise TypeError(_USE)
    if not args:
        if not isinstance(parameter, str):
            raise TypeError(f"{_USE}: the parameter is given by its name")
        policy = _policy_of(kwargs, f"{_USE}, or") if kwargs else None
        return lambda func: _decorate(func, parameter, policy)
    if not callable(args[0]):
        raise TypeError(f"{_USE}, not {type(args[0]).__name__}")
    return _decorate(args[0], "tr", None)


def _policy_of(keywords: Any, takes: str) -> Policy:
    from fdb._policy import NAMES, Policy  # which most functions have no need of

    for name in keywords:
        if name not in NAMES:
            raise TypeError(
                f"{takes} keywords of fdb.Policy ({', '.join(NAMES)}): there is no {name!r}"
            )
    return Policy(**keywords)


class _Form:
    """What a function looks like: the names of its parameters, and what a call of it gives."""

    __slots__ = ("innermost", "is_coroutine", "is_generator", "keywords", "positions")

    def __init__(self, func: Callable[..., Any]) -> None:
        if type(func) is types.FunctionType and not func.__dict__:
            self._take_plain(func)
        else:
            self._inspect(func)

    def _take_plain(self, func: types.FunctionType) -> None:
        code = func.__code__
        positions, flags = code.co_argcount, code.co_flags
        self.innermost: Any = func
        self.positions = list(code.co_varnames[:positions])
        self.keywords = list(code.co_varnames[positions : positions + code.co_kwonlyargcount])
        self.is_coroutine = bool(flags & _COROUTINE)
        self.is_generator = bool(flags & (_GENERATOR_FLAG | _ASYNC_GENERATOR))

    def _inspect(self, func: Callable[..., Any]) -> None:
        import inspect  # slow to load; most functions are plain

        self.innermost = inspect.unwrap(func)
        parameters = inspect.getfullargspec(self.innermost)
        self.positions, self.keywords = parameters.args, parameters.kwonlyargs
        self.is_coroutine = inspect.iscoroutinefunction(func)
        self.is_generator = inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func)


def _decorate(
    func: Callable[..., Any], parameter: str, policy: Policy | None
) -> Callable[..., Any]:
    form = _Form(func)
    name = getattr(form.innermost, "__qualname__", repr(form.innermost))
    if parameter in form.positions:
        index = form.positions.index(parameter)
    elif parameter in form.keywords:
        index = sys.maxsize
    else:
        names = ", ".join(form.positions + form.keywords)
        raise ValueError(
            f"{name}({names}) has no parameter {parameter!r} for the transaction: rename the one that takes "
            "it, or say its name with @fdb.transactional(parameter=...)"
        )
    find = _ArgumentFinder(index, parameter, name)
    if policy is not None:
        return _governed(func, find, form, policy)
    if form.is_coroutine:
        return _asynchronous(func, find)
    return _synchronous(func, find, form.is_generator)


class _ArgumentFinder:
    """Finds the argument that is a transaction or makes one, by position or by name."""

    __slots__ = ("_function", "_name", "index")

    def __init__(self, index: int, name: str, function: str) -> None:
        self.index = index
        self._name = name
        self._function = function

    def take(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], policy: Policy | None = None
    ) -> _Call:
        """Returns the new transaction, with a policy, and the arguments with it in its place.

        The transaction is None if the argument is one already. Raises TypeError if the argument is
        missing or can make no transaction.
        """
        index = self.index
        by_position = index < len(args)
        if by_position:
            source = args[index]
        elif self._name in kwargs:
            source = kwargs[self._name]
        else:
            raise TypeError(f"{self._described()} is missing: give a database or a transaction")
        if isinstance(source, TransactionRead):
            return None, args, kwargs
        try:
            create = source.create_transaction
        except AttributeError:
            raise TypeError(
                f"{self._described()} must be a Database, Tenant or Transaction, not "
                f"{type(source).__name__}"
            ) from None
        tr: Transaction = create() if policy is None else _created(source, policy)
        if by_position:
            return tr, (*args[:index], tr, *args[index + 1 :]), kwargs
        return tr, args, {**kwargs, self._name: tr}

    def call(
        self,
        func: Callable[..., ResultT],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        policy: Policy | None = None,
    ) -> ResultT:
        """Does what the C code leaves: finds an argument by name, or of another class, or with a policy."""
        tr, args, kwargs = self.take(args, kwargs, policy)
        return func(*args, **kwargs) if tr is None else run(tr, func, args, kwargs)

    def begin(
        self,
        func: Callable[..., Awaitable[ResultT]],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        policy: Policy | None = None,
    ) -> Awaitable[ResultT]:
        """Does what the C code leaves of calls in a loop."""
        tr, args, kwargs = self.take(args, kwargs, policy)
        if tr is None:
            _require_asyncio(self.given(args, kwargs))
            return func(*args, **kwargs)
        return run_asynchronously(tr, func, args, kwargs)

    def _described(self) -> str:
        function = self._function
        if function.startswith("_"):  # one of the package, which the program did not write
            return f"the argument {self._name!r} of a transactional function"
        return f"the argument {self._name!r} of the transactional function {function}"

    def given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TransactionRead:
        """Returns the argument of a call that `take` found to have a transaction."""
        transaction: TransactionRead
        transaction = args[self.index] if self.index < len(args) else kwargs[self._name]
        return transaction


#: For functions of this package with one argument.
FIRST = _ArgumentFinder(0, "tr", "_")


def _looks_of(func: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    import functools  # slow to load: not before there is something to decorate

    return functools.wraps(func)


def _synchronous(
    func: Callable[..., Any], find: _ArgumentFinder, is_generator: bool
) -> Callable[..., Any]:
    index = find.index
    transact = extension.transact

    @_looks_of(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_generator and api_version.get() >= FORBIDS_GENERATORS:
            raise ValueError(GENERATOR)
        return transact(func, find, index, args, kwargs)

    return wrapper


def _governed(
    func: Callable[..., Any], find: _ArgumentFinder, form: _Form, policy: Policy
) -> Callable[..., Any]:
    """Returns the wrapper of a function that has a policy of its own."""
    is_generator = form.is_generator

    if form.is_coroutine:

        @_looks_of(func)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await find.begin(func, args, kwargs, policy)

    else:

        @_looks_of(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if is_generator and api_version.get() >= FORBIDS_GENERATORS:
                raise ValueError(GENERATOR)
            return find.call(func, args, kwargs, policy)

    return wrapper


def created(source: Any, policy: PolicyKeywords) -> Transaction:
    """Returns a new transaction with the keywords of a policy, for `run`. Raises as `fdb.Policy` does."""
    return _created(source, _policy_of(policy, "run() takes a function, what that is given, and"))


def _created(source: Any, policy: Policy) -> Transaction:
    from fdb import _governed as governed  # for programs with policies

    return governed.create(source, policy)


def run(
    tr: Transaction, func: Callable[..., ResultT], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> ResultT:
    """Calls a function and commits its new transaction, again and again until one attempt succeeds.

    Returns what the function returned. Blocks; raises as `transactional` says. Transactions of threads
    do the same in C (native/binding/attempt.c).
    """
    governor = getattr(tr, "_governor", None)
    if governor is not None:
        return governor.run(tr, func, args, kwargs)  # type: ignore[no-any-return]
    # None for a transaction of another class, which may have no attributes.
    strand = strand_of(tr) if isinstance(tr, Transaction) else None
    attempts = last = 0  # how many failed, and the code of the last of them
    started = monotonic()
    while True:
        try:
            if strand is None:
                result = func(*args, **kwargs)
            else:
                attempt = tr._attempt = [strand()]
                try:
                    result = func(*args, **kwargs)
                finally:
                    tr._attempt = None
                    attempt.clear()
            if isinstance(result, UNFINISHED):
                refuse_unfinished(result)
            tr.commit().wait()
            return result
        except FDBError as error:
            refusal = _refused(tr, error, attempts, last, monotonic() - started)
            if refusal is not None:
                # As it was raised, with its cause and the traceback into the user's function.
                if refusal is error:
                    raise
                raise refusal from error
            attempts, last = attempts + 1, error.code
        except BaseException as error:
            if strand is not None:
                tr._handle.note_failure(type(error))
            raise


def _refused(
    tr: Transaction, error: FDBError, attempts: int, last: int, elapsed: float
) -> FDBError | None:
    """Makes the transaction ready for another attempt; returns what to raise if there will be none.

    `elapsed` is the time of the call, in seconds, up to now.
    """
    started = monotonic() - elapsed
    refusal = _refusal(tr, error)
    if refusal is None:
        return None
    _explain(tr, error, refusal, attempts, last, started)
    return error if refusal.code == error.code else refusal


def _asynchronous(func: Callable[..., Any], find: _ArgumentFinder) -> Callable[..., Any]:
    index = find.index
    begin_call = extension.begin_call

    @_looks_of(func)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await begin_call(func, find, index, args, kwargs)

    return wrapper


def run_asynchronously(
    tr: Transaction,
    func: Callable[..., Awaitable[ResultT]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Awaitable[ResultT]:
    """As `run`, in the running loop, which is to await it: what the function returns is awaited."""
    if isinstance(tr, Transaction):
        _require_asyncio(tr)
        if tr._governor is not None:
            return tr._governor.run_asynchronously(tr, func, args, kwargs)
    return extension.transactional_call(tr, func, args, kwargs, _asynchronously_again)


async def _asynchronously_again(
    tr: Transaction,
    func: Callable[..., Awaitable[ResultT]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    error: FDBError,
    elapsed: float,
) -> ResultT:
    """Goes on with `run_asynchronously` where the first attempt has failed, `elapsed` seconds after the begin."""
    started = monotonic() - elapsed
    attempts = last = (
        0  # how many failed before the one with `error`, and the code of the last of them
    )
    while True:
        refusal = await _asynchronous_refusal(tr, error)
        if refusal is not None:
            _explain(tr, error, refusal, attempts, last, started)
            try:
                if refusal.code == error.code:
                    raise error
                raise refusal from error
            finally:
                del error, refusal  # which refer to this frame now
        attempts, last = attempts + 1, error.code
        try:
            return await extension.transactional_call(tr, func, args, kwargs, None)
        except FDBError as failed:
            error = failed


def _refusal(tr: Transaction, error: FDBError) -> FDBError | None:
    """Makes the transaction ready for another attempt; returns the error if there will be none."""
    try:
        tr.on_error(error.code).wait()
    except FDBError as refusal:
        return refusal
    return None


async def _asynchronous_refusal(tr: Transaction, error: FDBError) -> FDBError | None:
    try:
        await tr.on_error(error.code)
    except FDBError as refusal:
        return refusal
    return None


def _explain(
    tr: Any, error: FDBError, refusal: FDBError, attempts: int, last: int, started: float
) -> None:
    """Has the error that will be raised tell what was tried before."""
    elapsed = monotonic() - started
    tried = attempts + 1
    raised = error
    if refusal.code != error.code:
        raised, attempts, last = refusal, attempts + 1, error.code
    misuse: str = getattr(tr, "_misuse", "")
    if misuse and raised.code == _INVALID_CALL:
        raised._tell(misuse)
    raised.attempts, raised.elapsed = tried, elapsed
    if attempts:
        counted = "1 failed attempt" if attempts == 1 else f"{attempts} failed attempts"
        raised.last_error = FDBError(last)
        raised._tell(
            f"after {counted}, the last of them with {raised.last_error.name} ({last}), in {elapsed:.3f} s"
        )


def _require_asyncio(transaction: TransactionRead) -> None:
    model = transaction._handle.model
    if getattr(model, "name", None) != "asyncio":
        name = None if model is None else model.name
        raise TypeError(
            f"an async def function under fdb.transactional needs a database opened with "
            f'event_model="asyncio"; this one was opened with event_model={name!r}'
        )


extension.configure_attempts(
    commit=Transaction.commit,
    run=run,
    refused=_refused,
    refuse_unfinished=refuse_unfinished,
    begin=run_asynchronously,
    again=_asynchronously_again,
)
