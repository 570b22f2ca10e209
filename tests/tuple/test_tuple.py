"""fdb/tuple.py: ranges, which codec is chosen, and what depends on the API version."""

from __future__ import annotations

import inspect

import pytest

import fdb
import fdb.tuple
from fdb._tuple import codec as c_codec
from fdb._tuple import pure as pure_codec
from fdb.tuple import SingleFloat
from helpers.tuples import AN_UUID, STAMP

NAMES = ["compare", "pack", "pack_with_versionstamp", "unpack"]


def test_range():
    keys = fdb.tuple.range(("a", 1))
    packed = fdb.tuple.pack(("a", 1))
    assert (keys.start, keys.stop, keys.step) == (packed + b"\x00", packed + b"\xff", None)
    for longer in (
        None,
        b"",
        "",
        (),
        -(2**100),
        2**100,
        0.0,
        SingleFloat(0),
        False,
        AN_UUID,
        STAMP,
    ):
        assert keys.start <= fdb.tuple.pack(("a", 1, longer)) < keys.stop
    assert not keys.start <= packed


@pytest.fixture
def output_of(run_python):
    """Runs a program in a fresh interpreter and returns what it printed."""

    def run(code, pure):
        outcome = run_python(code, environment={"FDB_PURE_TUPLE": pure})
        assert outcome.returncode == 0
        return outcome.stdout.strip()

    return run


def test_the_same_names_with_either_codec():
    for name in NAMES:
        pure, fast = getattr(pure_codec, name), getattr(c_codec, name)
        assert inspect.getdoc(pure) == inspect.getdoc(fast)
        assert str(inspect.signature(fast)) == str(
            inspect.signature(pure).replace(
                parameters=[
                    p.replace(annotation=p.empty)
                    for p in inspect.signature(pure).parameters.values()
                ],
                return_annotation=inspect.Signature.empty,
            )
        )
    assert set(NAMES) <= set(fdb.tuple.__all__)


@pytest.mark.parametrize(
    ("variable", "module"), [("0", "fdb._tuple.codec"), ("1", "fdb._tuple.pure")]
)
def test_choice_of_codec(output_of, variable, module):
    code = "import fdb.tuple; print(fdb.tuple.pack.__module__, fdb.tuple.pack(('a',)))"
    assert output_of(code, variable) == f"{module} b'\\x02a\\x00'"


@pytest.mark.parametrize("pure", ["0", "1"])
def test_before_an_api_version_is_selected(output_of, pure):
    code = "import fdb.tuple as t; print(t.pack((True,)).hex(), t.pack_with_versionstamp((t.Versionstamp(),))[-4:].hex())"
    assert output_of(code, pure) == "27 01000000"


@pytest.mark.parametrize("pure", ["0", "1"])
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (490, "1501 14 Invalid API version 490 for boolean types 0100"),
        (500, "27 26 True 0100"),
        (510, "27 26 True 0100"),
        (520, "27 26 True 01000000"),
        (740, "27 26 True 01000000"),
    ],
)
def test_differences_between_api_versions(output_of, pure, version, expected):
    code = f"""
import fdb, fdb.tuple as t
t.pack((True,))
fdb.api_version({version})
try:
    decoded = t.unpack(b"\\x27")[0]
except ValueError as error:
    decoded = error
suffix = t.pack_with_versionstamp((t.Versionstamp(),))[13:].hex()
print(t.pack((True,)).hex(), t.pack((False,)).hex(), decoded, suffix)
"""
    assert output_of(code, pure) == expected


@pytest.mark.parametrize("pure", ["0", "1"])
def test_position_beyond_two_bytes_below_520(output_of, pure):
    code = """
import fdb, fdb.tuple as t
fdb.api_version(510)
try:
    t.pack_with_versionstamp((t.Versionstamp(),), b"x" * 65535)
except ValueError as error:
    print(error)
"""
    expected = "Versionstamp position 65536 does not fit in 2 bytes"
    assert output_of(code, pure) == expected
