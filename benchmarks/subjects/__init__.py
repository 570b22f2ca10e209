"""What is compared with what, a module for each subject: `plans(places)` gives its rows."""

from __future__ import annotations

import os

from subjects import (
    binding,
    browsing,
    cluster,
    counters,
    durable,
    embedded,
    installing,
    kit,
    layers,
    memory,
    moving,
    prompt,
    queues,
    scanning,
    service_calls,
    streams,
    tasks,
    waiting,
)

#: The subjects in the order of a run.
SUBJECTS = {
    binding.SUBJECT: binding.plans,
    tasks.SUBJECT: tasks.plans,
    layers.SUBJECT: layers.plans,
    embedded.SUBJECT: embedded.plans,
    scanning.SUBJECT: scanning.plans,
    moving.SUBJECT: moving.plans,
    prompt.SUBJECT: prompt.plans,
    browsing.SUBJECT: browsing.plans,
    installing.SUBJECT: installing.plans,
    durable.SUBJECT: durable.plans,
    memory.SUBJECT: memory.plans,
    cluster.SUBJECT: cluster.plans,
    kit.SUBJECT: kit.plans,
    service_calls.SUBJECT: service_calls.plans,
    counters.SUBJECT: counters.plans,
    streams.SUBJECT: streams.plans,
    queues.SUBJECT: queues.plans,
    waiting.SUBJECT: waiting.plans,
}
#: Those that a run has only when it names them, or a cluster.
ASKED_FOR = (
    browsing.SUBJECT,
    cluster.SUBJECT,
    counters.SUBJECT,
    installing.SUBJECT,
    kit.SUBJECT,
    moving.SUBJECT,
    prompt.SUBJECT,
    queues.SUBJECT,
    scanning.SUBJECT,
    service_calls.SUBJECT,
    streams.SUBJECT,
    waiting.SUBJECT,
)
#: Those of a run that names none.
USUAL = tuple(name for name in SUBJECTS if name not in ASKED_FOR)


def usual() -> tuple[str, ...]:
    return (*USUAL, cluster.SUBJECT) if os.environ.get("FDB_CLUSTER_FILE") else USUAL
