"""FDB_EMBEDDED_FAULTS and client_buggify: faults for programs that know nothing of them, and how to have them again."""

from __future__ import annotations

import re

import pytest

from helpers.processes import RunPython

#: Prints the code of every commit, and what is there in the end.
COMMITS = """
import fdb
fdb.api_version(740)
db = fdb.open("memory:")
codes = []
for number in range(60):
    tr = db.create_transaction()
    tr[b"%d" % number] = b"1"
    try:
        tr.commit().wait()
        codes.append(0)
    except fdb.FDBError as error:
        codes.append(error.code)
print(codes)
"""
#: The same, after the program itself has asked for it as it may of a cluster's client.
BUGGIFIED = COMMITS.replace(
    "db = ",
    "fdb.options.set_client_buggify_enable()\n"
    "fdb.options.set_client_buggify_section_activated_probability(100)\ndb = ",
)
RULES = "not_committed:p=0.2;commit_unknown_result:p=0.2"


def test_what_is_printed_has_the_same_faults_again(run_python: RunPython) -> None:
    first = run_python(COMMITS, environment={"FDB_EMBEDDED_FAULTS": RULES})
    codes = set(re.findall(r"\d+", first.stdout))
    assert codes == {"0", "1020", "1021"}
    told = re.search(r"FDB_EMBEDDED_FAULTS='(.*)'", first.stderr)
    assert told
    assert told[1].startswith(RULES)
    second = run_python(COMMITS, environment={"FDB_EMBEDDED_FAULTS": told[1]})
    assert second.stdout == first.stdout
    assert not second.stderr


def test_buggify_tells_rules_that_do_the_same(run_python: RunPython) -> None:
    first = run_python(BUGGIFIED)
    assert {"0", "1007", "1020", "1021", "1037", "1042", "1051"} >= set(
        re.findall(r"\d+", first.stdout)
    )
    assert "1020" in first.stdout
    told = re.search(r"FDB_EMBEDDED_FAULTS='(.*)'", first.stderr)
    assert told
    second = run_python(COMMITS, environment={"FDB_EMBEDDED_FAULTS": told[1]})
    assert second.stdout == first.stdout


@pytest.mark.parametrize("value", ["not_comitted", "not_committed:p=2", "slow_read"])
def test_a_malformed_variable_is_refused(value: str, run_python: RunPython) -> None:
    # With both variables the error names both.
    environment = {"FDB_EMBEDDED_FAULTS": value, "FDB_EMBEDDED_LATENCY": ""}
    done = run_python(COMMITS, environment=environment)
    assert done.returncode != 0
    assert f"FDB_EMBEDDED_FAULTS={value}: " in done.stderr
    assert f"(2006): FDB_EMBEDDED_FAULTS is {value!r}; known are rules" in done.stderr
    assert "FDB_EMBEDDED_LATENCY" not in done.stderr
