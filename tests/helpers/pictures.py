"""Where the pictures of the documentation go: `make pictures` writes them anew, other runs look whether they are there."""

from __future__ import annotations

import os
import pathlib

from helpers.paths import ROOT

#: Whether this run writes the pictures of the documentation.
WRITES = os.environ.get("FDB_PICTURES") == "1"
PICTURES = ROOT / "docs" / "pictures"


def keep(picture: pathlib.Path) -> None:
    """Puts a picture that a test has taken into docs/pictures/, or fails if there is none of this name."""
    kept = PICTURES / picture.name
    if WRITES:
        PICTURES.mkdir(exist_ok=True)
        kept.write_bytes(picture.read_bytes())
    assert kept.exists(), f"docs/pictures/{picture.name} is missing: make pictures"
