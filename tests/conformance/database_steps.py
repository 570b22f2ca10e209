"""The steps of a trace on the database or a tenant itself, which are transactions of their own."""

from trace_state import TraceState, unhex


class DatabaseSteps(TraceState):
    """Those with `tenant` among their arguments work on that tenant."""

    def op_db_opt(self, args):
        """A database option. It stays: the program must undo it."""
        self.set_option(self.db.options, args)

    def op_db_get(self, args):
        return self.show_value(self.db.get(self.key(args)))

    def op_db_set(self, args):
        self.db.set(self.key(args), unhex(args["v"]))

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

    def op_dump(self, args):
        """Everything under the prefix, in a fresh transaction."""
        tr = self.db.create_transaction()
        return self.pairs(tr.get_range_startswith(self.prefix).to_list())

    def op_bulk(self, args):
        """Writes `count` pairs k00000.. with values of `size` bytes."""
        for first in range(0, args["count"], 500):
            tr = self.db.create_transaction()
            for number in range(first, min(first + 500, args["count"])):
                tr.set(self.prefix + b"k%05d" % number, (b"%05d" % number) * (args["size"] // 5))
            tr.commit().wait()

    def op_reset_data(self, args):
        del self.db[self.prefix : self.prefix[:-1] + bytes([self.prefix[-1] + 1])]
