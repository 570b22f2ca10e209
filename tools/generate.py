"""Writes every file that is derived from vendor/fdb_c_headers, or checks that none is stale.

python tools/generate.py            write the files in place
python tools/generate.py --check    compare, print the differences, exit 1 if there are any
"""

from __future__ import annotations

import argparse
import difflib
import pathlib
import sys
import tempfile

import generate_c
import generate_python
from tables import ROOT, read_errors, read_options


def generated_files() -> dict[str, str]:
    """Returns the text of every generated file by its path relative to the repository."""
    options, errors = read_options(), read_errors()
    functions = generate_c.abi_functions()
    return {
        "vendor/fdb_c_headers/foundationdb/fdb_c_options.g.h": generate_c.option_header(options),
        "vendor/fdb_c_headers/foundationdb/fdb.options": generate_c.option_xml(options),
        "engine/base/generated_errors.inc": generate_c.engine_errors(errors),
        "engine/runtime/generated_options.inc": generate_c.engine_options(options),
        "native/generated/functions.h": generate_c.function_table(functions),
        "native/generated/cdef.h": generate_c.cffi_definitions(functions),
        "fdb/fdboptions.py": generate_python.option_tables(options),
        "fdb/_generated/options.py": generate_python.option_classes(options),
        "fdb/_generated/enumerations.py": generate_python.enumerations(options),
        "fdb/_generated/errors.py": generate_python.error_tables(errors),
        "fdb/_generated/error_codes.py": generate_python.error_names(errors),
    }


def write_files(root: pathlib.Path) -> None:
    """Writes every generated file below `root`; leaves alone those that are current."""
    for name, text in generated_files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")


def differences(fresh: pathlib.Path) -> list[str]:
    """Returns unified diffs between the committed files and those below `fresh`."""
    diffs: list[str] = []
    for name in generated_files():
        committed = ROOT / name
        old = committed.read_text(encoding="utf-8").splitlines() if committed.exists() else []
        new = (fresh / name).read_text(encoding="utf-8").splitlines()
        diffs += difflib.unified_diff(old, new, name, f"{name} (regenerated)", lineterm="")
    return diffs


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if not parser.parse_args().check:
        write_files(ROOT)
        return 0
    with tempfile.TemporaryDirectory() as directory:
        write_files(pathlib.Path(directory))
        diffs = differences(pathlib.Path(directory))
    for line in diffs:
        print(line)
    if diffs:
        print(
            "generated files are stale: run `make generate` and commit the result", file=sys.stderr
        )
    return 1 if diffs else 0


if __name__ == "__main__":
    sys.exit(main())
