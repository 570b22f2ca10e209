"""The commands about the whole database: its status, its version, its tenants."""

from __future__ import annotations

import json

from fdb._blocking import Database
from fdb._cli.status_text import summary
from fdb._display.notation import printable
from fdb._native.extension import KeyValue
from fdb._shell.command import TENANT, Command
from fdb._shell.session import CommandError, Session
from fdb._shell.words import Word
from fdb._status import Status
from fdb._transaction import Transaction
from fdb.tenant_management import create_tenant, delete_tenant, list_tenants

_NOT_FOUND = "The tenant `{}' does not exist"
_MOST_TENANTS = 100


def _database(session: Session) -> Database:
    if not isinstance(session.db, Database):
        raise CommandError("this shell was opened on a tenant: open one on the database for that")
    return session.db


def _status(session: Session, words: list[Word]) -> None:
    level = words[0].name if words else ""
    if level not in ("", "minimal", "details", "json"):
        raise STATUS.misuse()
    status = _database(session).status(timeout=session.timeout)
    if level == "json":
        session.write(json.dumps(status.raw, indent=2))
    elif level == "minimal":
        session.write(availability(status))
    else:
        for line in summary(status):
            session.write(line)


def availability(status: Status) -> str:
    """Return the one line that a person wants to know first."""
    if not status.available:
        return "The database is unavailable; type `status' for more information."
    if status.healthy is False:
        return "The database is available, but has issues (type 'status' for more information)."
    return "The database is available."


def _getversion(session: Session, words: list[Word]) -> None:
    session.write(str(session.read(lambda tr: tr.get_read_version().wait())))


def _words_of_name(word: Word) -> bytes:
    return word.text.encode() if word.data is None else word.data


def _without_transaction(session: Session) -> None:
    if session.transaction is not None:
        raise CommandError("Tenant cannot be changed while a transaction is open")


def _usetenant(session: Session, words: list[Word]) -> None:
    db = _database(session)
    if not words:
        session.write(
            "Using the default tenant"
            if session.tenant is None
            else f"Using tenant `{printable(session.tenant_name)}'"
        )
        return
    _without_transaction(session)
    name = _words_of_name(words[0])
    if not _tenants(session, name, name + b"\x00", 1):
        raise CommandError(_NOT_FOUND.format(printable(name)))
    session.tenant, session.tenant_name, session.path = db.open_tenant(name), name, ()
    session.write(f"Using tenant `{printable(name)}'")


def _defaulttenant(session: Session, words: list[Word]) -> None:
    _database(session)
    _without_transaction(session)
    session.tenant, session.tenant_name, session.path = None, b"", ()
    session.write("Using the default tenant")


def _tenants(session: Session, begin: bytes, end: bytes, limit: int) -> list[KeyValue]:
    db = _database(session)

    def read(tr: Transaction) -> list[KeyValue]:
        found: list[KeyValue] = list_tenants(tr, begin, end, limit).to_list()
        return found

    return db.run(read, timeout=session.timeout, read_only=True)


def tenant_names(session: Session, begin: bytes, limit: int) -> list[bytes]:
    """Return the names of some tenants, for completion."""
    return [bytes(row.key) for row in _tenants(session, begin, b"\xff", limit)]


def _require_changes(session: Session) -> None:
    if session.read_only:
        raise CommandError("this shell was opened to read only")
    _without_transaction(session)


def _createtenant(session: Session, words: list[Word]) -> None:
    name = _words_of_name(words[0])
    _require_changes(session)
    create_tenant(_database(session), name)
    session.write(f"The tenant `{printable(name)}' has been created")


def _deletetenant(session: Session, words: list[Word]) -> None:
    name = _words_of_name(words[0])
    _require_changes(session)
    if session.tenant is not None and session.tenant_name == name:
        raise CommandError("the tenant is in use here: type `defaulttenant' first")
    delete_tenant(_database(session), name)
    session.write(f"The tenant `{printable(name)}' has been deleted")


