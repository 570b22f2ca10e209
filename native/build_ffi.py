"""Declares the cffi module `fdb._native._cffi`: the shim, and the ABI as a table of functions.

setup.py names this file in `cffi_modules`.  `python native/build_ffi.py OUTPUT.c` writes the C
source of the module.
"""

from __future__ import annotations

import pathlib
import re
import sys

from cffi import FFI

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parent / "vendor" / "fdb_c_headers"
_PROTOTYPE = re.compile(r"^(?P<result>.*?)\b(?P<name>fdb_\w+)\((?P<parameters>.*)\);$")

# What Python uses of shim.h; the waiting part belongs to the extension module.
_SHIM = """
typedef struct { void *handle; shim_functions functions; ...; } shim_library;
shim_library *shim_open(const char *path, char *message, size_t message_size);
int shim_path(shim_library *library, char *path, size_t path_size);
void *shim_bind(shim_library *library, const char *name);
fdb_error_t shim_run_network(shim_library *library);
extern "Python" int shim_progress(void *context, int64_t done, int64_t total);
"""


def _function_table(prototypes: str) -> str:
    """Turns prototypes into the fields of shim_functions, whose layout the compiler knows."""
    fields = []
    for line in prototypes.strip().splitlines():
        match = _PROTOTYPE.match(line)
        if match is None:
            raise ValueError(f"cdef.h: not a prototype: {line}")
        fields.append("{result}(*{name})({parameters});".format(**match.groupdict()))
    return "typedef struct {\n" + "\n".join(fields) + "\n...; } shim_functions;\n"


def declarations() -> str:
    """Returns everything that the module declares to cffi."""
    text = (HERE / "generated" / "cdef.h").read_text(encoding="utf-8")
    types, _, prototypes = text.partition("/* FUNCTIONS */")
    types = re.sub(r"/\*.*?\*/", "", types, flags=re.DOTALL)
    # Which integer type an enumeration is, only the compiler knows.
    types = re.sub(r"^typedef int (FDB\w+);$", r"typedef int... \1;", types, flags=re.MULTILINE)
    return types + _function_table(prototypes) + _SHIM


ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.set_source(
    "fdb._native._cffi",
    '#include "shim/shim.h"\n',
    # Relative to the project's root, as setuptools wants them.
    sources=["native/shim/library.c"],
    depends=["native/shim/shim.h", "native/generated/functions.h"],
    include_dirs=[str(HERE), str(HEADERS)],
    extra_compile_args=["-std=gnu11"],
    libraries=["dl", "pthread"] if sys.platform.startswith("linux") else [],
)


if __name__ == "__main__":
    ffibuilder.emit_c_code(sys.argv[1])
