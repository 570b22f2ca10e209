"""Gathers the pages of the documentation site into build/pages, where Sphinx reads them.

Most stand in docs/. Some stand elsewhere in the repository, where its readers look for them (`BROUGHT`). Pages are written for readers of
the repository, with links to any file of it; on the site a link to a file that is a page leads to that page, and one to another file leads
into the public repository, whose address the variable FDB_REPOSITORY_URL has, or is plain text where there is none.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATHERED = ROOT / "build" / "pages"
#: Files of the repository that are pages of the site, with their places there.
BROUGHT = {
    "CHANGELOG.md": "project/changelog.md",
    "CODE_OF_CONDUCT.md": "project/conduct.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "benchmarks/README.md": "project/benchmarks.md",
    "engine/README.md": "explanation/engine.md",
    "examples/README.md": "examples.md",
    "native/README.md": "explanation/native.md",
    "tests/conformance/README.md": "explanation/conformance.md",
}
#: The site begins with a page of its own.
INSTEAD = {"README.md": "index.md"}
#: What is copied as it is.
PICTURES = (".png", ".svg")
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
_ADDRESS = re.compile(r"[a-z]+:|#")


class BrokenLink(Exception):
    """A page has a link to a file that does not exist."""


def pages() -> dict[str, str]:
    """Returns the sources of all pages, from the root of the repository, with their places on the site."""
    docs = ROOT / "docs"
    own = {str(path.relative_to(ROOT)): path for path in sorted(docs.rglob("*.md"))}
    return {source: str(path.relative_to(docs)) for source, path in own.items()} | BROUGHT


def with_site_links(text: str, source: str, repository: str | None) -> str:
    """Returns a page with its links turned into those of the site; raises BrokenLink."""
    place = pages()[source]

    def link(found: re.Match[str]) -> str:
        picture, label, target = found.groups()
        if _ADDRESS.match(target):
            return found[0]
        path, hash_, anchor = target.partition("#")
        wanted = os.path.normpath(os.path.join(os.path.dirname(source), path))
        if not (ROOT / wanted).exists():
            raise BrokenLink(f"{source} has a link to {wanted}, which does not exist")
        address = _address(wanted, place)
        if address is None and repository:
            address = f"{repository.rstrip('/')}/blob/main/{wanted}"
        return label if address is None else f"{picture}[{label}]({address}{hash_}{anchor})"

    parts = _FENCE.split(text)
    parts[::2] = [_LINK.sub(link, part) for part in parts[::2]]
    return "".join(parts)


def _address(path: str, place: str) -> str | None:
    """Returns the address of a file as seen from a page of the site; None if it is not on the site."""
    target = INSTEAD.get(path) or pages().get(path)
    if target is None:
        if not path.startswith("docs/") or not path.endswith(PICTURES):
            return None
        target = path.removeprefix("docs/")
    return os.path.relpath(target, os.path.dirname(place) or ".")


def gather(target: pathlib.Path, repository: str | None) -> None:
    """Writes all pages and pictures below `target`; what has not changed is left, so that Sphinx need not read it again."""
    current = set()
    for source, place in pages().items():
        text = (ROOT / source).read_text(encoding="utf-8")
        current.add(target / place)
        _write(target / place, with_site_links(text, source, repository).encode())
    for path in (ROOT / "docs").rglob("*"):
        if path.suffix in PICTURES:
            copy = target / path.relative_to(ROOT / "docs")
            current.add(copy)
            _write(copy, path.read_bytes())
    for path in target.rglob("*"):
        if path.is_file() and path not in current:
            path.unlink()


def _write(path: pathlib.Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main() -> int:
    try:
        gather(GATHERED, os.environ.get("FDB_REPOSITORY_URL"))
    except BrokenLink as error:
        shutil.rmtree(GATHERED, ignore_errors=True)
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
