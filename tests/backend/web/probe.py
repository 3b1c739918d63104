"""A small room with one operation of each sort, over a real database, to try the plumbing on."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Column, MetaData, Table, Text, Uuid, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.app import create_app
from backend.clock import FixedClock
from backend.context import Context
from backend.gateways.counters import CounterStorage, choose_counter_storage
from backend.gateways.edition_watch import PublishedEditions
from backend.gateways.identity_provider import TicketReader
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.published_editions import read_shipped
from backend.gateways.refresh_tokens import RefreshTokens
from backend.gateways.sealing import Sealer
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.setting_values import SecretKeys
from backend.settings import Settings
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from backend.storage.revocations import Revocations
from backend.storage.tables import Row
from backend.web import fields
from backend.web.answers import Reply, Stream
from backend.web.attempts import count_if_refused, find_attempt_refusal
from backend.web.declaration import Repeats, UploadForm
from backend.web.operations import Blueprint
from backend.web.paging import Page, PageQuerySchema, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.uploads import Upload

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
PUBLIC_URL = "https://shangding.example"
SHIPPED = read_shipped("zhengzhou")
ZHENGZHOU, ZHENGZHOU_BENEFITS = SHIPPED.rules, SHIPPED.benefits
HOUR = timedelta(hours=1)
FILE_LIMIT = 3 * 1024 * 1024
ID_NUMBER = "41010219900307123X"
PROBE_TABLES = MetaData()  # apart from the product's own, which migrations are compared with
NOTES = Table("probe_note", PROBE_TABLES, Column("note_id", Uuid, primary_key=True), Column("text", Text))

blueprint = Blueprint("probe", __name__, url_prefix="/probe", description="For tests")


@dataclass(frozen=True)
class Note:
    note_id: UUID
    text: str
    written_at: datetime = NOON


class NoteSchema(fields.StrictSchema):
    note_id = fields.Identifier()
    text = fields.Text(maximum=20)
    written_at = fields.Moment()


class NewNoteSchema(fields.StrictSchema):
    text = fields.Text(maximum=20, required=True)
    stars = fields.Whole(minimum=0, maximum=5, load_default=0)
    on = fields.Day(load_default=None)
    tags = fields.Several(fields.Text(maximum=5), maximum=3, load_default=list)


class NotePageSchema(fields.StrictSchema):
    items = fields.Several(fields.Part(NoteSchema), maximum=100)
    next_cursor = fields.Text(maximum=400)


NOTE_EXAMPLE = {"note_id": "019a0000-0000-7000-8000-000000000000", "text": "早", "written_at": "2026-11-22T04:00:00Z"}
ANYONE, CITIZEN = {PrincipalKind.ANYONE}, {PrincipalKind.CITIZEN}


def insert_note(session: Session, text: str, now: datetime) -> Note:
    note = Note(new_id(now), text, now)
    session.execute(NOTES.insert().values(note_id=note.note_id, text=text))
    return note


@blueprint.operation(
    "POST",
    "/notes",
    kinds=CITIZEN,
    scope="notes:write",
    summary="Write a note",
    body=NewNoteSchema,
    body_example={"text": "早"},
    status=HTTPStatus.CREATED,
    response=NoteSchema,
    example=NOTE_EXAMPLE,
    repeats=Repeats.BY_KEY,
)
def write_note(*, body: dict[str, str], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    assert principal.id
    if body["text"] == "later":
        return Refusal(ProblemCode.UNAVAILABLE)
    note = insert_note(session, body["text"], now)
    return Reply(value=note, headers={"Location": f"/v1/probe/notes/{note.note_id}"})


@blueprint.operation(
    "GET",
    "/notes",
    kinds=CITIZEN,
    scope="notes:read",
    summary="List notes",
    query=PageQuerySchema,
    response=NotePageSchema,
    example={"items": [], "next_cursor": None},
)
def list_notes(*, query: dict[str, object], session: Session) -> Page[Note]:
    limit, cursor = int(str(query["limit"])), query["cursor"]
    wanted = select(NOTES).order_by(NOTES.c.note_id).limit(limit + 1)
    if isinstance(cursor, tuple):
        wanted = wanted.where(NOTES.c.note_id > UUID(cursor[0]))
    notes = [Note(row.note_id, row.text) for row in session.execute(wanted)]
    return cut_page(notes, limit, lambda note: (str(note.note_id),))


@blueprint.operation(
    "GET",
    "/notes/<uuid:note_id>",
    kinds=CITIZEN,
    scope="notes:read",
    summary="Read a note",
    response=NoteSchema,
    example=NOTE_EXAMPLE,
    problems={ProblemCode.RECORD_NOT_FOUND},
)
def read_note(*, note_id: UUID, session: Session) -> Note | Refusal:
    row = session.execute(select(NOTES).where(NOTES.c.note_id == note_id)).first()
    return Refusal(ProblemCode.RECORD_NOT_FOUND) if row is None else Note(row.note_id, row.text)


@blueprint.operation(
    "POST",
    "/refused",
    kinds=CITIZEN,
    scope="notes:write",
    summary="Write, then refuse",
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.ALREADY_ENROLLED},
)
def refuse_after_write(*, session: Session, now: datetime) -> Refusal:
    insert_note(session, "refused", now)
    return Refusal(ProblemCode.ALREADY_ENROLLED)


@blueprint.operation(
    "POST",
    "/fault",
    kinds=CITIZEN,
    scope="notes:write",
    summary="Write, then fall over",
    repeats=Repeats.HARMLESS,
)
def fail_after_write(*, session: Session, now: datetime) -> None:
    insert_note(session, "lost", now)
    raise RuntimeError(f"no such person: {ID_NUMBER}")


@blueprint.operation(
    "GET",
    "/writing-read",
    kinds=CITIZEN,
    scope="notes:read",
    summary="A read that wrongly writes",
)
def write_while_reading(*, session: Session, now: datetime) -> None:
    insert_note(session, "smuggled", now)


@blueprint.operation(
    "POST",
    "/echo",
    kinds=ANYONE,
    summary="Say it again",
    body=NewNoteSchema,
    body_example={"text": "早"},
    response=NewNoteSchema,
    example={"text": "早"},
    repeats=Repeats.HARMLESS,
    limited=False,
)
def echo(*, body: dict[str, object]) -> dict[str, object]:
    return body


@blueprint.operation(
    "POST",
    "/large",
    kinds=ANYONE,
    summary="Take much",
    body=NewNoteSchema,
    body_example={"text": "早"},
    repeats=Repeats.HARMLESS,
    limited=False,
    body_limit=2 * 1024 * 1024,
)
def take_large(*, body: dict[str, object]) -> None:
    assert body


@blueprint.operation("GET", "/scarce", kinds=ANYONE, summary="Twice a minute", limit="2/minute")
def read_scarce() -> None:
    """Give nothing."""


@blueprint.operation(
    "POST",
    "/sensitive",
    kinds=CITIZEN,
    scope="notes:write",
    summary="Do what one must be sure about",
    repeats=Repeats.HARMLESS,
    fresh=True,
)
def act_freshly() -> None:
    """Give nothing."""


@blueprint.operation(
    "GET",
    "/clerk",
    kinds={PrincipalKind.DEPARTMENT, PrincipalKind.OPERATOR},
    scope="notes:read",
    summary="Say who acts",
    media_type="text/plain",
    example="clerk-7",
)
def name_actor(*, principal: Principal) -> str:
    return str(principal.acting)


@blueprint.operation(
    "POST",
    "/form",
    kinds=ANYONE,
    summary="Say again what a form says",
    body=NewNoteSchema,
    body_example={"text": "早"},
    response=NewNoteSchema,
    example={"text": "早"},
    repeats=Repeats.HARMLESS,
    form=True,
    limited=False,
)
def echo_form(*, body: dict[str, object]) -> dict[str, object]:
    return body


@blueprint.operation(
    "POST",
    "/files",
    kinds=CITIZEN,
    scope="notes:write",
    summary="Take a file",
    upload=UploadForm(media_types=frozenset({"text/csv"}), limit=FILE_LIMIT),
    repeats=Repeats.BY_KEY,
    media_type="text/plain",
    example="3",
)
def take_file(*, upload: Upload, session: Session, now: datetime) -> str:
    insert_note(session, upload.sha256[:8], now)
    return f"{upload.size} {upload.sha256} {len(upload.stream.read())}"


@blueprint.operation(
    "GET",
    "/files",
    kinds=CITIZEN,
    scope="notes:read",
    summary="Give a file",
    streams=frozenset({"text/csv"}),
)
def give_file() -> Stream:
    return Stream(pieces=iter([b"a,b\n", b"1,2\n"]), media_type="text/csv")


@blueprint.operation(
    "POST",
    "/guess",
    kinds=ANYONE,
    summary="Guess a word",
    body=NewNoteSchema,
    body_example={"text": "早"},
    repeats=Repeats.HARMLESS,
    problems={ProblemCode.TICKET_REFUSED, ProblemCode.TOO_MANY_ATTEMPTS},
)
def guess(*, body: dict[str, str]) -> Refusal | None:
    refusal = find_attempt_refusal("guess", body["text"])
    if refusal is not None:
        return refusal
    outcome = None if body["text"] == "right" else Refusal(ProblemCode.TICKET_REFUSED)
    count_if_refused(outcome, "guess", body["text"])
    return outcome


@dataclass(frozen=True)
class Probe:
    """The application under test and what a test needs beside it."""

    app: Flask
    context: Context

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def sign_in(
        self,
        *scopes: str,
        kind: PrincipalKind = PrincipalKind.CITIZEN,
        subject: str = "subject-1",
        lifetime: timedelta = timedelta(minutes=5),
        proven_at: datetime | None = NOON,
        acting: str | None = None,
    ) -> dict[str, str]:
        principal = Principal(kind=kind, id=subject, scopes=frozenset(scopes), proven_at=proven_at, acting=acting)
        token = self.context.tokens.issue(principal, lifetime, self.context.clock.now())
        return {"Authorization": f"Bearer {token}"}

    def count_notes(self) -> int:
        with self.context.database.reading() as session:
            return session.scalar(select(func.count()).select_from(NOTES)) or 0


def read_json(answer: TestResponse) -> dict[str, Any]:
    """The JSON object that an answer holds."""
    document: dict[str, Any] = json.loads(answer.text)
    return document


def make_settings(database_url: str, **changes: object) -> Settings:
    secret = SecretKeys(current="k1", by_id=MappingProxyType({"k1": bytes(32)}))
    values: dict[str, object] = {
        "database_url": database_url,
        "redis_url": None,
        "city": "zhengzhou",
        "token_keys": Path("/nowhere"),
        "pseudonym_keys": secret,
        "sealing_keys": secret,
        "identity_issuer": "https://identity.example",
        "identity_jwks_url": "file:///nowhere",
        "public_url": PUBLIC_URL,
        "commit": "0a1b2c3",
        "log_level": "INFO",
        "rate_limit": "100000/minute",
        "trusted_proxies": 0,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]  # one dict for all types of settings


def make_test_context(
    database_url: str, *, counters: CounterStorage | None = None, revision: str = "0001", **changes: object
) -> Context:
    settings = make_settings(database_url, **changes)
    keys = settings.pseudonym_keys
    database = Database(database_url)
    return Context(
        settings=settings,
        clock=FixedClock(NOON),
        database=database,
        pseudonyms=Pseudonyms(keys.by_id, keys.current),
        sealer=Sealer(keys.by_id, keys.current),
        tokens=TokenIssuer({"t1": generate_private_key(SECP256R1())}, issuer=PUBLIC_URL),
        refresh_tokens=RefreshTokens(keys.by_id, keys.current),
        tickets=TicketReader(issuer="https://identity.example", audience=PUBLIC_URL, jwks_url="file:///nowhere"),
        editions=PublishedEditions(database, SHIPPED, fresh_for=HOUR),
        counters=counters or choose_counter_storage(settings.redis_url),
        revocations=Revocations(database, fresh_for=timedelta(0)),
        schema_revision=revision,
    )


def make_probe(context: Context) -> Probe:
    Row.metadata.create_all(context.database.engine)
    PROBE_TABLES.create_all(context.database.engine)
    return Probe(create_app(context, (blueprint,)), context)
