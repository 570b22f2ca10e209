"""Types of the cffi module built by native/build_ffi.py."""

from typing import Any

ffi: Any
lib: Any