def _listtenants(session: Session, words: list[Word]) -> None:
    begin = _words_of_name(words[0]) if words else b""
    end = _words_of_name(words[1]) if len(words) > 1 else b"\xff"
    if end <= begin:
        raise CommandError("end must be larger than begin")
    limit = words[2].name if len(words) > 2 else str(_MOST_TENANTS)
    if not limit.isascii() or not limit.isdigit() or not 0 < int(limit) < 10**9:
        raise CommandError(f"invalid limit `{limit}'")
    found = _tenants(session, begin, end, int(limit))
    if not found:
        where = " in the specified range" if words else ""
        session.write(f"The cluster has no tenants{where}")
    for number, row in enumerate(found, 1):
        session.write(f"  {number}. {printable(row.key)}")


def _gettenant(session: Session, words: list[Word]) -> None:
    name = _words_of_name(words[0])
    found = _tenants(session, name, name + b"\x00", 1)
    if not found:
        raise CommandError(_NOT_FOUND.format(printable(name)))
    known = json.loads(found[0].value)
    session.write(f"  id: {known.get('id')}")
    prefix = known.get("prefix")
    session.write(f"  prefix: {prefix.get('printable') if isinstance(prefix, dict) else prefix}")
    if "tenant_state" in known:
        session.write(f"  tenant state: {known['tenant_state']}")


def _tenant(session: Session, words: list[Word]) -> None:
    command = _TENANT_COMMANDS.get(words[0].name)
    if command is None:
        raise TENANT_COMMAND.misuse()
    command.check(words[1:])
    command.run(session, words[1:])


STATUS = Command(
    "status",
    "status [minimal|details|json]",
    "get the status of the database",
    _status,
    "`minimal' is one line, and `json' is the status document as it is; `details' are what is shown without it, too.",
    most=1,
    arguments=(("minimal", "details", "json"),),
)
GETVERSION = Command(
    "getversion",
    "getversion",
    "fetch the current read version",
    _getversion,
    "Displays the read version of the database, or of the transaction that is open.",
    is_kept=True,
)
USETENANT = Command(
    "usetenant",
    "usetenant [NAME]",
    "use a tenant, whose keys are then meant",
    _usetenant,
    "Without NAME the tenant in use is shown.",
    most=1,
    arguments=(TENANT,),
)
DEFAULTTENANT = Command("defaulttenant", "defaulttenant", "use no tenant any more", _defaulttenant)
CREATETENANT = Command(
    "createtenant",
    "createtenant <NAME>",
    "create a tenant",
    _createtenant,
    least=1,
    most=1,
)
DELETETENANT = Command(
    "deletetenant",
    "deletetenant <NAME>",
    "delete a tenant",
    _deletetenant,
    "Only a tenant without keys can be deleted.",
    least=1,
    most=1,
    arguments=(TENANT,),
)
LISTTENANTS = Command(
    "listtenants",
    "listtenants [BEGIN] [END] [LIMIT]",
    "list the tenants",
    _listtenants,
    "Those with names from BEGIN on and before END, up to LIMIT (100).",
    most=3,
)
GETTENANT = Command(
    "gettenant",
    "gettenant <NAME>",
    "show what is known of a tenant",
    _gettenant,
    least=1,
    most=1,
    arguments=(TENANT,),
)
_TENANT_COMMANDS = {
    "create": CREATETENANT,
    "delete": DELETETENANT,
    "list": LISTTENANTS,
    "get": GETTENANT,
}
TENANT_COMMAND = Command(
    "tenant",
    "tenant <create|delete|list|get> [ARGS]",
    "the commands about tenants, as newer releases of fdbcli have them",
    _tenant,
    least=1,
    most=4,
    arguments=(tuple(_TENANT_COMMANDS), TENANT),
)
COMMANDS = (
    STATUS,
    GETVERSION,
    USETENANT,
    DEFAULTTENANT,
    CREATETENANT,
    DELETETENANT,
    LISTTENANTS,
    GETTENANT,
    TENANT_COMMAND,
)
