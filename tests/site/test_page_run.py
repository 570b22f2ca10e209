"""What runs the code of pages notices what is wrong on one."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable

import pytest

from helpers import page_run
from helpers.pages import Block, Command, blocks, commands, is_like, problem_of, said_by_comments


@pytest.fixture
def run_page(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A function that runs a page and returns what is wrong with it, or nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def run(text: str) -> str:
        path = tmp_path / "page.md"
        path.write_text(text)
        page = page_run.Page(path)
        try:
            page.run()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        finally:
            page.close()
        return ""

    return run


def page_of(*parts: tuple[str, str]) -> str:
    return "\n".join(f"```{language}\n{code}```\n" for language, code in parts)


def test_a_page_that_is_right(run_page: Callable[[str], str]) -> None:
    text = page_of(
        ("python", "import asyncio\na = 1\n"),
        ("python", "print(a + 1)  # 2\n"),
        ("python", "print(a + await asyncio.sleep(0, 2))\n"),
        ("text", "3\n"),
        ("python", "# of/tools.py\nanswer = 42\n"),
        ("python", "# tell.py\nfrom of.tools import answer\n\nprint(answer)\n"),
        ("text", "4...\n"),
        (
            "python",
            "# test_it.py\ndef test_it():\n    from of.tools import answer\n\n    assert answer\n",
        ),  # fmt: skip
        ("python", "# later.py\nimport sys\n\nprint(sys.argv[1])\nsys.exit(3)\n"),
        (
            "console",
            f"$ {sys.executable} later.py \\\n>     x\nx\n$ echo $?\n3\n$ pip install 'foundationdb-cffi[cli]'\n",
        ),  # fmt: skip
        ("console", "$ echo 1; sleep 60\n1\n^C\n"),
        ("pycon", ">>> a\n1\n"),
        ("json", "[1]\n"),
        ("toml", "a = 1\n"),
        ("ini", "[a]\nb = 1\n"),
        ("dockerfile", "FROM a\nRUN b && \\\n  c\n"),
        ("c", '#include <stdio.h>\n\nint main(void) { puts("C"); }\n'),
        ("text", "C\n"),
        ("{toctree}", "anything\n"),
    )
    assert run_page(text) == ""


@pytest.mark.parametrize(
    ("language", "code", "wrong"),
    [
        ("python", "print(1)  # 2\n", "it prints\n1"),
        ("python", "x\n", "name 'x' is not defined"),
        ("python", "# a.py\nx\n", "a.py ended with 1"),
        ("python", "# test_a.py\ndef test_a():\n    assert 0\n", "test_a.py ended with 1"),
        ("console", "$ false\n", "$ false ended with 1"),
        ("console", "$ echo a\nb\n", "$ echo a\na\n---- the page shows ----\nb"),
        ("console", "$ echo a\na\n$ echo b\n", "$ echo b\nb\n---- the page shows ----\n"),
        ("console", "$ echo a\nb\n^C\n", "and it has ended"),
        ("console", "$ exit 3\nx\n", "the shell has ended"),
        ("console", "$ pip install 'foundationdb-cffi[nothing]'\n", "no such extra"),
        ("console", "$ make nothing\n", "no target nothing"),
        ("console", "echo a\n", "begins with a command"),
        ("pycon", ">>> 1 + 1\n3\n", "Expected:\n    3"),
        ("json", "[1\n", "JSONDecodeError"),
        ("toml", "a\n", "TOMLDecodeError"),
        ("yaml", "a: [\n", "while parsing"),
        ("ini", "a\n", "MissingSectionHeaderError"),
        ("dockerfile", "FORM a\n", "no instruction"),
        ("c", "int main(void) { return x; }\n", "undeclared"),
        ("c", "int main(void) { return 1; }\n", "./block ended with 1"),
        ("cobol", "STOP.\n", "a block in cobol"),
        ("", "x\n", "a block in no language"),
    ],
)
def test_a_page_that_is_wrong(
    run_page: Callable[[str], str], language: str, code: str, wrong: str
) -> None:
    assert wrong in run_page(page_of((language, code)))


def test_a_command_that_goes_on_without_what_is_shown_is_ended(
    run_page: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_run, "PATIENCE", 0.1)
    wrong = run_page(page_of(("console", "$ sleep 60\nb\n^C\n")))
    assert "$ sleep 60\n---- and it has ended" in wrong


def test_text_below_a_program_is_what_it_prints(run_page: Callable[[str], str]) -> None:
    assert "it prints\n1" in run_page(page_of(("python", "print(1)\n"), ("text", "2\n")))
    prose = "\n".join(["So much for that."] * 5)
    program, text = page_of(("python", "print(1)\n")), page_of(("text", "2\n"))
    assert run_page(f"{program}\n{prose}\n\n{text}") == ""


def test_blocks_are_found_with_their_lines() -> None:
    text = "a\n\n```python\n# f.py\n1\n```\n\n- in a list\n\n  ```text\n  a\n    b\n  ```\n"
    found = blocks(text)
    assert found == [Block("python", "# f.py\n1\n", 3), Block("text", "a\n  b\n", 10)]
    assert [block.file for block in found] == ["f.py", None]
    assert not found[0].is_right_before(Block("text", "", 12))


def test_commands_of_a_block() -> None:
    assert commands("$ a \\\n  b\nshown\n$ c\n") == [
        Command("a \\\n  b", "shown\n"),
        Command("c", ""),
    ]
    assert [Command(text, "").is_run for text in ("fdb tree", "pip install x", "python benchmarks/run.py a")] == [True, False, False]  # fmt: skip
    assert problem_of("make docs test-all-pythons SEEDS=1") is None


def test_what_is_like_something_else() -> None:
    assert is_like("a ... c\n", "a b  c  \n")
    assert is_like("key   value\n", "key       value\n")
    assert not is_like("a\n", "b\n")
    assert not is_like("a b\n", "a\nb\n")
    assert not is_like("", "error: x\n")
    assert said_by_comments("print(1)  # 1\nif x:\n    print(2)  # no\n") == "1\n"
    assert said_by_comments("a = 1\n") is None
