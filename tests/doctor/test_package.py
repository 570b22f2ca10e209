"""fdb/_doctor/package.py: whose the files of a folder are, and whether they are all there."""

from __future__ import annotations

import importlib.machinery
import os
import pathlib

import pytest

from fdb._doctor.finding import Finding
from fdb._doctor.package import PACKAGE, findings
from helpers.installations import install

#: Files with the names of the C extensions.
EXTENSIONS = {
    f"fdb/{name}{importlib.machinery.EXTENSION_SUFFIXES[0]}": name
    for name in ("_native/_cffi", "_native/extension", "_tuple/codec")
}
OURS: dict[str, str | None] = {"fdb/__init__.py": "ours", "fdb/impl.py": "ours", **EXTENSIONS}


@pytest.fixture
def site(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder in which this package is installed."""
    site = tmp_path.resolve() / "site"
    install(site, "foundationdb-cffi", "0.1.0", OURS)
    return site


def found(site: pathlib.Path, *before: pathlib.Path) -> list[Finding]:
    places = [str(place) for place in (*before, site)]
    return list(findings(str(site / "fdb"), places))


def wrong(seen: list[Finding]) -> dict[str, Finding]:
    return {each.subject: each for each in seen if each.level != "ok"}


def test_an_installation_in_order(site: pathlib.Path) -> None:
    seen = found(site)
    assert wrong(seen) == {}
    assert [each.subject for each in seen] == ["distributions", "package-files"]
    assert "all 5 files of foundationdb-cffi 0.1.0" in seen[1].text


def test_this_source_tree() -> None:
    assert wrong(list(findings(PACKAGE, [os.path.dirname(PACKAGE)]))) == {}


def test_two_distributions_over_one_folder(site: pathlib.Path) -> None:
    install(site, "foundationdb", "7.4.8", {"fdb/__init__.py": "theirs", "fdb/impl.py": "theirs"})
    seen = wrong(found(site))
    assert seen.keys() == {"distributions", "package-files"}
    owners = seen["distributions"]
    assert owners.level == "problem"
    assert owners.text == (
        f"foundationdb 7.4.8 and foundationdb-cffi 0.1.0 have files in one folder, {site / 'fdb'}"
    )
    first, second, third = (owners.way_out or "").splitlines()
    assert first == "python -m pip uninstall --yes foundationdb"
    assert "--force-reinstall" in second and "stand-in" in third
    assert "fdb/__init__.py (changed), fdb/impl.py (changed)" in seen["package-files"].text


def test_a_distribution_of_another_kind(site: pathlib.Path) -> None:
    """The driver of another database has a folder of this name, too."""
    install(site, "FDB", "2.0.2", {"fdb/fbcore.py": "theirs"})
    owners = wrong(found(site))["distributions"]
    assert "fdb 2.0.2 and foundationdb-cffi" in owners.text
    assert "uninstall --yes fdb" in (owners.way_out or "") and "stand-in" not in str(owners.way_out)


def test_the_stand_in_has_no_files_here(site: pathlib.Path) -> None:
    install(site, "foundationdb", "7.4.8+cffi", {}, requires=("foundationdb-cffi",))
    assert wrong(found(site)) == {}


def test_the_official_package_alone(tmp_path: pathlib.Path) -> None:
    site = tmp_path.resolve()
    install(site, "foundationdb", "7.4.8", {"fdb/__init__.py": "theirs", **EXTENSIONS})
    (owners,) = wrong(found(site)).values()
    assert "of foundationdb 7.4.8, not of foundationdb-cffi" in owners.text


def test_what_pip_has_left_of_others(site: pathlib.Path) -> None:
    """Folders without anything, and lists that cannot be read."""
    (site / "~alf_installed-1.0.dist-info").mkdir()
    install(site, "garbled", "1.0", {"garbled.py": "theirs"})
    (site / "garbled-1.0.dist-info" / "RECORD").write_bytes(b"\xff\xfe\x00fdb/x.py,,")
    assert wrong(found(site)) == {}


def test_files_that_are_missing(site: pathlib.Path) -> None:
    for name in ("__init__.py", "impl.py"):
        (site / "fdb" / name).unlink()
    files = wrong(found(site))["package-files"]
    assert files.level == "problem"
    assert "fdb/__init__.py (missing), fdb/impl.py (missing)" in files.text


def test_many_wrong_files_are_counted(tmp_path: pathlib.Path) -> None:
    site = tmp_path.resolve()
    more: dict[str, str | None] = {f"fdb/m{n}.py": "ours" for n in range(9)}
    install(site, "foundationdb-cffi", "0.1.0", {**OURS, **more})
    for name in more:
        (site / name).write_text("other")
    assert "and 6 more" in wrong(found(site))["package-files"].text


def test_extensions_of_another_python(site: pathlib.Path) -> None:
    for name in EXTENSIONS:
        (site / name).rename(site / f"{name.partition('.')[0]}.cpython-399-x86_64-linux-gnu.so")
    texts = [each.text for each in found(site) if each.subject == "extensions"]
    assert len(texts) == 3
    assert "fdb._native.extension was not built for this Python" in texts[1]
    assert "there is extension.cpython-399-x86_64-linux-gnu.so" in texts[1]


@pytest.mark.parametrize("name", ["fdb.py", "fdb/__init__.py"])
def test_another_module_of_the_name(site: pathlib.Path, tmp_path: pathlib.Path, name: str) -> None:
    other = tmp_path / "other"
    (other / name).parent.mkdir(parents=True)
    (other / name).write_text("")
    before = wrong(found(site, other))["path"]
    assert before.level == "problem"
    assert before.text.startswith(f"import fdb finds {other / name.removesuffix('/__init__.py')}")
    after = wrong(list(findings(str(site / "fdb"), [str(site), str(other)])))["path"]
    assert after.level == "warning" and str(other) in after.text


def test_the_console_script_is_no_other_module(site: pathlib.Path, tmp_path: pathlib.Path) -> None:
    scripts = tmp_path / "bin"
    scripts.mkdir()
    (scripts / "fdb").write_text("#!/usr/bin/env python3\n")
    assert "path" not in wrong(found(site, scripts))
