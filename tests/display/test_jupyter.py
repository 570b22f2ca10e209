"""The package in a Jupyter kernel, where an asyncio loop runs in every cell: what cells show, `await`, and interrupted cells."""

from __future__ import annotations

import os
import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.paths import ROOT
from helpers.tools import needs

#: For what comes at once, unless the machine is busy.
SECONDS = 60.0

BEGIN = """
import asyncio, fdb
fdb.api_version(740)
db = fdb.open("memory:jupyter")
users = fdb.Subspace(("users",))
for number in range(30):
    db[users.pack((number,))] = b"%d" % number
async_db = fdb.open("memory:jupyter", event_model="asyncio")
"""


#: A cell of the guide, and what it prints.
_BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


class Cell:
    """What has come of a cell."""

    def __init__(self) -> None:
        #: What it has shown, by MIME type.
        self.shown: dict[str, Any] = {}
        self.printed = ""
        #: The name of the exception that it ended with, and its text.
        self.error: tuple[str, str] | None = None


class Kernel:
    """A Jupyter kernel of this package. One cell at a time."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._client = manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=SECONDS)

    def run(self, code: str, interrupt_at: str | None = None) -> Cell:
        """Runs a cell to its end; `interrupt_at` is what it prints when it is to be interrupted, as by the button."""
        number = self._client.execute(code)
        cell = Cell()
        while True:
            message = self._client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != number:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                cell.printed += content["text"]
                if interrupt_at is not None and interrupt_at in cell.printed:
                    self._manager.interrupt_kernel()
                    # In a cell that awaits, ipykernel notes a signal and acts on it when its loop is woken the next time.
                    self._client.kernel_info()
                    interrupt_at = None
            elif kind in ("execute_result", "display_data"):
                cell.shown = content["data"]
            elif kind == "error":
                cell.error = content["ename"], content["evalue"]
            elif kind == "status" and content["execution_state"] == "idle":
                return cell

    def close(self) -> None:
        """Ends the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    needs("ipykernel")
    manager = needs("jupyter_client").KernelManager()
    home = tmp_path_factory.mktemp("home")
    manager.start_kernel(
        cwd=str(home),
        env={**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(home), "HOME": str(home)},
        extra_arguments=["--HistoryManager.enabled=False"],
    )
    kernel = Kernel(manager)
    try:
        assert kernel.run(BEGIN).error is None
        yield kernel
    finally:
        kernel.close()


def test_the_kernel_runs_this_python(kernel: Kernel) -> None:
    printed = kernel.run("import sys; print(sys.executable, fdb.__file__)").printed.split()
    assert [pathlib.Path(path) for path in printed] == [
        pathlib.Path(sys.executable),
        ROOT / "fdb" / "__init__.py",
    ]


@pytest.mark.parametrize(
    ("code", "in_html", "in_text"),
    [
        ("db", "<b>Database", "<Database 'memory:jupyter'>"),
        ("db[users.range()]", "<b>30 rows", "[('users', 0): 0,"),
        ("db[users.range()][0]", "<b>KeyValue", "('users', 0): 0"),
        ("db.create_transaction()[users.range()]", "More: for key, value in rows", "<FDBRange"),
        ("db.scan(users)", "These rows come next", "<Scan of"),
        ("fdb.Collector()", "Collector of 0 transactions", "function  count"),
        ("db.status()", "<b>Status", "<Status available=True"),
        ("async_db", "Asynchronous: await", "<AsyncDatabase"),
        ("async_db.create_transaction()[:]", "Asynchronous: await rows", "<FDBRange"),
        ("await async_db[users.range()]", "<b>30 rows", "[('users', 0): 0,"),
    ],
)
def test_what_a_cell_shows(kernel: Kernel, code: str, in_html: str, in_text: str) -> None:
    cell = kernel.run(code)
    assert cell.error is None
    assert in_html in cell.shown["text/html"]
    assert cell.shown["text/plain"].startswith(in_text)


