"""Several interpreters in one process: the first to import fdb has it, the others are refused."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

import pytest

import fdb
from helpers.processes import RunPython

PRELUDE = """
import sys
import _testcapi

REFUSED = '''
try:
    import fdb
except ImportError as error:
    print("refused:", error)
else:
    print("imported")
'''

def in_another(code):
    assert _testcapi.run_in_subinterp(code) == 0
    sys.stdout.flush()
"""
#: Where other interpreters find the package, which do not all look into the current directory.
PATH = {"PYTHONPATH": str(pathlib.Path(fdb.__file__).resolve().parents[1])}

needs_testcapi = pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None, reason="this Python has no _testcapi"
)


@needs_testcapi
def test_a_second_interpreter_is_refused_and_the_first_goes_on(run_python: RunPython) -> None:
    outcome = run_python(
        PRELUDE
        + """
import fdb
fdb.api_version(740)
db = fdb.open("memory:")
in_another(REFUSED)
in_another(REFUSED)
try:
    db.create_transaction().on_error(2000).wait()
except fdb.FDBError as error:
    print("caught", error.code)
db[b"k"] = b"v"
print(type(db.create_transaction()[b"k"]) is fdb.Value, db[:][0])
""",
        environment=PATH,
    )
    assert outcome.returncode == 0
    lines = outcome.stdout.splitlines()
    assert len(lines) == 4
    for line in lines[:2]:
        assert line.startswith("refused:") and "another interpreter" in line
    assert lines[2:] == ["caught 2000", "True b'k': b'v'"]


@needs_testcapi
def test_the_first_need_not_be_the_main_interpreter(run_python: RunPython) -> None:
    outcome = run_python(
        PRELUDE
        + """
in_another('''
import fdb
fdb.api_version(740)
db = fdb.open("memory:")
db[b"k"] = b"v"
print(db[b"k"])
''')
exec(REFUSED)
""",
        environment=PATH,
    )
    assert outcome.returncode == 0
    used, refused = outcome.stdout.splitlines()
    assert used == "b'v'"
    assert refused.startswith("refused:") and "or was used" in refused


@pytest.mark.skipif(sys.version_info < (3, 12), reason="one lock for all interpreters")
def test_an_interpreter_with_a_lock_of_its_own_is_refused(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import sys
        if sys.version_info >= (3, 13):
            import _interpreters
            interpreter = _interpreters.create()
            failed = _interpreters.run_string(interpreter, "import fdb")
            print(failed.type.__name__, failed.msg)
        else:
            import _xxsubinterpreters
            interpreter = _xxsubinterpreters.create()
            try:
                _xxsubinterpreters.run_string(interpreter, "import fdb")
            except _xxsubinterpreters.RunFailedError as error:
                print(error)
        import fdb
        fdb.api_version(740)
        print(fdb.open("memory:")[b"k"])
        """,
        environment=PATH,
    )
    assert outcome.returncode == 0
    refused, used = outcome.stdout.splitlines()
    assert "ImportError" in refused and "fdb._native.extension" in refused
    assert used == "None"


def test_importing_it_again_in_the_same_interpreter(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import sys
        import fdb
        for name in [name for name in sys.modules if name.split(".")[0] == "fdb"]:
            del sys.modules[name]
        import fdb
        fdb.api_version(740)
        print(fdb.open("memory:")[b"k"])
        """
    )
    assert outcome.returncode == 0 and outcome.stdout == "None\n"
