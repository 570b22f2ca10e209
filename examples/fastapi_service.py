"""A web service with FastAPI and asyncio: an address book, by pages, by tag and by e-mail address.

    pip install 'foundationdb-cffi[examples]'
    FDB_CLUSTER_FILE=file:contacts.fdb uvicorn --app-dir examples fastapi_service:app
    curl localhost:8000/contacts -H 'Idempotency-Key: first' \
        --json '{"name": "Ada", "email": "ada@example.org", "tags": ["maths"]}'

It opens the database when it starts, answers while it waits for others, and closes it when uvicorn ends
it. A client that does not know what became of its request sends it again: PUT and DELETE may be repeated by
their nature, POST by its `Idempotency-Key`.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

import fdb

fdb.api_version(740)

#: Where POST gets the number of a contact from: the same key, the same number.
NUMBERS = uuid.UUID("6d1c3d4e-4c55-4f0e-9d3d-3f5b1c1f6a77")


class Contact(BaseModel):
    """What a client says of a person."""

    name: str = Field(min_length=1, max_length=200)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)
    tags: list[Annotated[str, Field(max_length=50)]] = Field(default=[], max_length=20)


class Stored(Contact):
    """The same as it is in the database."""

    number: uuid.UUID


class Page(BaseModel):
    """Some contacts, and what to ask for as `after` to have the next ones; None at the end."""

    contacts: list[Stored]
    after: str | None


def email_of(primary_key: tuple[Any, ...], record: bytes) -> tuple[str]:
    return (json.loads(record)["email"].lower(),)


def tags_of(primary_key: tuple[Any, ...], record: bytes) -> list[tuple[str]]:
    return [(tag,) for tag in sorted(set(json.loads(record)["tags"]))]


def stored(primary_key: tuple[Any, ...], record: bytes) -> Stored:
    (number,) = primary_key
    return Stored(number=number, **json.loads(record))


class AddressBook:
    """The contacts, in a directory of the database: rows by number, and two indexes."""

    def __init__(self, db: fdb.AsyncDatabase, space: fdb.Subspace) -> None:
        self.db = db
        self.by_email = fdb.layers.Index(space["by email"], email_of, unique=True)
        self.by_tag = fdb.layers.Index(space["by tag"], tags_of)
        self.contacts = fdb.layers.Records(space["contact"], self.by_email, self.by_tag)

    @fdb.transactional
    async def add(self, tr: Any, number: uuid.UUID, contact: Contact) -> Stored:
        """Adds a contact; if it is there, from an earlier attempt, that one is returned."""
        record = await self.contacts.get(tr, (number,))
        if record is None:
            record = contact.model_dump_json().encode()
            await self.contacts.set(tr, (number,), record)
        return stored((number,), record)

    @fdb.transactional
    async def replace(self, tr: Any, number: uuid.UUID, contact: Contact) -> Stored | None:
        """Changes a contact; returns None if there is none."""
        if await self.contacts.get(tr, (number,)) is None:
            return None
        record = contact.model_dump_json().encode()
        await self.contacts.set(tr, (number,), record)
        return stored((number,), record)

    async def page(self, size: int, after: bytes | None) -> Page:
        """Raises ValueError for an `after` that is of no page."""
        rows = self.contacts.subspace
        page = await self.db.scan(rows, page_size=size, continuation=after).page()
        found = [stored(rows.unpack(row.key), row.value) for row in page]
        return Page(contacts=found, after=page.continuation.hex() if page.more else None)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens the database for as long as the service runs."""
    name = os.environ.get("FDB_CLUSTER_FILE", "file:contacts.fdb")
    # No request waits for longer than this, whatever becomes of the database.
    patience = fdb.Policy(timeout=5)
    async with fdb.open(name, event_model="asyncio", defaults=patience) as db:
        app.state.book = AddressBook(db, await fdb.directory.create_or_open(db, ("contacts",)))
        await app.state.book.contacts.build(db)
        yield


def book_of(request: Request) -> AddressBook:
    book: AddressBook = request.app.state.book
    return book


Book = Annotated[AddressBook, Depends(book_of)]
app = FastAPI(title="Contacts", lifespan=lifespan)


@app.exception_handler(fdb.FDBError)
async def database_failed(request: Request, error: Exception) -> Response:
    """No answer in time, or none that tells whether it was written: the client may repeat its request."""
    return JSONResponse({"detail": str(error)}, 503, {"Retry-After": "1"})


@app.exception_handler(fdb.layers.NotUnique)
async def not_unique(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": "another contact has this e-mail address"}, 409)


@app.get("/ready")
async def ready(book: Book) -> dict[str, float]:
    """For load balancers: 200 if the database answers within a second, else 503."""
    return {"round_trip": (await book.db.ping(timeout=1)).round_trip}


@app.post("/contacts", status_code=201)
async def add(book: Book, contact: Contact, idempotency_key: Annotated[str, Header()]) -> Stored:
    return await book.add(book.db, uuid.uuid5(NUMBERS, idempotency_key), contact)


@app.get("/contacts")
async def pages(
    book: Book, size: Annotated[int, Query(ge=1, le=100)] = 20, after: str | None = None
) -> Page:
    try:
        return await book.page(size, bytes.fromhex(after) if after is not None else None)
    except ValueError:
        raise HTTPException(400, "`after` has to be that of a page") from None


@app.get("/contacts/{number}")
async def one(book: Book, number: uuid.UUID) -> Stored:
    record = await book.contacts.get(book.db, (number,))
    if record is None:
        raise HTTPException(404)
    return stored((number,), record)


@app.put("/contacts/{number}")
async def replace(book: Book, number: uuid.UUID, contact: Contact) -> Stored:
    changed = await book.replace(book.db, number, contact)
    if changed is None:
        raise HTTPException(404)
    return changed


@app.delete("/contacts/{number}", status_code=204)
async def delete(book: Book, number: uuid.UUID) -> None:
    await book.contacts.delete(book.db, (number,))


@app.get("/tags/{tag}")
async def tagged(book: Book, tag: str, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Page:
    found = await book.contacts.find(book.db, book.by_tag, (tag,), limit=limit)
    return Page(contacts=[stored(each.primary_key, each.value) for each in found], after=None)


@app.get("/emails/{email}")
async def by_email(book: Book, email: str) -> Stored:
    found = await book.contacts.find(book.db, book.by_email, (email.lower(),), limit=1)
    if not found:
        raise HTTPException(404)
    return stored(found[0].primary_key, found[0].value)
