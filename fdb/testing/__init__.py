"""A test kit: it breaks things on purpose, moves the clock, and shows what transactions did.

Everything here is for tests, on the databases of the embedded engine; what works on a cluster, too, says so.
"""

from __future__ import annotations
