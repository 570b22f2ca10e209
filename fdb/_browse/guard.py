"""Who may ask the page: an application of ASGI around the one that answers.

A request needs all of this, or it is refused before anything else of it is looked at:
- `Host` is this machine, by a name that no other can have, and our port: a name of somebody else's that was made to point here
  (DNS rebinding) is not.
- The first part of the path is the token, 256 random bits that only those know who were shown the address.
- The browser does not say that another site has caused it: `Origin` is ours, `Sec-Fetch-Site` is not another's. But a person may
  follow a link to the page itself, from a notebook or a terminal in the browser: its HTML has no data, and whatever it asks for is
  asked for by the page.
- The method is GET, which never writes; or POST where the page may write, with the type of JSON and a header of our own, neither of
  which a form or another site's script can send without asking first, which is refused.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import Any

from fdb._browse.requests import refusal_of

_TOKEN_BYTES = 64
_MOST_IN_FLIGHT = 64
#: Where the request comes from, as browsers say: from this page, or from a person.
_OWN_SITE = (b"same-origin", b"none")
WRITE_HEADER = b"x-fdb-write"

#: With every answer. Nothing of the page comes from elsewhere, and none of it is kept, framed or named to others.
HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        b"require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Guard:
    """Lets through what may be answered, with the token taken off its path, and puts `HEADERS` on every answer."""

    def __init__(self, app: Any, token: str, port: int, write: bool) -> None:
        self._app = app
        self._token = token.encode()
        self._write = write
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = {f"{name}:{port}".encode() for name in names}
        if port == 80:
            self._hosts |= {name.encode() for name in names}
        self._in_flight = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            return
        started = False

        async def send_with_headers(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = {name for name, _ in HEADERS}
                kept = [pair for pair in message.get("headers", ()) if pair[0] not in own]
                message = {**message, "headers": [*kept, *HEADERS]}
            await send(message)

        status, text = self._refusal(scope)
        if status:
            await answer(send_with_headers, status, text)
            return
        inside = scope["path"].removeprefix(f"/{self._token.decode()}")
        if not inside:
            # Addresses in the page are relative to what ends with a slash.
            await answer(send_with_headers, 307, "", [(b"location", f"{scope['path']}/".encode())])
            return
        self._in_flight += 1
        try:
            await self._app({**scope, "path": inside, "root_path": ""}, receive, send_with_headers)
        except asyncio.CancelledError:
            # The server ends. To raise this would have it log what nobody can do anything about.
            if not started:
                await answer(send_with_headers, 503, "the page has been closed")
        except Exception as error:
            # Answered already: what is left is for a server's log, and refusal_of has seen to that.
            if not started:
                await answer(send_with_headers, 500, refusal_of(error).body["error"])
        finally:
            self._in_flight -= 1

    def _refusal(self, scope: Any) -> tuple[int, str]:
        """Returns a status and what to say, (0, "") for a request that may be answered.

        Whoever does not know the token is told nothing.
        """
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts = headers.get(b"host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, ""
        if not hmac.compare_digest(_token_of(scope), self._token):
            return 403, ""
        for origin in headers.get(b"origin", ()):
            if origin.lower() != b"http://" + hosts[0].lower():
                return 403, ""
        foreign = any(site not in _OWN_SITE for site in headers.get(b"sec-fetch-site", ()))
        if foreign and not self._is_followed_link(scope, headers):
            return 403, ""
        if self._in_flight >= _MOST_IN_FLIGHT:
            return 503, "too many requests are being answered: try again"
        if scope["method"] == "GET":
            return 0, ""
        if scope["method"] != "POST":
            return 405, "the page takes GET and POST only"
        return self._refusal_to_write(headers)

    def _is_followed_link(self, scope: Any, headers: dict[bytes, list[bytes]]) -> bool:
        """Whether a browser shows the page itself in a window of its own; frames and scripts say something else."""
        return (
            scope["method"] == "GET"
            and scope["path"] == f"/{self._token.decode()}/"
            and headers.get(b"sec-fetch-mode") == [b"navigate"]
            and headers.get(b"sec-fetch-dest") == [b"document"]
        )

    def _refusal_to_write(self, headers: dict[bytes, list[bytes]]) -> tuple[int, str]:
        if not self._write:
            return 403, "the page is read-only: it was started without --write"
        kinds = headers.get(b"content-type", [])
        if len(kinds) != 1 or kinds[0].split(b";")[0].strip().lower() != b"application/json":
            return 415, "a POST needs the header Content-Type: application/json"
        if headers.get(WRITE_HEADER) != [b"1"]:
            return 403, "a POST needs the header X-FDB-Write: 1"
        return 0, ""


def _token_of(scope: Any) -> bytes:
    first: str = scope["path"].removeprefix("/").partition("/")[0]
    return first[: 2 * _TOKEN_BYTES].encode()


async def answer(
    send: Any, status: int, text: str, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Sends an error as JSON; nothing but the status for an empty text."""
    body = json.dumps({"error": text}).encode() if text else b""
    headers = [(b"content-length", str(len(body)).encode()), *(more or [])]
    if text:
        headers.append((b"content-type", b"application/json"))
    if status == 405:
        headers.append((b"allow", b"GET, POST"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
