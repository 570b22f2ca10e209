"""The steps of a trace on one transaction: reads, writes, versions, its commit and its end."""

from trace_state import TraceState, unhex


class TransactionSteps(TraceState):
    """A method for each operation, named after it."""

    def op_new(self, args):
        source = self.db
        if "tenant" in args:
            source = self.db.open_tenant(unhex(args["tenant"]))
        self.transactions[args["tr"]] = source.create_transaction()

    def op_opt(self, args):
        """A transaction option; `value` is an int or text, `hex` bytes, neither means no value."""
        self.set_option(self.transactions[args["tr"]].options, args)

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
