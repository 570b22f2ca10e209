"""Random programs of directory instructions."""

from __future__ import annotations

from typing import Any

from stack_generator import LOG, Program

LAYERS = (b"", b"", b"", b"layer", b"partition")
NAMES = ("a", "b", "\u00e9")
RAW_PREFIXES = (b"\x41", b"\x42x", b"\x43", b"\x43y", b"\xfa")
KEY_LOG = LOG + b"directory/"


class DirectoryProgram(Program):
    """A program over a list of directories, whose length is known at each instruction."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.count = 1

    def make(self, length: int) -> None:
        """Makes the whole program."""
        self.op("NEW_TRANSACTION")
        self.setup()
        groups = [self.create_or_open, self.create, self.open, self.move, self.move_to]
        groups += [self.remove, self.list_or_exists, self.list_or_exists, self.keys, self.change]
        groups += [self.change, self.open_subspace, self.log]
        for _ in range(length):
            self.rng.choice(groups)()
            if self.rng.random() < 0.3:
                self.commit_and_reset()
        self.commit_and_reset()
        for index in range(self.count):
            self.op("DIRECTORY_CHANGE", index)
            self.log()
            if index % 20 == 19:
                self.commit_and_reset()
        self.commit_and_reset()
        self.op("LOG_STACK", LOG + self.name + b"/")

    def setup(self) -> None:
        """A layer of its own with manual prefixes, at index 3; it is where errors lead to."""
        self.op("DIRECTORY_CREATE_SUBSPACE", 1, "nodes", b"\xf0")
        self.op("DIRECTORY_CREATE_SUBSPACE", 0, b"\xf1")
        self.op("DIRECTORY_CREATE_LAYER", 1, 2, 1)
        self.op("DIRECTORY_SET_ERROR_INDEX", self.rng.choice((0, 3)))
        self.op("DIRECTORY_CHANGE", 3)
        self.count = 4

    def commit_and_reset(self) -> None:
        self.op("COMMIT")
        self.op("WAIT_FUTURE", pushes=1)
        self.op("RESET")

    def appending(self, name: str, forms: tuple[str, ...], *args: Any) -> None:
        self.op(f"DIRECTORY_{name}" + self.rng.choice(forms), *args)
        self.count += 1

    def path(self) -> tuple[Any, ...]:
        """A length and that many names, as an instruction takes it."""
        names = self.rng.choices(NAMES, k=self.rng.choice((0, 1, 1, 1, 2, 2, 3)))
        return len(names), *names

    def optional_path(self) -> tuple[Any, ...]:
        return (0,) if self.rng.random() < 0.3 else (1, *self.path())

    def change(self) -> None:
        self.op("DIRECTORY_CHANGE", self.rng.choice((0, 3, self.rng.randrange(self.count))))

    def create_or_open(self) -> None:
        layer = self.rng.choice((None, *LAYERS))
        self.appending("CREATE_OR_OPEN", ("", "_DATABASE"), *self.path(), layer)

    def create(self) -> None:
        prefix = self.rng.choice((None, None, *RAW_PREFIXES))
        layer = self.rng.choice(LAYERS)
        self.appending("CREATE", ("", "_DATABASE"), *self.path(), layer, prefix)

    def open(self) -> None:
        layer = self.rng.choice((None, None, *LAYERS))
        self.appending("OPEN", ("", "_DATABASE", "_SNAPSHOT"), *self.path(), layer)

    def move(self) -> None:
        self.appending("MOVE", ("", "_DATABASE"), *self.path(), *self.path())

    def move_to(self) -> None:
        self.appending("MOVE_TO", ("", "_DATABASE"), *self.path())

    def open_subspace(self) -> None:
        items = self.items()
        self.appending("OPEN_SUBSPACE", ("",), len(items), *items)

    def remove(self) -> None:
        name = self.rng.choice(("REMOVE", "REMOVE_IF_EXISTS")) + self.rng.choice(("", "_DATABASE"))
        self.op(f"DIRECTORY_{name}", *self.optional_path())

    def list_or_exists(self) -> None:
        name = self.rng.choice(("LIST", "EXISTS"))
        form = self.rng.choice(("", "_DATABASE", "_SNAPSHOT"))
        self.op(f"DIRECTORY_{name}{form}", *self.optional_path(), pushes=1)

    def keys(self) -> None:
        """Turns tuples into keys of the directory and back."""
        items = self.items()
        choice = self.rng.randrange(4)
        if choice == 0:
            self.op("DIRECTORY_PACK_KEY", len(items), *items, pushes=1)
            self.op("DUP", pushes=1)
            self.op("DIRECTORY_UNPACK_KEY")
        elif choice == 1:
            self.op("DIRECTORY_RANGE", len(items), *items, pushes=1)
        elif choice == 2:
            self.op("DIRECTORY_PACK_KEY", len(items), *items, pushes=1)
            self.op("DIRECTORY_STRIP_PREFIX")
        else:
            self.op("DIRECTORY_CONTAINS", self.rng.choice(RAW_PREFIXES) + b"key", pushes=1)

    def log(self) -> None:
        self.op("DIRECTORY_LOG_DIRECTORY", KEY_LOG)
        self.op("DIRECTORY_LOG_SUBSPACE", KEY_LOG + b"subspace/")
