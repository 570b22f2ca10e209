"""The doors to C: the cffi module (cold calls), the extension (hot ones), and what a fork or an exit does to both."""

from __future__ import annotations

import os

try:
    import fdb._native.extension
    import fdb._native.library  # noqa: F401 - all of it is loaded here
except ImportError as _error:
    # Here, as everything of the package that may be broken by its build comes by here.
    _doctor = os.path.join(os.path.dirname(os.path.dirname(__file__)), "__main__.py")
    raise ImportError(
        f"{_error}; this installation of fdb is broken, and this says how: python {_doctor} doctor",
        name=_error.name,
        path=_error.path,
    ) from _error
