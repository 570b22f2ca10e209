"""The steps of a trace that ask about sizes, places, error texts and special keys."""

import json

from trace_state import TraceState, unhex


class QuestionSteps(TraceState):
    """Answers that differ from place to place are shown by what is the same everywhere."""

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

    def op_special(self, args):
        """A range read in a special-key space, raw, e.g. the conflict ranges of this transaction."""
        tr = self.transactions[args["tr"]]
        return self.pairs(tr.get_range(unhex(args["b"]), unhex(args["e"])).to_list())
