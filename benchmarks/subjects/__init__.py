"""What is compared with what, a module for each subject: `plans(places)` gives its rows."""

from __future__ import annotations

import os

from subjects import binding, cluster, durable, embedded, kit, layers, memory, service_calls, tasks

#: The subjects in the order of a run.
SUBJECTS = {
    binding.SUBJECT: binding.plans,
    tasks.SUBJECT: tasks.plans,
    layers.SUBJECT: layers.plans,
    embedded.SUBJECT: embedded.plans,
    durable.SUBJECT: durable.plans,
    memory.SUBJECT: memory.plans,
    cluster.SUBJECT: cluster.plans,
    kit.SUBJECT: kit.plans,
    service_calls.SUBJECT: service_calls.plans,
}
#: Those of a run that names none; with a cluster if one is named.
USUAL = tuple(
    name for name in SUBJECTS if name not in (cluster.SUBJECT, kit.SUBJECT, service_calls.SUBJECT)
)


def usual() -> tuple[str, ...]:
    return (*USUAL, cluster.SUBJECT) if os.environ.get("FDB_CLUSTER_FILE") else USUAL