def test_await_in_cells(kernel: Kernel) -> None:
    assert kernel.run("await async_db.get(users.pack((7,)))").shown["text/plain"] == "b'7'"
    cell = kernel.run(
        "tr = async_db.create_transaction()\n"
        "print(await tr[users.pack((8,))], len(await tr[users.range()]))\n"
        "print(len([row async for row in async_db.scan(users)]), await async_db.count(users))"
    )
    assert (cell.error, cell.printed) == (None, "b'8' 30\n30 30\n")


def test_a_transactional_function_of_a_cell(kernel: Kernel) -> None:
    cell = kernel.run(
        "@fdb.transactional\n"
        "async def double(tr, key):\n"
        "    value = int(await tr[key]) * 2\n"
        "    tr[key] = b'%d' % value\n"
        "    return value\n"
        "print(await double(async_db, users.pack((9,))), db[users.pack((9,))])\n"
        "db[users.pack((9,))] = b'9'"
    )
    assert (cell.error, cell.printed) == (None, "18 b'18'\n")


def test_a_task_goes_on_between_cells(kernel: Kernel) -> None:
    kernel.run(
        "async def wait_for(key):\n"
        "    watch = await async_db.set_and_watch(key, b'old')\n"
        "    ready.set()\n"
        "    await watch\n"
        "    return await async_db.get(key)\n"
        "ready = asyncio.Event()\n"
        "task = asyncio.create_task(wait_for(b'watched'))\n"
        "await ready.wait()"
    )
    assert kernel.run("task.done()").shown["text/plain"] == "False"
    kernel.run("db[b'watched'] = b'new'")
    assert kernel.run("await task").shown["text/plain"] == "b'new'"


def test_blocking_with_the_asyncio_model_is_refused(kernel: Kernel) -> None:
    cell = kernel.run("async_db.create_transaction()[b'k'].wait()")
    assert cell.error is not None and cell.error[0] == "RuntimeError"
    assert "await the future" in cell.error[1]


@pytest.mark.parametrize(
    "wait", ["db.get_and_watch(b'k')[1].wait()", "await (await async_db.get_and_watch(b'k'))[1]"]
)
def test_a_cell_that_waits_is_interrupted(kernel: Kernel, wait: str) -> None:
    cell = kernel.run(f"print('waiting', flush=True)\n{wait}", interrupt_at="waiting")
    assert cell.error is not None and cell.error[0] in ("KeyboardInterrupt", "CancelledError")
    # The kernel and both databases go on.
    assert (
        kernel.run("db[users.pack((1,))], await async_db[users.pack((1,))]").shown["text/plain"]
        == "(b'1', b'1')"
    )


def test_a_picture_of_a_database_that_does_not_answer(kernel: Kernel) -> None:
    cell = kernel.run(
        "import fdb._display.glimpse as glimpse\n"
        "usual, glimpse.SECONDS = glimpse.SECONDS, 0.05\n"
        "fdb.embedded.set_latency(db, 60, 60)\n"
        "db"
    )
    kernel.run("fdb.embedded.set_latency(db, None); glimpse.SECONDS = usual")
    assert "did not answer within 0.05 s" in cell.shown["text/html"]


def test_frames_in_cells(kernel: Kernel) -> None:
    needs("pandas")
    cell = kernel.run(
        "db.scan(users).to_frame(['number'], within=users, decode=int, library='pandas')"
    )
    assert cell.error is None and "<table" in cell.shown["text/html"]
    cell = kernel.run(
        "frame = await async_db.scan(users).to_frame(['number'], within=users, decode=int, library='pandas')\n"
        "int(frame.number.sum()), int(frame.value.sum())"
    )
    assert cell.shown["text/plain"] == f"({sum(range(30))}, {sum(range(30))})"


def test_the_cells_of_the_guide(kernel: Kernel) -> None:
    needs("pandas")
    needs("polars")
    blocks = _BLOCK.findall((ROOT / "docs" / "guides" / "notebooks.md").read_text())
    assert len(blocks) == 4
    for code, printed in blocks:
        cell = kernel.run(code)
        assert (cell.error, cell.printed) == (None, printed), code
    assert kernel.run(BEGIN).error is None
