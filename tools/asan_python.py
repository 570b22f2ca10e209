"""Runs tests with the C extensions under AddressSanitizer, UBSan and LeakSanitizer.

    python tools/asan_python.py [TESTS ...]

The extensions are compiled with the sanitizers into a copy of the package below build/, whose tests
are run with Python's allocator replaced by malloc, so that every object is a block of its own. After
the tests, before the interpreter ends and drops things in its own way, every leak is reported in whose
allocation one of the extensions had a part.

This file is pytest's plugin too, which starts the search for leaks.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "asan-python"
TREE = BUILD / "tree"
REPORTS = BUILD / "reports"

FLAGS = (
    "-shared -fPIC -std=gnu11 -O1 -g -Wall -fvisibility=hidden -fno-omit-frame-pointer "
    "-fsanitize=address,undefined -fno-sanitize-recover=all"
).split()
EXTENSIONS = {
    "_native/extension": ["native/binding/*.c", "native/shim/*.c"],
    "_tuple/codec": ["native/tuple/*.c"],
    "_native/_cffi": ["native/shim/library.c", "build/asan-python/cffi.c"],
}
#: A frame of theirs in a report.
OURS = re.compile(r"^ +#\d+ .* " + re.escape(str(ROOT / "native")) + "/", re.MULTILINE)

#: The tests that exercise native/.
TESTS = """
    native/test_lifetimes.py native/test_memory.py native/test_extension.py native/test_closing.py
    native/test_awaiting.py native/test_transactional_call.py
    observing/test_observation.py
    test_future.py test_values.py tuple waiting/test_asyncio_model.py waiting/test_ended_loops.py
""".split()
#: Without those that do only more of the same, those that mostly start interpreters, and without
#: greenlets, which move stacks about in a way that the sanitizer takes for an error.
LEFT_OUT = (
    "not gevent and not hub and not uvloop and not sort_as and not agree_on_bytes and not written "
    "and not beyond_any_stack and not many_runs and not between_api_versions and not below_520 "
    "and not choice_of_codec and not is_selected"
)


def main() -> int:
    """Builds, runs the tests, looks for leaks."""
    make_tree()
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    for name, patterns in EXTENSIONS.items():
        compile_extension(compiler, name, patterns)
    environment = sanitized_environment(compiler)
    tests = sys.argv[1:] or ["-k", LEFT_OUT, *(f"tests/{name}" for name in TESTS)]
    # pytest's own handler of a crash would come before the sanitizer's.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:faulthandler", "-p", "asan_python"]
    outcome = subprocess.run([*command, *tests], cwd=TREE, env=environment, check=False)
    return judge(outcome.returncode)


def make_tree() -> None:
    """Copies what the tests need; Python finds the package there, as it looks where it is run."""
    shutil.rmtree(BUILD, ignore_errors=True)
    for name in ("fdb", "tests", "vendor"):
        shutil.copytree(
            ROOT / name,
            TREE / name,
            ignore=shutil.ignore_patterns(
                "__pycache__", "extension.*.so", "codec.*.so", "_cffi.*.so"
            ),
            symlinks=True,
        )
    shutil.copy2(ROOT / "pyproject.toml", TREE)


def compile_extension(compiler: list[str], name: str, patterns: list[str]) -> None:
    """Compiles an extension with the sanitizers into the copy."""
    if name == "_native/_cffi":
        subprocess.run(
            [sys.executable, ROOT / "native" / "build_ffi.py", BUILD / "cffi.c"], check=True
        )
    sources = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    includes = [ROOT / "native", ROOT / "vendor" / "fdb_c_headers", sysconfig.get_path("include")]
    output = TREE / "fdb" / (name + sysconfig.get_config_var("EXT_SUFFIX"))
    subprocess.run(
        [
            *compiler,
            *FLAGS,
            *(f"-I{path}" for path in includes),
            *sources,
            "-o",
            output,
            "-lpthread",
        ],
        check=True,
    )


def sanitized_environment(compiler: list[str]) -> dict[str, str]:
    """Returns the environment in which Python has the sanitizers' run time."""

    def library(name: str) -> str:
        command = [*compiler, f"-print-file-name={name}"]
        path = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        if not os.path.isabs(path):
            sys.exit(f"error: {compiler[0]} has no {name} to load before Python: use GCC")
        return path

    REPORTS.mkdir()
    return {
        **os.environ,
        # The C++ library too: the run time looks for what it intercepts in it only once.
        "LD_PRELOAD": f"{library('libasan.so')} {library('libstdc++.so')}",
        "PYTHONMALLOC": "malloc",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(ROOT / "tools"),
        "ASAN_OPTIONS": ":".join(
            (
                "leak_check_at_exit=0",
                "allocator_may_return_null=1",
                # Python has no frame pointers; the nearest callers tell whose an allocation is.
                "fast_unwind_on_malloc=0",
                "malloc_context_size=8",
                f"log_path={REPORTS}/report",
            )
        ),
        # The search in thread-local storage crashes with glibc 2.36 and GCC 12.
        "LSAN_OPTIONS": "use_tls=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }


def pytest_configure() -> None:
    """Has random tests try less, and take their time: everything is some ten times slower."""
    import hypothesis

    hypothesis.settings.register_profile(
        "sanitized", max_examples=10, suppress_health_check=list(hypothesis.HealthCheck)
    )
    hypothesis.settings.load_profile("sanitized")


def pytest_unconfigure() -> None:
    """Has the sanitizer look for leaks when nothing but what Python still knows should be left."""
    gc.collect()
    ctypes.CDLL(None).__lsan_do_recoverable_leak_check()


def judge(outcome: int) -> int:
    """Prints the errors and the leaks of native/ that were found; returns the exit code."""
    texts = [path.read_text(errors="replace") for path in sorted(REPORTS.iterdir())]
    errors = [text for text in texts if "LeakSanitizer: detected memory leaks" not in text]
    leaks = [
        leak
        for text in texts
        for leak in re.findall(r"^Direct leak of .*?(?=^\s*$)", text, re.DOTALL | re.MULTILINE)
        if OURS.search(leak)
    ]
    for found in (*errors, *leaks):
        print(found)
    print(f"{len(errors)} errors and {len(leaks)} leaks of native/")
    return outcome or (1 if errors or leaks else 0)


if __name__ == "__main__":
    sys.exit(main())
