"""What the steps of a trace work on, and how their arguments are read and their results shown (machine.py)."""

import hashlib
import json


def unhex(spec):
    if isinstance(spec, list):
        return b"".join(unhex(part) for part in spec)
    if isinstance(spec, dict):
        return bytes.fromhex(spec["x"]) * spec["n"]
    return bytes.fromhex(spec)


class TraceState:
    """Holds the open transactions, watches and stamps of one trace."""

    def __init__(self, fdb, db, prefix=b"t/"):
        self.fdb, self.db, self.prefix = fdb, db, prefix
        self.transactions = {}
        self.watches = {}
        self.futures = {}
        self.stamps = []

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

    def reader(self, args):
        tr = self.transactions[args["tr"]]
        return tr.snapshot if args.get("snapshot") else tr

    def target(self, args):
        return self.db.open_tenant(unhex(args["tenant"])) if "tenant" in args else self.db

    @staticmethod
    def set_option(options, args):
        setter = getattr(options, "set_" + args["name"])
        if "hex" in args:
            setter(unhex(args["hex"]))
        else:
            setter(*([args["value"]] if "value" in args else []))
