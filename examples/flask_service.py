"""A web service with Flask and threads: short names for long addresses, and how often each was followed.

    pip install 'foundationdb-cffi[examples]'
    FDB_CLUSTER_FILE=file:links.fdb flask --app examples/flask_service.py run
    curl -X PUT localhost:5000/links/docs --json '{"target": "https://example.org/docs"}'
    curl -i localhost:5000/docs

The database is one object for all threads. In production: `gunicorn --threads 16
'flask_service:create_app()'`, with more processes (`--workers`) on a cluster; a file belongs to one process.
Do not use gunicorn's `--preload`: what was opened before a fork is closed after it.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any

import flask

import fdb

fdb.api_version(740)

NAME = re.compile(r"[a-z0-9-]{1,40}")
MOST_ON_A_PAGE = 100


class Taken(Exception):
    """The name stands for another address."""


class Links:
    """Names and their addresses, in a directory of the database.

    ("link", name) holds the address and the time since when, as JSON; a Counter has the visits. Whoever follows a
    link adds to that without reading it, so visitors never conflict, neither with each other nor with anybody.
    """

    def __init__(self, db: fdb.Database, space: fdb.Subspace) -> None:
        self.db = db
        self.rows = space["link"]
        self.visits = fdb.layers.Counter(space["visits"], shards=4)

    @fdb.transactional
    def put(self, tr: fdb.Transaction, name: str, target: str) -> bool:
        """Has a name stand for an address; returns whether that is new. Raises Taken."""
        known = tr[self.rows[name]]
        if known.present():
            if json.loads(known)["target"] != target:
                raise Taken
            return False
        tr[self.rows[name]] = json.dumps({"target": target, "since": time.time()}).encode()
        return True

    @fdb.transactional
    def follow(self, tr: fdb.Transaction, name: str) -> str | None:
        """Returns the address, and counts the visit; None for a name that there is not.

        Run again after a commit whose result was unknown, it may count a visit twice: here that does no harm.
        """
        link = tr.snapshot[self.rows[name]]
        if not link.present():
            return None
        self.visits[name].add(tr)
        return str(json.loads(link)["target"])

    @fdb.transactional
    def remove(self, tr: fdb.Transaction, name: str) -> None:
        """Forgets a name and its visits."""
        del tr[self.rows[name]]
        self.visits[name].set(tr, 0)

    @fdb.transactional
    def shown(self, tr: fdb.Transaction, keys: list[bytes]) -> list[dict[str, Any]]:
        """Returns the links with these keys, with their visits."""
        links = []
        values = [(key, tr.snapshot[key]) for key in keys]  # requested, not waited for
        for key, value in values:
            if value.present():
                (name,) = self.rows.unpack(key)
                visits = self.visits[name].get(tr.snapshot)
                links.append({"name": name, "visits": visits, **json.loads(value)})
        return links

    def page(self, size: int, after: bytes | None) -> tuple[list[dict[str, Any]], bytes | None]:
        """Returns some links, and what to give as `after` for the next ones; None at the end.

        Raises ValueError for an `after` that is of no page.
        """
        page = self.db.scan(self.rows, page_size=size, continuation=after).page()
        links = self.shown(self.db, [row.key for row in page])
        return links, page.continuation if page.more else None


def open_links() -> Links:
    name = os.environ.get("FDB_CLUSTER_FILE", "file:links.fdb")
    # No request waits for longer than this, whatever becomes of the database.
    db = fdb.open(name, defaults=fdb.Policy(timeout=5))
    return Links(db, fdb.directory.create_or_open(db, ("links",)))


routes = flask.Blueprint("links", __name__)


def links() -> Links:
    found: Links = flask.current_app.extensions["links"]
    return found


def create_app() -> flask.Flask:
    """Makes the application, in the process that serves it."""
    app = flask.Flask(__name__)
    app.extensions["links"] = open_links()
    app.register_blueprint(routes)
    return app


@routes.errorhandler(fdb.FDBError)
def database_failed(error: Exception) -> flask.typing.ResponseReturnValue:
    """No answer in time, or none that tells whether it was written: the client may repeat its request."""
    return {"error": str(error)}, 503, {"Retry-After": "1"}


@routes.errorhandler(Taken)
def taken(error: Exception) -> flask.typing.ResponseReturnValue:
    return {"error": "the name stands for another address"}, 409


@routes.get("/ready")
def ready() -> flask.typing.ResponseReturnValue:
    """For load balancers: 200 if the database answers within a second, else 503."""
    return {"round_trip": links().db.ping(timeout=1).round_trip}


@routes.get("/links")
def pages() -> flask.typing.ResponseReturnValue:
    size = flask.request.args.get("size", 20, type=int)
    after = flask.request.args.get("after")
    if not 1 <= size <= MOST_ON_A_PAGE:
        return {"error": f"`size` has to be 1 to {MOST_ON_A_PAGE}"}, 400
    try:
        found, rest = links().page(size, bytes.fromhex(after) if after is not None else None)
    except ValueError:
        return {"error": "`after` has to be that of a page"}, 400
    return {"links": found, "after": rest.hex() if rest is not None else None}


@routes.put("/links/<name>")
def put(name: str) -> flask.typing.ResponseReturnValue:
    body = flask.request.get_json()
    target = body.get("target") if isinstance(body, dict) else None
    if not isinstance(target, str) or not target.startswith(("https://", "http://")):
        return {"error": "`target` has to be an address"}, 400
    if not NAME.fullmatch(name):
        return {"error": "a name has small letters, digits and dashes"}, 400
    is_new = links().put(links().db, name, target)
    return {"name": name, "target": target}, 201 if is_new else 200


@routes.delete("/links/<name>")
def delete(name: str) -> flask.typing.ResponseReturnValue:
    links().remove(links().db, name)
    return "", 204


@routes.get("/<name>")
def follow(name: str) -> flask.typing.ResponseReturnValue:
    target = links().follow(links().db, name)
    if target is None:
        return {"error": "there is no such name"}, 404
    return flask.redirect(target, 302)
