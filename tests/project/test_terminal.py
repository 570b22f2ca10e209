"""The terminal that tests of the command line look at."""

from __future__ import annotations

import pathlib
import re
import sys

import pytest

pytest.importorskip("pexpect")
pytest.importorskip("pyte")
rich = pytest.importorskip("rich")

from helpers.terminal import Terminal  # noqa: E402

#: Asks the terminal where the cursor is, as a prompt does, and repeats what is typed, in colour.
PROGRAM = """
import sys, termios, tty
kept = termios.tcgetattr(0)
tty.setcbreak(0)
sys.stdout.write("\\x1b[6n")
sys.stdout.flush()
answer = ""
while not answer.endswith("R"):
    answer += sys.stdin.read(1)
termios.tcsetattr(0, termios.TCSADRAIN, kept)
print("the cursor is at", answer[2:-1])
for line in sys.stdin:
    print(f"\\x1b[31;1m{line.strip()}\\x1b[0m <again>")
sys.exit(3)
"""


@pytest.fixture
def terminal() -> Terminal:
    return Terminal([sys.executable, "-c", PROGRAM], columns=40, rows=6)


def test_what_is_typed_is_seen_and_so_is_what_has_scrolled_away(terminal: Terminal) -> None:
    with terminal:
        terminal.expect("^the cursor is at 1;1$")
        for word in ("one", "two", "three", "four"):
            terminal.type(word + "\r")
            assert terminal.expect(f"^{word} <again>$") == f"{word} <again>"
        assert "one <again>" not in terminal.screen()
        assert len(terminal.screen()) == 6
        terminal.type("\x04")
        assert terminal.wait() == 3


def test_what_is_not_seen_fails_with_what_is(terminal: Terminal) -> None:
    with terminal:
        terminal.expect("cursor")
        with pytest.raises(AssertionError, match="(?s)'gold' is not on the screen .*cursor is at"):
            terminal.expect("gold", timeout=0.01)
        terminal.type("\x03")
        assert terminal.wait() != 0
        with pytest.raises(AssertionError, match="the program has ended"):
            terminal.expect("gold")


def test_a_picture_has_the_text_and_the_colours_and_needs_no_network(
    terminal: Terminal, tmp_path: pathlib.Path
) -> None:
    with terminal:
        terminal.expect("cursor")
        terminal.type("a < b\r")
        terminal.expect("^a < b <again>$")
        picture = terminal.picture(tmp_path / "it.svg", "a title").read_text()
    assert "a&#160;&lt;&#160;b" in picture
    assert "a&#160;title" in picture or "a title" in picture
    assert "font-weight: bold" in picture
    assert "@font-face" not in picture
    assert set(re.findall(r"url\((.)", picture)) <= {"#"}
