"""tools/site/gather.py: links of the repository become those of the site."""

from __future__ import annotations

import pathlib

import gather
import pytest


@pytest.mark.parametrize(
    ("source", "link", "seen"),
    [
        ("docs/guides/layers.md", "[q](queues.md#leases)", "[q](queues.md#leases)"),
        ("docs/guides/layers.md", "[e](../../engine/README.md)", "[e](../explanation/engine.md)"),
        ("docs/guides/layers.md", "[`x`](../../setup.py)", "`x`"),
        ("docs/guides/layers.md", "[web](https://example.com/a)", "[web](https://example.com/a)"),
        ("docs/guides/layers.md", "[here](#counter)", "[here](#counter)"),
        ("docs/guides/layers.md", "`a` [start](../../README.md)", "`a` [start](../index.md)"),
        (
            "CONTRIBUTING.md",
            "[a](docs/explanation/architecture.md)",
            "[a](../explanation/architecture.md)",
        ),  # fmt: skip
        (
            "benchmarks/README.md",
            "![p](../docs/benchmarks/binding.png)",
            "![p](../benchmarks/binding.png)",
        ),  # fmt: skip
    ],
)
def test_links(source: str, link: str, seen: str) -> None:
    assert gather.with_site_links(f"See {link}.", source, None) == f"See {seen}."


def test_links_into_a_public_repository() -> None:
    text = gather.with_site_links("[x](../../setup.py)", "docs/guides/layers.md", "https://a.b/c/")
    assert text == "[x](https://a.b/c/blob/main/setup.py)"


def test_code_is_left_alone() -> None:
    text = "```python\nrows[0](nothing.md)\n```\n"
    assert gather.with_site_links(text, "docs/guides/layers.md", None) == text


def test_a_broken_link_is_an_error() -> None:
    with pytest.raises(
        gather.BrokenLink, match="docs/guides/layers.md has a link to docs/guides/x.md"
    ):
        gather.with_site_links("[x](x.md)", "docs/guides/layers.md", None)


def test_what_is_gathered(tmp_path: pathlib.Path) -> None:
    (tmp_path / "gone.md").write_text("was a page once")
    gather.gather(tmp_path, None)
    assert not (tmp_path / "gone.md").exists()
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.md")} == {*gather.pages().values()}  # fmt: skip
    page = tmp_path / "project" / "contributing.md"
    written = page.stat().st_mtime_ns
    gather.gather(tmp_path, None)
    assert page.stat().st_mtime_ns == written
