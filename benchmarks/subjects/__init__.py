"""What is compared with what, a module for each subject: `plans(places)` gives its rows."""

from __future__ import annotations

from subjects import binding, layers, tasks

#: The subjects in the order of a run.
SUBJECTS = {
    binding.SUBJECT: binding.plans,
    tasks.SUBJECT: tasks.plans,
    layers.SUBJECT: layers.plans,
}
#: Those of a run that names none.
USUAL = tuple(SUBJECTS)
