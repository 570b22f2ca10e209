"""Builds the embedded engine, and its C++ tests, with the C++ compiler and nothing else.

    python tools/build_engine.py                        the two libraries, into fdb/embedded/
    python tools/build_engine.py --tests                build and run engine/*/*_test.cc
    python tools/build_engine.py --sanitize=address --tests
    python tools/build_engine.py --check-tools          only look for compiler and headers

Both libraries hold the same objects and differ in name: libfdb_embedded is what this package
loads, lib/libfdb_c is what other programs link with or load.  Their sonames must differ because
the dynamic loader takes a library that is loaded for one that is asked for if the sonames agree,
and their files because one file is one library in a process, with one selected API version: a
program may use this package and, beside it, a binding that loads libfdb_c.  A wheel holds one of them
where fdb/embedded/library_copy.py can make the other.

$CXX names the compiler.  $CPPFLAGS, $CXXFLAGS, $ARCHFLAGS and $LDFLAGS are added to its commands.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENGINE = ROOT / "engine"
MACOS = sys.platform == "darwin"
SUFFIX = ".dylib" if MACOS else ".so"

COMPILE_FLAGS = [
    "-std=c++20",
    "-g1",  # lines, for backtraces; everything would take four times the space, and a sanitizer longer
    "-fPIC",
    "-fvisibility=hidden",
    "-fvisibility-inlines-hidden",
    "-Wall",
    "-Wextra",
    "-pthread",
    f"-I{ROOT / 'vendor' / 'fdb_c_headers'}",
    f"-I{ENGINE}",
]
#: Optimization and checks; an assertion must not abort a program that uses the library.  Warnings
#: are the plain build's business: what sanitizers put into the code makes GCC warn wrongly.
VARIANT_FLAGS = {
    None: ["-O2", "-DNDEBUG"],
    "address": [
        "-O1",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-fno-omit-frame-pointer",
        "-w",
    ],
    "thread": ["-O1", "-fsanitize=thread", "-fno-omit-frame-pointer", "-w"],
}
BUILD_DIRECTORIES = {None: "engine", "address": "engine-asan", "thread": "engine-tsan"}
SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1",
    # A node of the store points to its blobs from places that are not aligned.
    "LSAN_OPTIONS": "use_unaligned=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
TEST_TIMEOUT_SECONDS = 600
#: What most sources include: builds for tests have it read once.  The libraries' own build does without, and so notices a
#: source that forgets one of them.
STANDARD_HEADERS = (
    *("algorithm", "array", "atomic", "cstdint", "cstring", "functional", "map", "memory", "mutex", "new"),
    *("optional", "set", "string", "string_view", "thread", "utility", "variant", "vector"),
)  # fmt: skip


class BuildError(Exception):
    """A build that failed; the text is for the user."""


def find_compiler() -> list[str]:
    """Returns the C++ compiler's command: $CXX, or the first one that is installed."""
    configured = os.environ.get("CXX")
    candidates = [configured] if configured else ["g++", "c++", "clang++"]
    for candidate in candidates:
        command = shlex.split(candidate)
        if command and shutil.which(command[0]):
            return command
    raise BuildError(
        f"no C++ compiler ({', '.join(candidates)}): install g++ "
        "(Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install)"
    )


def environment_flags(*names: str) -> list[str]:
    """Returns the flags that the user put into environment variables, in the order of `names`."""
    return [flag for name in names for flag in shlex.split(os.environ.get(name, ""))]


def check_python_headers() -> None:
    """Raises BuildError unless the running Python can compile extensions."""
    directory = pathlib.Path(sysconfig.get_path("include"))
    if not (directory / "Python.h").exists():
        raise BuildError(
            f"no Python.h in {directory}: install the headers of Python "
            "(Debian, Ubuntu: apt-get install python3-dev; Fedora: dnf install python3-devel)"
        )


