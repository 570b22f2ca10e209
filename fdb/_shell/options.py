"""The options of transactions by the names that fdbcli has for them, and those that `option on` has chosen."""

from __future__ import annotations

import inspect
from typing import Any

from fdb._display.notation import NotationError, printable
from fdb._generated.options import TransactionOptions
from fdb._transaction import Transaction

_SETTER = "set_"


def names() -> list[str]:
    """Return the names of all options, in order: ``ACCESS_SYSTEM_KEYS`` and so on."""
    found = (name for name in vars(TransactionOptions) if name.startswith(_SETTER))
    return sorted(name.removeprefix(_SETTER).upper() for name in found)


def description(name: str) -> str:
    """Return the first line about an option, and the kind of its parameter."""
    text = " ".join((inspect.getdoc(_setter(name)) or "").partition("param:")[0].split())
    kind = _parameter(name)
    return f"{text} Takes {'a number' if kind == 'int' else 'text'}." if kind else text


class OptionChoices:
    """The options that are on: those for all transactions, and those for the one that is open."""

    def __init__(self) -> None:
        self._for_all: dict[str, bytes | None] = {}
        self._for_one: dict[str, bytes | None] | None = None

    def turn_on(self, name: str, argument: bytes | None, tr: Transaction | None) -> None:
        """Choose an option, for an open transaction or else for all later ones. Raises NotationError, FDBError."""
        name = name.upper()
        kind = _parameter(name)
        if (argument is not None) != bool(kind):
            raise NotationError(
                f"option {name} {'expects' if kind else 'did not expect'} a parameter"
            )
        if kind == "int":
            _number(name, argument)
        if tr is None:
            self._for_all[name] = argument
        else:
            _set(tr, name, argument)
            self._for_one = {**self.current(), name: argument}

    def turn_off(self, name: str) -> None:
        """Choose an option no more. Raises NotationError for a name that is none."""
        _setter(name.upper())
        self._for_all.pop(name.upper(), None)

    def current(self) -> dict[str, bytes | None]:
        """Return what is on now."""
        return dict(self._for_all if self._for_one is None else self._for_one)

    def shown(self) -> list[str]:
        """Return a line for each option that is on."""
        return [
            name if argument is None else f"{name}: `{_shown_argument(name, argument)}'"
            for name, argument in sorted(self.current().items())
        ]

    def apply(self, tr: Transaction) -> None:
        """Set what is on for all transactions in a new one."""
        for name, argument in self._for_all.items():
            _set(tr, name, argument)

    def end(self) -> None:
        """Forget what was on for the open transaction."""
        self._for_one = None


def _shown_argument(name: str, argument: bytes) -> str:
    return "(not shown)" if name == "AUTHORIZATION_TOKEN" else printable(argument)


def _setter(name: str) -> Any:
    setter = vars(TransactionOptions).get(_SETTER + name.lower())
    if setter is None:
        raise NotationError(
            f"invalid option '{name}'. Try `help options' for a list of available options"
        )
    return setter


def _parameter(name: str) -> str:
    """Returns the kind of an option's parameter as source has it, "" for none."""
    parameters = list(inspect.signature(_setter(name)).parameters.values())
    return str(parameters[1].annotation) if len(parameters) > 1 else ""


def _number(name: str, argument: bytes | None) -> int:
    try:
        return int(argument or b"")
    except ValueError:
        raise NotationError(
            f"option {name} takes a whole number, not {printable(argument or b'')}"
        ) from None


def _set(tr: Transaction, name: str, argument: bytes | None) -> None:
    setter = getattr(tr.options, _SETTER + name.lower())
    kind = _parameter(name)
    if not kind:
        setter()
    elif kind == "int":
        setter(_number(name, argument))
    else:
        setter(argument)
