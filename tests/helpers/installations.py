"""Made-up installations: what pip leaves in a folder, so far as it is looked at."""

from __future__ import annotations

import base64
import hashlib
import pathlib


def install(
    site: pathlib.Path,
    name: str,
    version: str,
    files: dict[str, str | None],
    requires: tuple[str, ...] = (),
) -> None:
    """Notes files of a distribution in its RECORD, with their hashes, and writes those that have a text."""
    record = []
    for file, text in files.items():
        path = site / file
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        digest = hashlib.sha256(path.read_bytes()).digest()
        noted = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        record.append(f"{file},sha256={noted},{path.stat().st_size}")
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")
    record += [f"{folder.name}/METADATA,,", f"{folder.name}/RECORD,,"]
    (folder / "RECORD").write_text("\n".join(record) + "\n")
