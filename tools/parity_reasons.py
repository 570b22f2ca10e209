"""Why a public name of the official package is different here, or not there. For tools/parity.py."""

from __future__ import annotations

import fnmatch

VERDICTS = ("same", "takes more", "differs", "not offered")


def _see(text: str, heading: str) -> str:
    return f"[{text}](differences.md#{heading})"


_CTYPES = _see("ctypes internals", "internals-of-the-ctypes-layer")
_LEFTOVER = "a variable of the official module's own start-up"
_CONSTRUCTOR = _see("made by the package only", "objects-that-the-package-makes")
_CDC = _see("needs API version 800", "api-version-800")
_PYTHON_2 = "a hook of Python 2, without effect in Python 3"
_ENUMERATION = "a class here, an instance there; its attributes are the same"
_SPELLED_OUT = "takes what `bytes` takes, with the parameters named"
_ASYNC = _see("replaced by real asyncio", "async-functions-and-generators")

#: Pattern of names, and the reason for all of them; the first pattern that fits counts. A name
#: followed by " of 8.0" stands for what only that version's signature has.
REASONS: list[tuple[str, str]] = [
    ("fdb.Cdc*", _CDC),
    ("fdb.impl.Cdc*", _CDC),
    ("fdb.impl.FutureCdc*", _CDC),
    ("fdb.impl.KeyRangeStruct*", _CDC),
    ("fdb.Database.*_cdc_*", _CDC),
    ("fdb.options.set_trace_ip", _CDC),
    ("fdb.Transaction.options.set_max_grv_queue_delay", _CDC),
    ("fdb.impl.TransactionRead.get_range_split_points of 8.0", _CDC),
    ("fdb.__version__", _see("the version of this package", "versions")),
    ("fdb.apiversion.FDB_VERSION", _see("see `fdb.__version__`", "versions")),
    ("fdb.*.declare_asynchronous_transactions", _ASYNC),
    ("fdb.Future.Event", _see("each event model waits in its own way", "event-models")),
    ("*.capi", _CTYPES),
    ("*.[dtf]pointer", _CTYPES),
    ("*.__nonzero__", _PYTHON_2),
    (
        "fdb.*.get_range_startswith",
        "the same parameters, named: `(prefix, limit, reverse, streaming_mode)`",
    ),
    ("fdb.StreamingMode", _ENUMERATION),
    ("fdb.impl.ConflictRangeType", _ENUMERATION),
    ("fdb.impl.FutureString.getclass", "`__class__` is a plain property here"),
    ("fdb.impl.FutureString.[a-z]*", _SPELLED_OUT),
    (
        "fdb.impl.LazyFuture*",
        _see("`FutureString` derives from `Future`", "objects-that-the-package-makes"),
    ),
    ("fdb.impl.transactional", "that of `fdb` also checks that an API version was selected"),
    ("fdb.impl.open", "that of `fdb` takes what the selected API version has"),
    ("fdb.impl.create_database", _see("`fdb.open`", "what-open-takes")),
    ("fdb.impl.open_databases", _see("the cache of `fdb.open` is private", "what-open-takes")),
    ("fdb.impl.pack", "`fdb.tuple.pack`"),
    ("fdb.impl.unpack", "`fdb.tuple.unpack`"),
    (
        "fdb.directory_impl.AllocatorTransactionState*",
        _see("internals of the allocator", "allocator"),
    ),
    (
        "fdb.directory_impl.HighContentionAllocator.lock",
        _see("internals of the allocator", "allocator"),
    ),
    ("fdb.impl.int2byte", "`fdb.tuple.int2byte`"),
    ("fdb.tuple.int2byte", "a method of a Struct there, a function here"),
    ("fdb.impl.KVIter*", "unused there"),
    ("fdb.impl.Key*Struct*", _CTYPES),
    ("fdb.impl.replaceable_property*", _CTYPES),
    ("fdb.impl.makewrapper", _CTYPES),
    ("fdb.impl.remove_prefix", "`str.removeprefix` of Python"),
    ("fdb.impl.*ToBytes", "converts for ctypes"),
    ("fdb.impl.*_wrap", _see("options are written out in source", "options")),
    ("fdb.impl.option_wrap_*", _see("options are written out in source", "options")),
    ("fdb.impl.fill_*", _see("options are written out in source", "options")),
    ("fdb.impl.add_operation", _see("options are written out in source", "options")),
    ("fdb.impl.make_enum", _see("options are written out in source", "options")),
    ("fdb.impl.check_error_code", _CTYPES),
    ("fdb.impl.init_c_api", _CTYPES),
    ("fdb.impl.read_pth_file", _see("how the library is found", "finding-the-client-library")),
    ("fdb.impl.capi_name", _LEFTOVER),
    ("fdb.impl.i", _LEFTOVER),
    ("fdb.impl.pth", _LEFTOVER),
    ("fdb.impl.scope", _LEFTOVER),
    ("fdb.impl.this_dir", _LEFTOVER),
    ("fdb.Database", _CONSTRUCTOR),
    ("fdb.Tenant", _CONSTRUCTOR),
    ("fdb.Transaction", _CONSTRUCTOR),
    ("fdb.Future", _CONSTRUCTOR),
    ("fdb.impl.Future*", _CONSTRUCTOR),
    ("fdb.impl.FDBRange", _CONSTRUCTOR),
    ("fdb.impl.TransactionRead", _CONSTRUCTOR),
    ("fdb.impl.Key", _CONSTRUCTOR),
    ("fdb.impl.Value", _CONSTRUCTOR),
]

_used: set[str] = set()


def reason_for(name: str) -> str | None:
    """Returns the reason whose pattern matches a name first; None if there is none."""
    for pattern, reason in REASONS:
        if fnmatch.fnmatchcase(name, pattern):
            _used.add(pattern)
            return reason
    return None


def unused() -> list[str]:
    """Returns the patterns that no call of `reason_for` has used."""
    return [pattern for pattern, _ in REASONS if pattern not in _used]
