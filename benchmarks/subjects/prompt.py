"""How long a person waits for the prompt of `fdb shell`."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS, Target

SUBJECT = "prompt"
MODULE = "prompt"
LIBRARIES = "python that imports click, rich, prompt_toolkit"
PYTHON = "python that does nothing"


def plans(places: Places) -> list[Plan]:
    return [
        Plan(
            SUBJECT,
            "start to prompt, database in memory",
            {
                OURS: places.ours(MODULE, "prompt"),
                LIBRARIES: places.ours(MODULE, "libraries"),
                PYTHON: places.ours(MODULE, "python"),
            },
            targets=(Target(LIBRARIES, most=1.5),),
            bound="importing the libraries",
        )
    ]
