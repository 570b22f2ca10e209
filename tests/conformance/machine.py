"""The machine that replays recorded programs of FoundationDB operations on any `fdb` package.

A trace file is JSON lines, gzipped, and holds many programs. A line that is an object is a header and
starts a new program (its own transactions, watches and stamps); every other line is one step:
``[op, {arguments}, wanted]``. `wanted` is what a real 7.4 server and the official package answered,
so a replay that gives another answer has found a difference. All programs of one file were recorded at
one API version (the header's `api_version`); a process can replay one API version only, which is why
`replay.py` starts a process for each file.

Conventions
- Bytes are hex text; {"x": "61", "n": 10001} is b"a" * 10001 (x may be several bytes); a list is the
  concatenation of its parts.
- Every key lives under the prefix that the caller gives (default b"t/"); keys in a trace are without
  it, except where the step says {"raw": true}. Results are shown without it.
- An answer is {"ok": VALUE} or {"err": CODE}, or {"exc": CLASS} for a Python exception.
- Versionstamps differ from run to run: where a stored or returned value holds the stamp of the trace's
  n-th committed transaction that asked for it, those 10 bytes are shown as "<vs:n>".
- Versions are never compared, only whether a commit was read-only (version -1).
- The recordings come from a cluster that had run for more than 5 seconds (so version 1 is too old), with
  optional tenants, one process, and nothing stored outside the prefix.
- A program may leave transactions and watches open; the next header drops them. A program that sets
  database options or makes tenants undoes that itself before it ends.
"""

import gc
import hashlib
import json
import time


def unhex(spec):
    if isinstance(spec, list):
        return b"".join(unhex(part) for part in spec)
    if isinstance(spec, dict):
        return bytes.fromhex(spec["x"]) * spec["n"]
    return bytes.fromhex(spec)


