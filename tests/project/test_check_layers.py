"""tools/check_layers.py: what it finds in a planted tree, and that it finds nothing in the engine."""

from __future__ import annotations

import pathlib

import check_layers


def plant(directory: pathlib.Path, **files: list[str]) -> list[str]:
    """Writes files that include others, a path's slash written as two underlines, and returns what is found."""
    for name, includes in files.items():
        path = directory / (name.replace("__", "/") + ".h")
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f'#include "{included}"\n' for included in includes))
    return check_layers.check(directory)


def test_the_engine_is_in_order() -> None:
    assert len(check_layers.read_includes(check_layers.ENGINE)) > 100
    assert check_layers.check(check_layers.ENGINE) == []


def test_downward_and_inside_a_folder_is_fine(tmp_path: pathlib.Path) -> None:
    assert plant(tmp_path, txn__a=["txn/b.h", "db/c.h", "base/d.h"], txn__b=["store/e.h"]) == []


def test_upward_is_refused(tmp_path: pathlib.Path) -> None:
    found = plant(tmp_path, db__low=["base/a.h", "txn/high.h"])
    assert found == ["db/low.h: includes txn/high.h, which is in a layer above"]


def test_an_unknown_folder_is_refused(tmp_path: pathlib.Path) -> None:
    found = plant(tmp_path, attic__old=[], db__a=["attic/old.h", "b.h"])
    assert len(found) == 3
    assert found[0].startswith("attic/old.h: is in none of the folders abi, special, ")
    assert found[1] == "db/a.h: includes attic/old.h, which is in no folder of a layer"
    assert found[2] == "db/a.h: includes b.h, which is in no folder of a layer"


def test_sim_is_for_tests(tmp_path: pathlib.Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "a_test.cc").write_text('#include "sim/support.h"\n#include "abi/b.h"\n')
    found = plant(tmp_path, sim__support=["abi/b.h"], base__a=["sim/support.h"])
    assert found == ["base/a.h: includes sim/support.h, which is for tests"]


def test_a_circle_of_headers_is_refused(tmp_path: pathlib.Path) -> None:
    found = plant(tmp_path, db__a=["db/b.h"], db__b=["db/c.h"], db__c=["db/a.h"], db__d=["db/a.h"])
    assert found == ["db/a.h: a circle of includes: db/a.h -> db/b.h -> db/c.h -> db/a.h"]


def test_spaces_and_comments_around_an_include(tmp_path: pathlib.Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "a.cc").write_text(
        '  #  include "db/b.h"  // why\n// #include "abi/c.h"\n#include <abi/d.h>\n'
    )
    assert check_layers.check(tmp_path) == ["base/a.cc: includes db/b.h, which is in a layer above"]