def check_c_compiler() -> None:
    """Raises BuildError unless there is a C compiler for Python's extensions."""
    configured = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    if not shutil.which(shlex.split(configured)[0]) and not shutil.which("cc"):
        raise BuildError(
            f"no C compiler ({configured}): install gcc "
            "(Debian, Ubuntu: apt-get install gcc; Fedora: dnf install gcc; macOS: xcode-select --install)"
        )


@contextlib.contextmanager
def _locked(directory: pathlib.Path) -> Iterator[None]:
    """Keeps two builds from writing the same objects."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class EngineBuild:
    """One variant of the engine: its flags, its directory of objects."""

    def __init__(self, sanitizer: str | None, *, werror: bool, jobs: int) -> None:
        self.sanitizer = sanitizer
        self.directory = ROOT / "build" / BUILD_DIRECTORIES[sanitizer]
        self.werror = werror
        self.jobs = jobs
        self.compiler = find_compiler()
        self.flags = COMPILE_FLAGS + VARIANT_FLAGS[sanitizer]
        self.flags += environment_flags("CPPFLAGS", "CXXFLAGS", "ARCHFLAGS")
        # dlopen(), for SQLite, is in a library of its own before glibc 2.34.
        self.link_flags = ["-ldl", *environment_flags("LDFLAGS")]
        self._precompiled: list[str] = []

    def sources(self) -> list[pathlib.Path]:
        """Returns the engine's own sources, without tests."""
        return sorted(p for p in ENGINE.glob("*/*.cc") if not p.stem.endswith("_test"))

    def tests(self) -> list[pathlib.Path]:
        """Returns the test sources; each has a main() that returns 0 when it passes."""
        return sorted(ENGINE.glob("*/*_test.cc"))

    def compile(self, sources: Sequence[pathlib.Path]) -> list[pathlib.Path]:
        """Compiles what is out of date and returns the objects of `sources`."""
        self._forget_what_other_flags_made()
        if self.sanitizer:
            self._precompile_headers()
        stale = [source for source in sources if self._is_stale(source)]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            failures = [text for text in pool.map(self._compile_one, stale) if text]
        if failures:
            raise BuildError("\n".join(failures))
        if self.werror:
            self._refuse_warnings(sources)
        return [self._object(source) for source in sources]

    def needs_link(self, inputs: Sequence[pathlib.Path], path: pathlib.Path) -> bool:
        """Whether `path` is missing, or older than what it is linked from or with."""
        made_from = [*inputs, self.directory / "link.txt"]
        newest = max(source.stat().st_mtime for source in made_from)
        return not path.exists() or path.stat().st_mtime <= newest

    def link_library(
        self, objects: Sequence[pathlib.Path], path: pathlib.Path, *, strip: bool
    ) -> None:
        """Links a shared library that exports the C ABI only.

        `strip` leaves the lines of the source out; the names of functions stay, for backtraces.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        # A program may have the old file mapped: a new file takes its name, none is overwritten.
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        if MACOS:
            exports = self.directory / "exports.txt"
            exports.write_text("_fdb_*\n")
            options = ["-dynamiclib", f"-Wl,-install_name,@rpath/{path.name}"]
            options += [f"-Wl,-exported_symbols_list,{exports}"]
        else:
            exports = self.directory / "exports.map"
            exports.write_text("{ global: fdb_*; local: *; };\n")
            options = ["-shared", f"-Wl,-soname,{path.name}", f"-Wl,--version-script={exports}"]
            options += ["-Wl,-Bsymbolic", "-Wl,-z,nodelete"]
            if not self.sanitizer:  # a sanitizer's run time stays undefined in libraries
                options.append("-Wl,-z,defs")
        if strip:
            options.append("-Wl,-S")
        self._link([*options, *map(str, objects)], fresh)
        fresh.replace(path)

    def link_test(self, test: pathlib.Path, objects: Sequence[pathlib.Path]) -> pathlib.Path:
        """Links one test with the engine and returns the program."""
        program = self.directory / test.stem
        inputs = [self._object(test), *objects]
        if self.needs_link(inputs, program):
            self._link([str(path) for path in inputs], program)
        return program

    def _link(self, arguments: list[str], output: pathlib.Path) -> None:
        flags = [flag for flag in self.flags if not flag.startswith("-I")]
        self._run([*self.compiler, *flags, *arguments, *self.link_flags, "-o", str(output)])

    def _object(self, source: pathlib.Path) -> pathlib.Path:
        return self.directory / source.relative_to(ENGINE).with_suffix(".o")

    def _precompile_headers(self) -> None:
        """Makes the compiler's own form of the standard headers; a compiler that cannot reads them as ever."""
        header = self.directory / "standard_headers.h"
        precompiled = header.with_name(header.name + ".gch")
        includes = "".join(f"#include <{name}>\n" for name in STANDARD_HEADERS)
        if self._has_changed(header.name, includes) or not precompiled.exists():
            command = [*self.compiler, *self.flags, "-x", "c++-header", str(header)]
            self._run([*command, "-o", str(precompiled)])
        self._precompiled = ["-include", str(header)]

    def _is_stale(self, source: pathlib.Path) -> bool:
        """Whether the object of a source is missing or older than a file it was made from."""
        compiled, listing = self._object(source), self._object(source).with_suffix(".d")
        if not compiled.exists() or not listing.exists():
            return True
        rule = listing.read_text().replace("\\\n", " ")
        made = compiled.stat().st_mtime
        for name in shlex.split(rule.partition(":")[2]):
            path = pathlib.Path(name)
            if not path.exists() or path.stat().st_mtime >= made:
                return True
        return False

    def _compile_one(self, source: pathlib.Path) -> str:
        """Compiles one source; returns the compiler's messages if it failed."""
        # An object that exists is complete and no newer than its sources: it is named last.
        compiled = self._object(source)
        compiled.parent.mkdir(exist_ok=True)
        partial = compiled.with_suffix(".partial.o")
        started = time.time()
        command = [*self.compiler, *self.flags, *self._precompiled]
        command += ["-MMD", "-MF", str(compiled.with_suffix(".d"))]
        command += ["-c", str(source), "-o", str(partial)]
        print(f"  compile {source.relative_to(ROOT)}", flush=True)
        result = subprocess.run(command, capture_output=True, text=True)
        if result.stderr:
            print(result.stderr, file=sys.stderr, end="")
        if result.returncode:
            return f"{source.relative_to(ROOT)} does not compile"
        compiled.with_suffix(".warnings").write_text(result.stderr)
        os.utime(partial, (started, started))
        partial.replace(compiled)
        return ""

    def _refuse_warnings(self, sources: Sequence[pathlib.Path]) -> None:
        """Raises BuildError if a source had warnings when it was compiled, now or earlier."""
        logs = [self._object(source).with_suffix(".warnings").read_text() for source in sources]
        if any(logs):
            raise BuildError("".join(logs) + "warnings are errors (--werror)")

    def _forget_what_other_flags_made(self) -> None:
        """Removes the objects if they were made with another compiler or other flags.

        What was linked with other flags is linked again: it is older than the note about them.
        """
        version = subprocess.run([*self.compiler, "--version"], capture_output=True, text=True)
        compiled = " ".join([*self.compiler, *self.flags]) + "\n" + version.stdout
        if self._has_changed("command.txt", compiled):
            for old in [*self.directory.rglob("*.o"), *self.directory.glob("*.gch")]:
                old.unlink()
        self._has_changed("link.txt", " ".join(self.link_flags) + "\n")

    def _has_changed(self, name: str, text: str) -> bool:
        """Notes a text in the directory of objects and returns whether another one was there."""
        note = self.directory / name
        if note.exists() and note.read_text() == text:
            return False
        note.write_text(text)
        return True

    def _run(self, command: list[str]) -> None:
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise BuildError(f"{result.stderr}{pathlib.Path(command[-1]).name} does not link")


