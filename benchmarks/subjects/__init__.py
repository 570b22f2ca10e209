"""What is compared with what, a module for each subject: `plans(places)` gives its rows."""

from __future__ import annotations

from subjects import binding, durable, embedded, kit, layers, memory, tasks

#: The subjects in the order of a run.
SUBJECTS = {
    binding.SUBJECT: binding.plans,
    tasks.SUBJECT: tasks.plans,
    layers.SUBJECT: layers.plans,
    embedded.SUBJECT: embedded.plans,
    durable.SUBJECT: durable.plans,
    memory.SUBJECT: memory.plans,
    kit.SUBJECT: kit.plans,
}
#: Those of a run that names none.
USUAL = tuple(name for name in SUBJECTS if name != kit.SUBJECT)
