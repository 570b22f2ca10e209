"""Builds the package: the cffi module, the C extensions and the embedded engine."""

from __future__ import annotations

import pathlib
import re
import shutil
import sys

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))

import build_engine  # noqa: E402  (tools/ is only on the path since the line above)

HEADERS = ROOT / "vendor" / "fdb_c_headers" / "foundationdb"
#: Extension module -> its sources below native/. Compiled for one version of Python, not for all (abi3): of the first, static
#: types are the half, which the limited API has not; the second takes 4 to 15 % more instructions with it, since items of
#: tuples and the characters of a str cost a call each. The third, which cffi makes, is abi3.
EXTENSIONS = {
    "fdb._native.extension": ["binding/*.c", "shim/*.c"],
    "fdb._tuple.codec": ["tuple/*.c"],
}
LIBRARIES = ["dl", "pthread"] if sys.platform.startswith("linux") else []


def version() -> str:
    """Returns the version, whose only place is fdb/_version.py."""
    text = (ROOT / "fdb" / "_version.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if not match:
        raise ValueError("fdb/_version.py has no __version__")
    return match.group(1)


def extensions() -> list[Extension]:
    """Returns the C extensions; setuptools wants paths relative to this directory."""
    native = ROOT / "native"
    headers = sorted(str(path.relative_to(ROOT)) for path in native.rglob("*.h"))
    return [
        Extension(
            name,
            sorted(
                str(path.relative_to(ROOT)) for pattern in patterns for path in native.glob(pattern)
            ),
            include_dirs=["native", str(HEADERS.parent.relative_to(ROOT))],
            depends=headers,
            extra_compile_args=["-std=gnu11", "-O2", "-fvisibility=hidden"],
            libraries=LIBRARIES,
        )
        for name, patterns in EXTENSIONS.items()
    ]


class BuildPythonAfresh(build_py):
    """Copies the sources into an empty directory, so that none that is gone gets into a wheel."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class BuildExtensionsAndEngine(build_ext):
    """Builds the engine beside the extensions and puts it into the package."""

    def run(self) -> None:
        try:
            build_engine.check_c_compiler()
            build_engine.check_python_headers()
            package = ROOT if self.inplace else pathlib.Path(self.build_lib)
            embedded = package / "fdb" / "embedded"
            # A wheel is for users: no lines of source in it. The developer's own build keeps them.
            build_engine.build_libraries(embedded, wheel=not self.inplace)
        except build_engine.BuildError as error:
            sys.exit(f"error: {error}")
        includes = embedded / "include" / "foundationdb"
        includes.mkdir(parents=True, exist_ok=True)
        for header in HEADERS.iterdir():
            shutil.copy2(header, includes)
        if not self.inplace:
            for extension in self.extensions:
                extension.extra_link_args.append("-Wl,-S")
        super().run()


setup(
    version=version(),
    packages=find_packages(include=["fdb", "fdb.*"]),
    py_modules=["fdb_pytest"],
    # Said, though it is the default: only then does an editable install put this directory on the path,
    # where type checkers find the package, rather than an import hook, which they do not run.
    package_dir={"": "."},
    package_data={"fdb": ["py.typed", "_browse/static/*"], "": ["*.pyi"]},
    ext_modules=extensions(),
    cffi_modules=["native/build_ffi.py:ffibuilder"],
    cmdclass={"build_py": BuildPythonAfresh, "build_ext": BuildExtensionsAndEngine},
    zip_safe=False,
)
