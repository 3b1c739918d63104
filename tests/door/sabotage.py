"""A small room in which each operation has one planted defect, which the tests of this folder must find.

Each operation is declared as it should be; what it does is something else. `POLICY` is what it should do.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import marshmallow as ma
import structlog
from flask import Response
from sqlalchemy import Column, MetaData, Table, Text, Uuid, select
from sqlalchemy.orm import Session
from typing_extensions import override

from backend.app import ROOMS
from backend.people.tables import SubjectRow
from backend.principals import Principal, PrincipalKind
from backend.storage.database import Database
from backend.storage.idempotency import Answer
from backend.storage.identifiers import new_id
from backend.web import fields
from backend.web.answers import Reply, Stream, make_answer, send_answer
from backend.web.declaration import Operation, Repeats
from backend.web.descriptions import describe_operation
from backend.web.idempotency import Call
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes
from backend.web.views import DeclaredView
from tests.door.door import Door, running_door
from tests.door.policy import Policy, Row

TABLES = MetaData()  # apart from the product's own, which migrations are compared with
NOTES = Table(
    "planted_note", TABLES, Column("note_id", Uuid, primary_key=True), Column("owner", Text), Column("text", Text)
)
NOTE: dict[str, object] = {"note_id": "019a0000-0000-7000-8000-000000000000", "text": "早"}
SCOPE = "score:read"
CITIZEN = {PrincipalKind.CITIZEN}

log = structlog.get_logger("shangding.planted")
blueprint = Blueprint("planted", __name__, url_prefix="/planted", description="Defects")


class NoteSchema(fields.StrictSchema):
    note_id = fields.Identifier(required=True)
    text = fields.Text(maximum=200, required=True)


class NewNoteSchema(fields.StrictSchema):
    text = fields.Text(maximum=200, required=True)


class LenientNoteSchema(NewNoteSchema):
    class Meta:
        unknown = ma.INCLUDE


class LeakySchema(fields.StrictSchema):
    details = fields.JsonObject(maximum=100, required=True)


class UncheckedView(DeclaredView):
    """Runs the view for everybody: whoever calls is taken for the person with the id 0."""

    @override
    def __call__(self, **variables: object) -> Response:
        current_notes().operation = self.operation.name
        nobody = Principal(kind=PrincipalKind.CITIZEN, id=str(UUID(int=0)))
        given = {**variables, "principal": nobody}
        return send_answer(
            make_answer(
                self.operation.view(**{name: given[name] for name in self.operation.parameters}),
                self.operation,
                current_notes(),
            )
        )


class ForgetfulView(DeclaredView):
    """Takes a key and forgets it."""

    @override
    def _run(
        self, database: Database, call: Call | None, given: Mapping[str, object], now: datetime
    ) -> Answer | Stream:
        return super()._run(database, None, given, now)


def insert_note(session: Session, owner: str, text: str, now: datetime) -> dict[str, object]:
    note_id = new_id(now)
    session.execute(NOTES.insert().values(note_id=note_id, owner=owner, text=text))
    return {"note_id": note_id, "text": text}


@blueprint.operation(
    "POST",
    "/notes",
    kinds=CITIZEN,
    scope=SCOPE,
    summary="Forgets its key",
    body=NewNoteSchema,
    body_example={"text": "早"},
    status=HTTPStatus.CREATED,
    response=NoteSchema,
    example=NOTE,
    repeats=Repeats.BY_KEY,
)
def forget_key(*, body: dict[str, str], principal: Principal, session: Session, now: datetime) -> Reply:
    return Reply(value=insert_note(session, principal.id, body["text"], now))


@blueprint.operation(
    "GET",
    "/notes/<uuid:planted_note_id>",
    kinds=CITIZEN,
    scope=SCOPE,
    summary="Shows anybody's note to anybody",
    response=NoteSchema,
    example=NOTE,
)
def show_any_note(*, planted_note_id: UUID, session: Session) -> dict[str, object] | Refusal:
    row = session.execute(select(NOTES).where(NOTES.c.note_id == planted_note_id)).first()
    return Refusal(ProblemCode.NOT_FOUND) if row is None else {"note_id": row.note_id, "text": row.text}


@blueprint.operation(
    "GET", "/unchecked", kinds=CITIZEN, scope=SCOPE, summary="Lets everybody in", response=NoteSchema, example=NOTE
)
def let_everybody_in() -> dict[str, object]:
    return NOTE


@blueprint.operation(
    "GET",
    "/wrong-scope",
    kinds=CITIZEN,
    scope="account:read",
    summary="Asks for another scope than the policy wants",
    response=NoteSchema,
    example=NOTE,
)
def ask_for_another_scope() -> dict[str, object]:
    return NOTE


@blueprint.operation(
    "GET", "/unlisted", kinds=CITIZEN, scope=SCOPE, summary="Stands in no policy", response=NoteSchema, example=NOTE
)
def stand_in_no_policy() -> dict[str, object]:
    return NOTE


@blueprint.operation(
    "DELETE",
    "/harmful",
    kinds=CITIZEN,
    scope=SCOPE,
    summary="Says that a repeat does no harm",
    repeats=Repeats.HARMLESS,
)
def leave_more_each_time(*, principal: Principal, session: Session, now: datetime) -> None:
    insert_note(session, principal.id, "more", now)


@blueprint.operation(
    "POST",
    "/lenient",
    kinds=CITIZEN,
    scope=SCOPE,
    summary="Takes whatever it is given",
    body=LenientNoteSchema,
    body_example={"text": "早"},
    response=NoteSchema,
    example=NOTE,
    repeats=Repeats.HARMLESS,
)
def take_anything(*, body: dict[str, str]) -> dict[str, object]:
    return {**NOTE, "text": body["text"]}


@blueprint.operation(
    "POST",
    "/fragile",
    kinds=CITIZEN,
    scope=SCOPE,
    summary="Falls over what is not ASCII",
    body=NewNoteSchema,
    body_example={"text": "dawn"},
    response=NoteSchema,
    example=NOTE,
    repeats=Repeats.HARMLESS,
)
def fall_over_unicode(*, body: dict[str, str]) -> dict[str, object]:
    return {**NOTE, "text": body["text"].encode("ascii").decode()}


@blueprint.operation(
    "GET",
    "/leaky",
    kinds=CITIZEN,
    scope=SCOPE,
    summary="Shows a column that nobody is to see",
    response=LeakySchema,
    example={"details": {}},
)
def show_sealed_column(*, principal: Principal, session: Session) -> dict[str, object]:
    row = session.get(SubjectRow, UUID(principal.id))
    return {"details": {"key": "" if row is None else row.identity_index.hex()}}


@blueprint.operation(
    "POST",
    "/whispers",
    kinds=CITIZEN,
    scope=SCOPE,
    summary="Tells the log, a column, a header and a stranger who somebody is",
    body=NewNoteSchema,
    body_example={"text": "早"},
    response=NoteSchema,
    example=NOTE,
    repeats=Repeats.HARMLESS,
)
def whisper(*, body: dict[str, str], principal: Principal, session: Session, now: datetime) -> Reply:
    """Each leak as somebody might make it by mistake: `how:number`."""
    how, _, number = body["text"].partition(":")
    if how == "log":
        log.info("looked", subject="·".join(number))
    elif how == "column":
        insert_note(session, principal.id, hashlib.sha256(number.encode()).hexdigest(), now)
    elif how == "answer":
        return Reply(value={**NOTE, "text": number[::-1]})
    elif how == "header":
        return Reply(value=NOTE, headers={"Location": f"/v1/people/{number}"})
    elif how == "output":
        print(number)  # noqa: T201 - the planted defect
    return Reply(value=NOTE)


def _replace_view(name: str, kind: type[DeclaredView]) -> None:
    """Put another sort of view under an operation of the blueprint, which is otherwise declared as it was."""
    blueprint.record(lambda state: _swap(state.app.view_functions, f"{blueprint.name}.{name}", kind))


def _swap(views: dict[str, Any], endpoint: str, kind: type[DeclaredView]) -> None:
    declared = views[endpoint]
    assert isinstance(declared, DeclaredView)
    operation: Operation = declared.operation
    views[endpoint] = kind(operation, describe_operation(operation))


_replace_view("forget_key", ForgetfulView)
_replace_view("let_everybody_in", UncheckedView)

SABOTAGED_ROOMS = (*ROOMS, blueprint)
_RIGHT = Row(kinds=frozenset({"citizen"}), scope=SCOPE, data="own")
POLICY: Policy = dict.fromkeys(
    (
        "ask_for_another_scope",
        "fall_over_unicode",
        "forget_key",
        "leave_more_each_time",
        "let_everybody_in",
        "show_any_note",
        "show_sealed_column",
        "take_anything",
        "whisper",
    ),
    _RIGHT,
)


@contextmanager
def running_sabotage(database_url: str) -> Iterator[Door]:
    """The real application with the planted room beside its own."""
    with running_door(database_url, rooms=SABOTAGED_ROOMS) as door:
        TABLES.create_all(door.database.engine)
        yield door


def plant_note(door: Door, owner: UUID) -> UUID:
    """A note that belongs to somebody."""
    with door.database.transaction() as session:
        found = insert_note(session, str(owner), "mine", door.city.now())
    note_id = found["note_id"]
    assert isinstance(note_id, UUID)
    return note_id
