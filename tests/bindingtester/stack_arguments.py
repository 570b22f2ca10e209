"""Random arguments of the instructions of a stack machine."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any

import fdb.tuple

WORKSPACE = b"work/"
RARE_KEYS = (b"", b"\xff", b"\xff\x02x", b"\xff\xff\xff\xff")
MODES = (-2, -1, 0, 1, 2, 3, 4)


class Arguments:
    """Keys below the prefix of one machine, values, selectors and elements of tuples."""

    def __init__(self, rng: random.Random, api_version: int, name: bytes) -> None:
        self.rng = rng
        self.api_version = api_version
        self.name = name
        self.rare_keys = RARE_KEYS
        self.workspace = WORKSPACE + name + b"/"

    def key(self) -> bytes:
        rng = self.rng
        if self.rare_keys and rng.random() < 0.02:
            return rng.choice(self.rare_keys)
        return self.workspace + bytes(rng.choices(b"abc\x00\xff", k=rng.randrange(3)))

    def value(self) -> bytes:
        return self.rng.randbytes(self.rng.choice((0, 1, 4, 8, 8, 8, 20, 300)))

    def ends(self) -> tuple[bytes, bytes]:
        """Two keys, nearly always in order."""
        first, second = self.key(), self.key()
        if first > second and self.rng.random() < 0.95:
            first, second = second, first
        return first, second

    def limit_and_mode(self) -> tuple[int, int, int]:
        rng = self.rng
        return rng.choice((0, 0, 1, 2, 5, 1000)), rng.randrange(2), rng.choice(MODES)

    def selector(self) -> tuple[bytes, int, int]:
        return self.key(), self.rng.randrange(2), self.rng.randint(-3, 4)

    def element(self, deep: int = 0) -> Any:
        """A value of any type of the tuple layer."""
        rng = self.rng
        choices: list[Callable[[], Any]] = [
            lambda: None,
            lambda: rng.randbytes(rng.randrange(6)) + rng.choice((b"", b"\x00", b"\xff")),
            lambda: "".join(rng.choices("a\x00\u00e9\uffff\U0001f600z", k=rng.randrange(5))),
            lambda: rng.choice((-1, 1)) * rng.getrandbits(rng.choice((1, 8, 32, 63, 64, 65, 200))),
            lambda: rng.choice((2**64 - 1, -(2**64) + 1, 2**63, -(2**63), 0, 255, 256)),
            lambda: rng.choice((0.0, -0.0, 1.5, -2.25, float("inf"), float("-inf"), float("nan"))),
            lambda: fdb.tuple.SingleFloat(rng.choice((0.0, -0.0, 1.5, float("-inf")))),
            lambda: uuid.UUID(int=rng.getrandbits(128)),
            lambda: fdb.tuple.Versionstamp(rng.randbytes(9) + b"\x01", rng.randrange(65536)),
        ]
        if self.api_version >= 500:
            choices.append(lambda: rng.random() < 0.5)
        if deep < 2:
            choices.append(lambda: self.items(deep + 1))
        return rng.choice(choices)()

    def items(self, deep: int = 0) -> tuple[Any, ...]:
        return tuple(self.element(deep) for _ in range(self.rng.randrange(4)))
