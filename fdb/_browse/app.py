"""The addresses of the page, all of them below `http://127.0.0.1:PORT/<token>/`. What `guard` lets through comes here.

Answers are JSON objects, errors `{"error": "one line"}` with a status of 4xx or 5xx (`code` beside it where the database
gave one, `parameter` where a text was no notation). Bytes are sent as `..._hex` or `hex`, with their notation beside it.
`tenant=` is the name of a tenant in notation, as `about.tenants` has it; none for the database itself.

    GET  (nothing), *.js, *.css   the front end's files
    GET  api/about        {database, library, api_version, write, tenants: [names], tenant: the one that is shown or null,
                          version_of_fdb, has_tenants, more_tenants, trouble: that the database does not answer | null}
    GET  api/directories?path=<JSON array>&tenant=&after=<name>&limit=500
                          {path, prefix, next: name to give as `after`, or null, children: [{name, path, path_shown, layer, prefix,
                          prefix_hex, has_children, bytes (estimate or null), partition}]}
    GET  api/rows?within=<notation>&begin_hex=&end_hex=&limit=100&reverse=0&from=<continuation>&at=<notation>&tenant=
                          {rows: [{key: KEY, value: {bytes, form, shown, cut}}], next, previous, range: {begin, end, begin_hex,
                          end_hex}, digest (of the rows), version}. `at`: the page begins at this key. A page may be shorter than `limit`
                          where rows are large: `next` says whether there are more.
                          KEY (in a list with the first 100 elements only) = {hex, shown (can be typed as it is), path (of the directory it is in) | null, path_shown | null,
                          tuple: [shown elements] (of what follows the directory's prefix) | null, types: [of each: null bool int
                          float text bytes uuid tuple versionstamp] | null, rest: (the same in notation)}
    GET  api/row?key_hex=&tenant=
                          {key: KEY, value: {bytes, hex, form, shown, forms: {form: shown}}, version}; 404 if there is none
    GET  api/estimate?within=&begin_hex=&end_hex=&tenant=    {bytes, range}
    GET  api/status       {available, healthy, ...}
    GET  api/live         Server-Sent Events, one a second, of the whole database: see `live`
    POST api/set          {key (notation) or key_hex, value, form="auto", tenant, expected_hex}
    POST api/clear        {key_hex, tenant, expected_hex}
    POST api/clear_range  {begin_hex, end_hex, expected_rows, expected_digest, tenant}; 409 if there are more rows, or others
                          Answers {version}. With `expected_hex` (null: no such key) nothing is written if another value is there: 409.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fdb._browse import about, rows, trees, writing
from fdb._browse.guard import Guard
from fdb._browse.live import Live, stream
from fdb._browse.requests import MOST_BODY, Parameters, Refused, Session, refusal_of
from fdb._browse.trees import NameCache

STATIC = pathlib.Path(__file__).with_name("static")
#: How many requests ask the database at the same time; others wait.
_MOST_READERS = 16
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}

Answer = Callable[[Parameters], dict[str, Any]]


def application(session: Session, live: Live, token: str, port: int) -> Guard:
    """Returns the application of a page, behind its guard."""
    names = NameCache()
    readers = anyio.CapacityLimiter(_MOST_READERS)
    reading: dict[str, Answer] = {
        "about": partial(about.about, session),
        "status": partial(about.status, session),
        "directories": partial(trees.directories, session),
        "rows": partial(rows.rows, session, names),
        "row": partial(rows.row, session, names),
        "estimate": partial(about.estimate, session),
    }
    changing: dict[str, Answer] = {
        "set": partial(writing.set_row, session),
        "clear": partial(writing.clear_row, session),
        "clear_range": partial(writing.clear_rows, session),
    }
    routes = [Route("/api/live", partial(_stream, live), methods=["GET"])]
    routes += [
        Route(f"/api/{name}", _reader(answer, readers), methods=["GET"])
        for name, answer in reading.items()
    ]
    routes += [
        Route(f"/api/{name}", _writer(answer, readers), methods=["POST"])
        for name, answer in changing.items()
    ]
    routes.append(Route("/{name:path}", partial(_file, files()), methods=["GET"]))
    app = Starlette(
        routes=routes,
        exception_handlers={404: _no_such_address, 405: _other_method, Exception: _fault},
    )
    return Guard(app, token, port, session.write)


def files() -> dict[str, pathlib.Path]:
    """Returns the front end's files by their addresses: what is not listed here is not served."""
    found = {
        path.relative_to(STATIC).as_posix(): path
        for path in STATIC.rglob("*")
        if path.suffix in _TYPES and path.is_file()
    }
    return {**found, "": STATIC / "index.html"}


def _reader(answer: Answer, readers: anyio.CapacityLimiter) -> Any:
    async def endpoint(request: Request) -> Response:
        return await _answered(answer, Parameters(request.query_params), readers)

    return endpoint


def _writer(answer: Answer, readers: anyio.CapacityLimiter) -> Any:
    async def endpoint(request: Request) -> Response:
        try:
            asked = Parameters.of_body(await _body(request))
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        except Refused as refused:
            return _refusal(refused)
        return await _answered(answer, asked, readers)

    return endpoint


async def _answered(answer: Answer, asked: Parameters, readers: anyio.CapacityLimiter) -> Response:
    """Answers in a thread, where it may block."""
    try:
        return JSONResponse(
            await anyio.to_thread.run_sync(answer, asked, abandon_on_cancel=True, limiter=readers)
        )
    except Exception as error:
        return _refusal(error)


def _refusal(error: Exception) -> Response:
    refused = refusal_of(error)
    return JSONResponse(refused.body, refused.status)


async def _fault(request: Request, error: Exception) -> Response:
    return _refusal(error)


async def _body(request: Request) -> bytes:
    """Returns the body of a request. Raises Refused for one that is too large, before it is there."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BODY:
            raise Refused(413, f"the body of a request has at most {MOST_BODY} bytes")
        parts.append(part)
    return b"".join(parts)


async def _stream(live: Live, request: Request) -> Response:
    return stream(live)


async def _file(served: dict[str, pathlib.Path], request: Request) -> Response:
    path = served.get(request.path_params["name"])
    if path is None:
        return await _no_such_address(request, None)
    return Response(await anyio.Path(path).read_bytes(), media_type=_TYPES[path.suffix])


async def _no_such_address(request: Request, error: Any) -> Response:
    return JSONResponse({"error": "there is no such address in this page"}, 404)


async def _other_method(request: Request, error: Any) -> Response:
    return JSONResponse({"error": "this address takes another method"}, 405)