class Machine:
    """Holds the open transactions, watches and stamps of one trace."""

    def __init__(self, fdb, db, prefix=b"t/"):
        self.fdb, self.db, self.prefix = fdb, db, prefix
        self.transactions = {}
        self.watches = {}
        self.futures = {}
        self.stamps = []

    # ---- conversions -------------------------------------------------------------------------

    def key(self, args, name="k"):
        value = unhex(args[name])
        return value if args.get("raw") else self.prefix + value

    def selector(self, args, name):
        spec = args[name]
        key = unhex(spec[0])
        if not args.get("raw"):
            key = self.prefix + key
        return self.fdb.KeySelector(key, bool(spec[1]), spec[2])

    def show(self, data):
        if data is None:
            return None
        data = bytes(data)
        if data.startswith(self.prefix):
            text = data[len(self.prefix) :].hex()
        elif self.prefix in data[:64]:  # special-key spaces carry the key inside
            at = data.index(self.prefix)
            text = "@" + data[:at].hex() + "+" + data[at + len(self.prefix) :].hex()
        else:
            text = "=" + data.hex()
        for number, stamp in enumerate(self.stamps):
            text = text.replace(stamp.hex(), f"<vs:{number}>")
        return text

    def show_value(self, data):
        if data is None:
            return None
        text = bytes(data).hex()
        if len(text) > 400:
            return f"sha256:{hashlib.sha256(bytes(data)).hexdigest()}:{len(data)}"
        for number, stamp in enumerate(self.stamps):
            text = text.replace(stamp.hex(), f"<vs:{number}>")
        return text

    def pairs(self, items):
        rows = [[self.show(kv.key), self.show_value(kv.value)] for kv in items]
        if len(rows) > 40:  # long answers as first, last, count and digest
            digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
            return {"rows": len(rows), "first": rows[0], "last": rows[-1], "sha256": digest}
        return rows

    # ---- what is shown of the result of a started future -------------------------------------

    def show_optional(self, value):
        return self.show_value(value.value if value.present() else None)

    def show_key(self, key):
        return self.show(key.value)

    @staticmethod
    def show_length(stamp):
        return len(stamp.value)

    @staticmethod
    def show_positive(version):
        return version > 0

    @staticmethod
    def show_number(size):
        return size

    @staticmethod
    def show_nothing(nothing):
        return None

    # ---- steps -------------------------------------------------------------------------------

    def step(self, op, args):
        try:
            return {"ok": getattr(self, "op_" + op)(args)}
        except self.fdb.FDBError as error:
            return {"err": error.code}
        except Exception as error:
            return {"exc": type(error).__name__}

    def reader(self, args):
        tr = self.transactions[args["tr"]]
        return tr.snapshot if args.get("snapshot") else tr

    def op_new(self, args):
        source = self.db
        if "tenant" in args:
            source = self.db.open_tenant(unhex(args["tenant"]))
        self.transactions[args["tr"]] = source.create_transaction()

    @staticmethod
    def set_option(options, args):
        setter = getattr(options, "set_" + args["name"])
        if "hex" in args:
            setter(unhex(args["hex"]))
        else:
            setter(*([args["value"]] if "value" in args else []))

    def op_opt(self, args):
        """A transaction option; `value` is an int or text, `hex` bytes, neither means no value."""
        self.set_option(self.transactions[args["tr"]].options, args)

    def op_db_opt(self, args):
        """A database option. It stays: the program must undo it."""
        self.set_option(self.db.options, args)

    def op_get(self, args):
        return self.show_optional(self.reader(args).get(self.key(args)))

    def op_get_key(self, args):
        return self.show(self.reader(args).get_key(self.selector(args, "s")).value)

    def op_get_range(self, args):
        mode = args.get("mode", "iterator")
        if isinstance(mode, str):  # a number is passed on as it is
            mode = getattr(self.fdb.StreamingMode, mode)
        items = self.reader(args).get_range(
            self.selector(args, "b"),
            self.selector(args, "e"),
            limit=args.get("limit", 0),
            reverse=args.get("reverse", False),
            streaming_mode=mode,
        )
        return self.pairs(items.to_list())

    def op_get_range_keys(self, args):
        """Same with plain keys, and None for an open end."""
        ends = [None if args[n] is None else self.key(args, n) for n in ("b", "e")]
        items = self.reader(args).get_range(
            *ends, limit=args.get("limit", 0), reverse=args.get("reverse", False)
        )
        return self.pairs(list(items))

    def op_startswith(self, args):
        return self.pairs(self.reader(args).get_range_startswith(self.key(args)))

    def op_set(self, args):
        self.transactions[args["tr"]].set(self.key(args), unhex(args["v"]))

    def op_clear(self, args):
        self.transactions[args["tr"]].clear(self.key(args))

    def op_clear_range(self, args):
        self.transactions[args["tr"]].clear_range(self.key(args, "b"), self.key(args, "e"))

    def op_atomic(self, args):
        getattr(self.transactions[args["tr"]], args["name"])(self.key(args), unhex(args["v"]))

    def op_versionstamped_key(self, args):
        """k holds the placeholder; `at` is its offset within k, before the prefix is added."""
        key = unhex(args["k"])
        at = args["at"]
        if not args.get("raw"):
            key, at = self.prefix + key, at + len(self.prefix)
        width = 4 if self.fdb.get_api_version() >= 520 else 2
        suffix = (at & (1 << 8 * width) - 1).to_bytes(width, "little")
        self.transactions[args["tr"]].set_versionstamped_key(key + suffix, unhex(args["v"]))

    def op_versionstamped_value(self, args):
        """Below API 520 the stamp always goes to the front and there is no offset."""
        value = unhex(args["v"])
        if self.fdb.get_api_version() >= 520:
            value += (args["at"] & 0xFFFFFFFF).to_bytes(4, "little")
        self.transactions[args["tr"]].set_versionstamped_value(self.key(args), value)

    def op_conflict_range(self, args):
        tr = self.transactions[args["tr"]]
        add = tr.add_read_conflict_range if args["kind"] == "read" else tr.add_write_conflict_range
        add(self.key(args, "b"), self.key(args, "e"))

    def op_conflict_key(self, args):
        tr = self.transactions[args["tr"]]
        add = tr.add_read_conflict_key if args["kind"] == "read" else tr.add_write_conflict_key
        add(self.key(args))

    def op_commit(self, args):
        tr = self.transactions[args["tr"]]
        stamp = tr.get_versionstamp() if args.get("stamp") else None
        tr.commit().wait()
        read_only = tr.get_committed_version() == -1
        if stamp is not None and not read_only:
            self.stamps.append(bytes(stamp.value))
        return {"read_only": read_only}

    def op_on_error(self, args):
        self.transactions[args["tr"]].on_error(args["code"]).wait()

    def op_reset(self, args):
        self.transactions[args["tr"]].reset()

    def op_cancel(self, args):
        self.transactions[args["tr"]].cancel()

    def op_read_version(self, args):
        return self.transactions[args["tr"]].get_read_version().wait() > 0

    def op_share_read_version(self, args):
        version = self.transactions[args["from"]].get_read_version().wait()
        self.transactions[args["tr"]].set_read_version(version)

    def op_set_read_version(self, args):
        self.transactions[args["tr"]].set_read_version(args["version"])

    def op_approximate_size(self, args):
        return self.transactions[args["tr"]].get_approximate_size().wait()

    def op_committed_version(self, args):
        return self.transactions[args["tr"]].get_committed_version() > 0

    def op_watch(self, args):
        self.watches[args["w"]] = self.transactions[args["tr"]].watch(self.key(args))

    def op_watch_state(self, args):
        """'fired', 'waiting', or the error the watch ended with; waits up to `wait` seconds for an end."""
        watch = self.watches[args["w"]]
        end = time.monotonic() + args["wait"]
        while not watch.is_ready() and time.monotonic() < end:
            time.sleep(0.01)
        if not watch.is_ready():
            return "waiting"
        watch.wait()
        return "fired"

    def op_watch_cancel(self, args):
        self.watches[args["w"]].cancel()

    def op_db_get(self, args):
        return self.show_value(self.db.get(self.key(args)))

    def op_db_set(self, args):
        self.db.set(self.key(args), unhex(args["v"]))

    def op_sleep(self, args):
        time.sleep(args["seconds"])

    def op_timed(self, args):
        """Runs another step; `in_time` says whether it took at least `least` and at most `most` seconds."""
        start = time.monotonic()
        answer = self.step(args["op"], args["args"])
        spent = time.monotonic() - start
        return {"answer": answer, "in_time": args.get("least", 0) <= spent <= args["most"]}

    # ---- futures that are started in one step and looked at in a later one --------------------

    def op_start(self, args):
        """Starts `do` and keeps its future under the name f."""
        tr, do = self.transactions[args["tr"]], args["do"]
        if do == "get":
            started = self.reader(args).get(self.key(args)), self.show_optional
        elif do == "get_key":
            started = self.reader(args).get_key(self.selector(args, "s")), self.show_key
        elif do == "on_error":
            started = tr.on_error(args["code"]), self.show_nothing
        elif do == "versionstamp":
            started = tr.get_versionstamp(), self.show_length
        elif do == "read_version":
            started = tr.get_read_version(), self.show_positive
        elif do == "approximate_size":
            started = tr.get_approximate_size(), self.show_number
        else:
            started = tr.commit(), self.show_nothing
        self.futures[args["f"]] = started

    def op_start_range(self, args):
        """A range read whose first batch is requested now and whose rows are taken by finish_range."""
        self.futures[args["f"]] = self.reader(args).get_range(
            self.selector(args, "b"), self.selector(args, "e"), limit=args.get("limit", 0)
        )

    def op_finish_range(self, args):
        return self.pairs(self.futures[args["f"]].to_list())

    def op_finish(self, args):
        """The answer of a started future, or "pending" when it is not ready within `wait` seconds."""
        future, show = self.futures[args["f"]]
        end = time.monotonic() + args.get("wait", 5)
        while not future.is_ready() and time.monotonic() < end:
            time.sleep(0.005)
        return show(future.wait()) if future.is_ready() else "pending"

    def op_future_cancel(self, args):
        self.futures[args["f"]][0].cancel()

    def op_destroy(self, args):
        """Drops the transaction object, and with it the C transaction."""
        del self.transactions[args["tr"]]
        gc.collect()

    def op_relative_read_version(self, args):
        """set_read_version to the read version of another transaction plus `add`."""
        version = self.transactions[args["from"]].get_read_version().wait()
        self.transactions[args["tr"]].set_read_version(version + args["add"])

    def op_same_read_version(self, args):
        """Whether two transactions have the same read version."""
        versions = [self.transactions[args[n]].get_read_version().wait() for n in ("tr", "as")]
        return versions[0] == versions[1]

    def op_remember_read_version(self, args):
        self.futures[args["f"]] = self.transactions[args["tr"]].get_read_version().wait()

    def op_read_version_kept(self, args):
        """Whether the read version is still the one that was remembered under f."""
        return self.transactions[args["tr"]].get_read_version().wait() == self.futures[args["f"]]

    def op_commit_after_read(self, args):
        """Whether the committed version of `tr` lies above the read version remembered under f."""
        return self.transactions[args["tr"]].get_committed_version() > self.futures[args["f"]]

    def op_committed_is(self, args):
        """Compares the committed version with a number, e.g. -1."""
        return self.transactions[args["tr"]].get_committed_version() == args["number"]

    # ---- sizes, places, texts ----------------------------------------------------------------

    def op_estimated_size(self, args):
        """Only the sign matters: the value is an estimate."""
        tr = self.transactions[args["tr"]]
        return (
            tr.get_estimated_range_size_bytes(self.key(args, "b"), self.key(args, "e")).wait() >= 0
        )

    def op_split_points(self, args):
        """`count` keeps only whether there are points between the ends."""
        tr = self.transactions[args["tr"]]
        points = tr.get_range_split_points(
            self.key(args, "b"), self.key(args, "e"), args["chunk"]
        ).wait()
        points = [bytes(point) for point in points]
        if args.get("count"):
            return {
                "first": self.show(points[0]),
                "last": self.show(points[-1]),
                "inner": len(points) > 2,
            }
        return [self.show(point) for point in points]

    def op_addresses(self, args):
        """How many storage servers hold the key, and whether the addresses carry a port."""
        found = self.fdb.locality.get_addresses_for_key(
            self.transactions[args["tr"]], self.key(args)
        ).wait()
        return {"count": len(found), "port": [b":" in bytes(address) for address in found]}

    def op_boundary_keys(self, args):
        source = self.db if "tr" not in args else self.transactions[args["tr"]]
        ends = [self.key(args, n) for n in ("b", "e")]
        return [self.show(key) for key in self.fdb.locality.get_boundary_keys(source, *ends)]

    def op_error_text(self, args):
        return bytes(self.fdb.FDBError(args["code"]).description).decode("latin-1")

    def op_predicate(self, args):
        return getattr(self.fdb.predicates, args["name"])(self.fdb.FDBError(args["code"]))

    def op_special_json(self, args):
        """The value at `path` in a JSON text, or the sorted member names ("keys": true)."""
        value = json.loads(bytes(self.transactions[args["tr"]][unhex(args["k"])]))
        for member in args.get("path", []):
            value = value[member]
        return sorted(value) if args.get("keys") else value

    def op_special_keys(self, args):
        """A special-key range read of which only the keys and the number of rows are shown."""
        tr = self.transactions[args["tr"]]
        return [
            self.show(kv.key) for kv in tr.get_range(unhex(args["b"]), unhex(args["e"])).to_list()
        ]

    def op_special_count(self, args):
        tr = self.transactions[args["tr"]]
        return len(tr.get_range(unhex(args["b"]), unhex(args["e"])).to_list())

    def op_special_length(self, args):
        """The length of a value whose text differs from place to place, None when it is absent."""
        value = self.transactions[args["tr"]][unhex(args["k"])]
        return len(bytes(value)) if value.present() else None

    # ---- database calls ----------------------------------------------------------------------

    def target(self, args):
        return self.db.open_tenant(unhex(args["tenant"])) if "tenant" in args else self.db

    def op_db_get_key(self, args):
        return self.show(self.target(args).get_key(self.selector(args, "s")))

    def op_db_get_range(self, args):
        ends = [self.key(args, n) for n in ("b", "e")]
        rows = self.target(args).get_range(
            *ends, limit=args.get("limit", 0), reverse=args.get("reverse", False)
        )
        return self.pairs(rows)

    def op_db_startswith(self, args):
        return self.pairs(self.target(args).get_range_startswith(self.key(args)))

    def op_db_clear(self, args):
        self.target(args).clear(self.key(args))

    def op_db_clear_range(self, args):
        self.target(args).clear_range(self.key(args, "b"), self.key(args, "e"))

    def op_db_clear_startswith(self, args):
        self.target(args).clear_range_startswith(self.key(args))

    def op_db_atomic(self, args):
        getattr(self.target(args), args["name"])(self.key(args), unhex(args["v"]))

    def op_db_watch(self, args):
        """do: get_and_watch (answers the value), set_and_watch, clear_and_watch."""
        call = getattr(self.db, args["do"])
        if args["do"] == "get_and_watch":
            value, self.watches[args["w"]] = call(self.key(args))
            return self.show_optional(value)
        self.watches[args["w"]] = call(self.key(args), *([unhex(args["v"])] if "v" in args else []))

    def op_transact(self, args):
        """A function under fdb.transactional that sets k to v and then raises FDBError(code) for each of
        `raises` in turn, one an attempt; answers how often it was called."""
        calls = []

        @self.fdb.transactional
        def work(tr):
            if "limit" in args:
                tr.options.set_retry_limit(args["limit"])
            tr.set(self.key(args), unhex(args["v"]))
            calls.append(1)
            if len(calls) <= len(args["raises"]):
                raise self.fdb.FDBError(args["raises"][len(calls) - 1])

        try:
            work(self.db)
        except self.fdb.FDBError as error:
            return {"calls": len(calls), "err": error.code}
        return {"calls": len(calls)}

    # ---- tenants -----------------------------------------------------------------------------

    def op_tenant_list(self, args):
        """Names of the tenants in [b, e), at most `limit`, with the member names of their JSON."""
        from fdb import tenant_management

        rows = tenant_management.list_tenants(
            self.db, unhex(args["b"]), unhex(args["e"]), args["limit"]
        )
        return [[bytes(kv.key).hex(), sorted(json.loads(bytes(kv.value)))] for kv in rows.to_list()]

    def op_tenant_tr(self, args):
        """Creates or deletes inside an open transaction; shows at its commit."""
        from fdb import tenant_management

        call = (
            tenant_management.create_tenant
            if args["do"] == "create"
            else tenant_management.delete_tenant
        )
        call(self.transactions[args["tr"]], unhex(args["tenant"]))

    def op_tenant_id(self, args):
        """Whether the id is a positive number."""
        return self.db.open_tenant(unhex(args["tenant"])).get_id().wait() > 0

    def op_tenant_get(self, args):
        return self.show_value(self.db.open_tenant(unhex(args["tenant"]))[self.key(args)])

    def op_tenant_set(self, args):
        self.db.open_tenant(unhex(args["tenant"]))[self.key(args)] = unhex(args["v"])

    def op_tenant_clear(self, args):
        """Empties the tenant."""
        del self.db.open_tenant(unhex(args["tenant"]))[b"":b"\xff"]

    def op_tenant_raw(self, args):
        """What a transaction without tenant sees under the tenant's 8-byte prefix, shown without it."""
        number = self.db.open_tenant(unhex(args["tenant"])).get_id().wait()
        tr = self.db.create_transaction()
        tr.options.set_raw_access()
        start = number.to_bytes(8, "big")
        rows = tr.get_range(start, start + b"\xff" * 20).to_list()
        return [[self.show(kv.key[8:]), self.show_value(kv.value)] for kv in rows]

    def op_tenant(self, args):
        from fdb import tenant_management

        if args["do"] == "create":
            tenant_management.create_tenant(self.db, unhex(args["tenant"]))
        else:
            tenant_management.delete_tenant(self.db, unhex(args["tenant"]))

    def op_dump(self, args):
        """Everything under the prefix, in a fresh transaction."""
        tr = self.db.create_transaction()
        return self.pairs(tr.get_range_startswith(self.prefix).to_list())

    def op_special(self, args):
        """A range read in a special-key space, raw, e.g. the conflict ranges of this transaction."""
        tr = self.transactions[args["tr"]]
        return self.pairs(tr.get_range(unhex(args["b"]), unhex(args["e"])).to_list())

    def op_bulk(self, args):
        """Writes `count` pairs k00000.. with values of `size` bytes."""
        for first in range(0, args["count"], 500):
            tr = self.db.create_transaction()
            for number in range(first, min(first + 500, args["count"])):
                tr.set(self.prefix + b"k%05d" % number, (b"%05d" % number) * (args["size"] // 5))
            tr.commit().wait()

    def op_reset_data(self, args):
        del self.db[self.prefix : self.prefix[:-1] + bytes([self.prefix[-1] + 1])]
