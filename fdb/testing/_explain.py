"""Why commits failed with 1020 and what was too old: who wrote what whom had read, with the lines of the program.

A commit conflicts with those whose version is after its read version and that came before it. Which of its ranges were hit the
database says; who did it, and where, is in the log, unless that client was not recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fdb._generated.errors import MAYBE_COMMITTED
from fdb.testing._actions import (
    NOT_COMMITTED,
    TOO_OLD,
    Attempt,
    Conflict,
    KeyRange,
    Read,
    Write,
)
from fdb.testing._keys_shown import DirectoryNames
from fdb.testing._table import (
    NamesOf,
    place_text,
    read_kind,
    read_text,
    result_text,
    transaction_text,
    write_text,
)

_VERSIONS_PER_SECOND = 1_000_000
_MOST_WINNERS = 3
_NOBODY = (
    "no recorded transaction wrote there: another process did, another object for the same database (as one of another event "
    "model), or a transaction that was made before the recording"
)
_NO_RANGE = (
    "the database names no key: the conflict was made up, as fdb.testing.faults does, or a program's own report of "
    "conflicting keys was in the way"
)
_WITHIN = (
    "ran within this attempt, on the same thread or task: a function that is given the database and not `tr` commits by itself, and "
    "conflicts with the one around it each time"
)


@dataclass(eq=False)
class Win:
    """What a transaction wrote into a range that another one had read."""

    attempt: Attempt
    """The attempt that wrote."""
    actions: list[Write | Conflict]
    """The writes and the added conflict ranges; none where only the conflict ranges of the commit say it."""
    keys: list[KeyRange]
    """The keys of the range that it wrote."""

    @property
    def is_certain(self) -> bool:
        """Whether it was committed for certain, and not with 1021."""
        return self.attempt.committed


@dataclass(eq=False)
class ConflictingRange:
    """A range of keys that a commit failed for."""

    keys: KeyRange
    """The range, as the database reports it."""
    reads: list[Read | Conflict] = field(default_factory=list)
    """What has read it: reads, and added conflict ranges."""
    wins: list[Win] = field(default_factory=list)
    """Who wrote into it meanwhile, in the order of their versions; none where that was not recorded."""


@dataclass(eq=False)
class ConflictExplanation:
    """Why a commit failed with 1020. `print` it."""

    attempt: Attempt
    """The attempt that was not committed."""
    ranges: list[ConflictingRange]
    """The ranges that it failed for."""
    _names_of: NamesOf = field(repr=False)

    @property
    def winners(self) -> list[Attempt]:
        """The attempts that wrote what it had read, without repetitions."""
        found = {id(win.attempt): win.attempt for each in self.ranges for win in each.wins}
        return list(found.values())

    def __str__(self) -> str:
        return "\n".join(_conflict_lines(self, self._names_of))


def explain_conflict(
    attempt: Attempt, all_attempts: Iterable[Attempt], names_of: NamesOf
) -> ConflictExplanation:
    """Explains a commit that failed with 1020 by the attempts of a whole log."""
    rivals = _rivals(attempt, all_attempts)
    if attempt.conflicting is None:
        # The database does not tell at this API version: of all that was read, what somebody wrote.
        ranges = [_explained(keys, attempt, rivals) for keys in attempt.read_ranges()]
        return ConflictExplanation(attempt, [each for each in ranges if each.wins], names_of)
    ranges = [_explained(keys, attempt, rivals) for keys in attempt.conflicting]
    return ConflictExplanation(attempt, ranges, names_of)


def _rivals(loser: Attempt, attempts: Iterable[Attempt]) -> list[Attempt]:
    """Returns who may have won, in the order of their versions; those that may not have been committed at all last."""
    certain: list[Attempt] = []
    perhaps: list[Attempt] = []
    for each in attempts:
        if each is loser or each.transaction.tenant != loser.transaction.tenant:
            continue
        if not each.commit_began or each.commit_began > loser.commit_ended:
            continue
        if each.committed and _is_after(each, loser):
            certain.append(each)
        elif each.error in MAYBE_COMMITTED and each.commit_ended > loser.began:
            perhaps.append(each)
    certain.sort(key=lambda each: (each.committed_version or 0, each.commit_ended))
    return certain + perhaps


def _is_after(winner: Attempt, loser: Attempt) -> bool:
    if winner.committed_version in (None, -1):
        return False
    if loser.read_version is None:
        return winner.commit_ended > loser.began
    return (winner.committed_version or 0) > loser.read_version


def _explained(keys: KeyRange, loser: Attempt, rivals: list[Attempt]) -> ConflictingRange:
    found = ConflictingRange(keys)
    wins = [win for rival in rivals if (win := _win_of(rival, keys)) is not None]
    found.wins = [win for win in wins if win.is_certain] or wins
    written = [part for win in found.wins for part in win.keys]
    found.reads = _readers(loser, written) or _readers(loser, [keys])
    return found


def _win_of(winner: Attempt, keys: KeyRange) -> Win | None:
    parts = [part for each in winner.write_ranges() if (part := each.common(keys)) is not None]
    if not parts:
        return None
    stamp = winner.versionstamp
    written: list[tuple[Write | Conflict, KeyRange]] = [
        *((write, write.keys(stamp)) for write in winner.writes),
        *((added, added.keys) for added in winner.conflicts if added.kind == "write"),
    ]
    actions: list[Write | Conflict] = []
    touched: list[KeyRange] = []
    for action, there in written:
        both = [both for part in parts if (both := part.common(there)) is not None]
        if both:
            actions.append(action)
            touched += [each for each in both if each not in touched]
    return Win(winner, actions, touched or parts)


def _readers(loser: Attempt, keys: list[KeyRange]) -> list[Read | Conflict]:
    found: list[Read | Conflict] = [
        read for read in loser.reads if not read.snapshot and _meets(read.keys, keys)
    ]
    found += [
        added for added in loser.conflicts if added.kind == "read" and _meets(added.keys, keys)
    ]
    return found


def _meets(keys: KeyRange, others: list[KeyRange]) -> bool:
    return any(keys.common(each) is not None for each in others)


# ---- texts ----


def _conflict_lines(conflict: ConflictExplanation, names_of: NamesOf) -> list[str]:
    attempt = conflict.attempt
    names = names_of(attempt.transaction.source)
    version = "" if attempt.read_version is None else f" It read version {attempt.read_version}."
    lines = [
        f"{transaction_text(attempt.transaction)}",
        f"  attempt {attempt.number} was not committed (1020).{version}",
    ]
    for each in conflict.ranges:
        lines.append(f"  {names.range(each.keys)} was read, and written before the commit:")
        lines += [f"    {line}" for line in _range_lines(each, attempt, names)]
    within = [win for win in conflict.winners if _is_within(win, attempt)]
    if within:
        lines.append(f"  transaction {within[0].transaction.number} {_WITHIN}")
    if not conflict.ranges:
        lines.append(f"  {_NO_RANGE if attempt.conflicting is not None else _NOBODY}.")
    return lines


def _range_lines(found: ConflictingRange, loser: Attempt, names: DirectoryNames) -> list[str]:
    lines = [f"read     {_action_text(read, names, None)}" for read in found.reads]
    if not found.reads:
        lines.append("read     by a line that is not known")
    for win in found.wins[:_MOST_WINNERS]:
        who = _winner_text(win, loser)
        for action in win.actions:
            lines.append(f"written  {_action_text(action, names, win.attempt.versionstamp)}, {who}")
        if not win.actions:
            keys = ", ".join(map(names.range, win.keys))
            lines.append(f"written  {keys}, {who}")
    if len(found.wins) > _MOST_WINNERS:
        lines.append(f"written  by {len(found.wins) - _MOST_WINNERS} more transactions")
    if not found.wins:
        lines.append(f"written  by whom is not known: {_NOBODY}")
    return lines + [f"note     {note}" for note in _notes(found, names)]


def _action_text(
    action: Read | Write | Conflict, names: DirectoryNames, versionstamp: bytes | None
) -> str:
    place = place_text(action.where)
    if isinstance(action, Read):
        result = result_text(action, names)
        came = f" -> {result}" if result else ""
        return f"{place}  {read_kind(action)} {read_text(action, names)}{came}"
    if isinstance(action, Write):
        return f"{place}  {action.kind} {write_text(action, names, versionstamp)}"
    return f"{place}  add_{action.kind}_conflict_range {names.range(action.keys)}"


def _winner_text(win: Win, loser: Attempt) -> str:
    attempt = win.attempt
    if attempt.transaction is loser.transaction:
        who = f"by attempt {attempt.number} of the same transaction"
    else:
        who = f"by {transaction_text(attempt.transaction)}"
    if win.is_certain:
        return f"{who}, committed at version {attempt.committed_version}"
    return f"{who}, whose commit ended in {attempt.outcome} ({attempt.error}) and so may be there"


def _notes(found: ConflictingRange, names: DirectoryNames) -> list[str]:
    notes: list[str] = []
    written = [keys for win in found.wins for keys in win.keys]
    only = ", ".join(dict.fromkeys(names.range(keys) for keys in written))
    wide = [
        read.kind
        for read in found.reads
        if isinstance(read, Read) and read.kind in ("get_range", "get_key")
    ]
    if len(wide) == len(found.reads) > 0 and written and all(each.is_one_key for each in written):
        kind = wide[0]
        notes.append(
            f"{kind} conflicts with every write in {names.range(found.keys)}, and what was written is only {only}: "
            f"tr.snapshot.{kind}, with add_read_conflict_key for what matters, conflicts with less"
        )
    if any(isinstance(read, Conflict) for read in found.reads):
        notes.append("the program itself has added a conflict range there")
    if any(_wrote_the_same(read, win) for read in found.reads for win in found.wins):
        notes.append("what was written is what was there: a write conflicts all the same")
    return notes


def _wrote_the_same(read: Read | Conflict, win: Win) -> bool:
    return (
        isinstance(read, Read)
        and read.kind == "get"
        and read.known
        and all(
            isinstance(action, Write)
            and action.kind in ("set", "clear")
            and action.value == read.value
            for action in win.actions
        )
        and bool(win.actions)
    )


def _is_within(winner: Attempt, loser: Attempt) -> bool:
    return (
        loser.transaction.function is not None
        and winner.strand == loser.strand
        and loser.began < winner.began
        and 0 < winner.commit_ended < loser.commit_began
    )


def _number(call: Read | Write | Conflict) -> int:
    return call.number


def too_old_text(attempt: Attempt, all_attempts: Iterable[Attempt]) -> str:
    """Explains a 1007: how old what was read was."""
    lines = [
        transaction_text(attempt.transaction),
        f"  attempt {attempt.number} ended with transaction_too_old (1007) at {place_text(attempt.where)}.",
    ]
    calls: list[Read | Write | Conflict] = [*attempt.reads, *attempt.writes, *attempt.conflicts]
    first = f" at {place_text(min(calls, key=_number).where)}" if calls else ""
    if attempt.ended is not None:
        lines.append(
            f"  Its first call{first} was {attempt.ended - attempt.started:.3f} s before, on this computer's clock."
        )
    newest = max((each.committed_version or 0 for each in all_attempts), default=0)
    if attempt.read_version is not None and newest > attempt.read_version:
        age = newest - attempt.read_version
        lines.append(
            f"  It read version {attempt.read_version}; the newest recorded one is {newest}, {age} later "
            f"(that is {age / _VERSIONS_PER_SECOND:.1f} s; versions are readable for 5 s)."
        )
    elif attempt.read_version is not None:
        lines.append(f"  It read version {attempt.read_version}; versions are readable for 5 s.")
    return "\n".join(lines)


def is_conflict(attempt: Attempt) -> bool:
    """Whether the commit failed with 1020."""
    return attempt.error == NOT_COMMITTED and attempt.commit_ended > 0


def is_too_old(attempt: Attempt) -> bool:
    """Whether it ended with 1007."""
    return attempt.error == TOO_OLD