def library_paths(output: pathlib.Path, *, wheel: bool = False) -> list[pathlib.Path]:
    """Returns where the libraries go below the package's `embedded` directory.

    They are two, but for a wheel of a system with ELF: there libfdb_c is made of the other when it is asked for. The
    signature of a dylib would not survive that.
    """
    libraries = [output / f"libfdb_embedded{SUFFIX}", output / "lib" / f"libfdb_c{SUFFIX}"]
    return libraries[:1] if wheel and not MACOS else libraries


def build_libraries(
    output: pathlib.Path,
    *,
    sanitizer: str | None = None,
    werror: bool = False,
    jobs: int = 2,
    wheel: bool = False,
) -> None:
    """Builds the engine's libraries below `output`, for a wheel without lines of source; raises BuildError."""
    build = EngineBuild(sanitizer, werror=werror, jobs=jobs)
    with _locked(build.directory):
        objects = build.compile(build.sources())
        for path in library_paths(output, wheel=wheel):
            if build.needs_link(objects, path):
                print(f"  link    {path.name}", flush=True)
                build.link_library(objects, path, strip=wheel)


def _run_test(program: pathlib.Path) -> str:
    """Runs one test program; returns a line for the user, starting with ok or FAILED."""
    started = time.monotonic()
    environment = {**SANITIZER_ENVIRONMENT, **os.environ}
    try:
        result = subprocess.run(
            [str(program)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TEST_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        output = (error.stdout or b"").decode(errors="replace")
        return f"FAILED  {program.name}: no end after {TEST_TIMEOUT_SECONDS} s\n{output}"
    elapsed = time.monotonic() - started
    if result.returncode == 0:
        return f"ok      {program.name} ({elapsed:.1f} s)"
    output = result.stdout.decode(errors="replace")
    return f"FAILED  {program.name}: exit code {result.returncode} ({elapsed:.1f} s)\n{output}"


def build_tests(build: EngineBuild, only: str) -> list[pathlib.Path]:
    """Builds the tests whose name contains `only` and returns the programs."""
    tests = [test for test in build.tests() if only in test.stem]
    with _locked(build.directory):
        objects = build.compile(build.sources())
        build.compile(tests)
        with concurrent.futures.ThreadPoolExecutor(build.jobs) as pool:
            return list(pool.map(lambda test: build.link_test(test, objects), tests))


def run_tests(programs: Sequence[pathlib.Path], jobs: int) -> bool:
    """Runs test programs, `jobs` at a time, and returns whether all passed."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        lines = []
        for line in pool.map(_run_test, programs):
            print(line, flush=True)
            lines.append(line)
    failed = sum(line.startswith("FAILED") for line in lines)
    print(f"engine tests: {len(lines) - failed} passed, {failed} failed")
    return not failed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=pathlib.Path, help="where the libraries go")
    parser.add_argument("--sanitize", choices=["address", "thread"], help="build with a sanitizer")
    parser.add_argument("--tests", action="store_true", help="build and run the C++ tests")
    parser.add_argument("--only", default="", metavar="TEXT", help="tests with TEXT in the name")
    parser.add_argument("--no-run", action="store_true", help="with --tests: only build them")
    parser.add_argument("--werror", action="store_true", help="treat warnings as errors")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="compilers at the same time")
    parser.add_argument("--check-tools", action="store_true", help="look for what a build needs")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    try:
        if arguments.check_tools:
            check_c_compiler()
            find_compiler()
            check_python_headers()
            return 0
        if arguments.tests:
            build = EngineBuild(arguments.sanitize, werror=arguments.werror, jobs=arguments.jobs)
            programs = build_tests(build, arguments.only)
            return 0 if arguments.no_run or run_tests(programs, arguments.jobs) else 1
        default = ROOT / "fdb" / "embedded"
        if arguments.sanitize:
            default = ROOT / "build" / BUILD_DIRECTORIES[arguments.sanitize]
        build_libraries(
            arguments.output or default,
            sanitizer=arguments.sanitize,
            werror=arguments.werror,
            jobs=arguments.jobs,
        )
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
