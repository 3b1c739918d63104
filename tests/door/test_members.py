"""Nothing gets in that a wire form does not name, and nothing gets out: every member of every body and answer (R17)."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow import fields as stock
from sqlalchemy import LargeBinary

from backend.storage.tables import Row
from backend.web.declaration import Operation
from backend.web.fields import JsonObject, Part, Several
from backend.web.problems import PROBLEM_MEDIA_TYPE
from tests.backend.city import read_json
from tests.door.door import Call, Door
from tests.door.examples import Making, make_example, prepare
from tests.door.findings import must_be_empty, must_hold
from tests.door.policy import Policy, read_policy
from tests.door.sabotage import POLICY
from tests.door.state import read_state, read_tables

POLICY_TABLE = read_policy()
COLUMNS = frozenset(column.name for table in Row.metadata.tables.values() for column in table.columns)
SECRET_COLUMNS = frozenset(
    column.name
    for table in Row.metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, LargeBinary)
)
STRANGE = frozenset(
    {"admin", "is_admin", "role", "roles", "scopes", "principal", "__proto__", "constructor", "__class__", "$where",
     "_id", "id", "owner", "points", "status ", "Status", "verified", "ｉｄ"}
)  # fmt: skip
TOLD = frozenset({"answered_question.digest", "taken_notice.digest"})  # of a message, to the city that sent it
AT_ONCE, IN_A_FORM, A_MEMBER = 45, 10, 40  # bytes that a strange member takes at most
Pieces = tuple[str, ...]


def test_no_column_and_no_strange_member_is_taken(door: Door) -> None:
    must_be_empty(find_taken_members(door, POLICY_TABLE))


def test_no_strange_parameter_is_taken(door: Door) -> None:
    must_be_empty(find_taken_parameters(door, POLICY_TABLE))


def test_answers_say_what_they_declare_and_nothing_sealed(door: Door) -> None:
    must_be_empty(find_exposed_members(door, POLICY_TABLE))


def test_a_lenient_form_and_a_leaking_answer_are_found(sabotaged: Door) -> None:
    must_hold(find_taken_members(sabotaged, POLICY), ["take_anything: takes at /"])
    must_hold(find_exposed_members(sabotaged, POLICY), ["show_sealed_column: its answer holds subject.identity_index"])


def find_taken_members(door: Door, policy: Policy) -> Iterator[str]:
    """Members that some body takes although its form does not name them; one sentence each."""
    for operation in door.operations:
        if operation.body is None or operation.name not in policy:
            continue
        call = prepare(door, operation, door.make_scene())
        example = make_example(Making(door, operation, door.make_scene().own))
        before = read_state(door.database)
        for place, schema, by_itself in list_objects(operation.body(), example):
            names = sorted((COLUMNS | STRANGE) - _name_members(schema))
            if by_itself:  # a row is refused alone, in a receipt: what matters is that its form refuses it
                yield from _find_loaded(operation, place, schema, _reach(example, place), names)
                continue
            size = IN_A_FORM if operation.form else min(AT_ONCE, operation.body_limit // A_MEMBER)
            for start in range(0, len(names), size):
                yield from _find_taken(door, call, example, place, names[start : start + size])
        if before != read_state(door.database):
            yield f"{operation.name}: a body that was refused has changed something"


def _find_taken(door: Door, call: Call, example: Mapping[str, Any], place: Pieces, names: list[str]) -> Iterator[str]:
    answer = door.send(call.saying(_plant(example, place, dict.fromkeys(names, "planted"))))
    document = read_json(answer) if answer.mimetype == PROBLEM_MEDIA_TYPE else {}
    refused = {fault["pointer"] for fault in document.get("errors", ()) if fault["code"] == "unknown"}
    taken = [name for name in names if _point(*place, name) not in refused]
    if answer.status_code != 422 or taken:
        yield f"{call.operation.name}: takes at {_point(*place)} {taken} ({answer.status_code} {answer.text[:80]})"


def _find_loaded(
    operation: Operation, place: Pieces, schema: Schema, example: Mapping[str, Any], names: list[str]
) -> Iterator[str]:
    for name in names:
        try:
            schema.load({**example, name: "planted"})
        except ValidationError as error:
            if isinstance(error.messages, dict) and name in error.messages:
                continue
        yield f"{operation.name}: takes at {_point(*place)} {name}"


def find_taken_parameters(door: Door, policy: Policy) -> Iterator[str]:
    """Parameters that some query takes although its form does not name them; each name at several operations."""
    for number, operation in enumerate(each for each in door.operations if each.name in policy):
        call = prepare(door, operation, door.make_scene())
        declared = frozenset() if operation.query is None else _name_members(operation.query())
        names = sorted((COLUMNS | STRANGE) - declared)
        starts = range(0, len(names), AT_ONCE)
        for start in starts if operation.query is not None else [starts[number % len(starts)]]:
            asked = {**call.query, **dict.fromkeys(names[start : start + AT_ONCE], "planted")}
            answer = door.send(replace(call, query=asked))
            document = read_json(answer) if answer.mimetype == PROBLEM_MEDIA_TYPE else {}
            found = {fault["pointer"] for fault in document.get("errors", ())}
            taken = [name for name in names[start : start + AT_ONCE] if _point(name) not in found]
            if answer.status_code != 422 or taken:
                yield f"{operation.name}: takes the parameters {taken} ({answer.status_code} {answer.text[:80]})"


def find_exposed_members(door: Door, policy: Policy) -> Iterator[str]:
    """Members that some answer has although its form does not name them, and sealed columns in any answer."""
    for operation in door.operations:
        for kind in sorted(operation.kinds) if operation.name in policy else ():
            answer = door.send(prepare(door, operation, door.make_scene(), kind=kind))
            if answer.status_code != operation.status.value:
                yield f"{operation.name}: answers {answer.status_code} {answer.text[:80]}"
            elif operation.response is not None:
                yield from (
                    f"{operation.name}: {each}"
                    for each in _find_undeclared(operation.response(), answer.get_json(), "")
                )
            for name, secret in _list_secrets(door):
                if secret in answer.get_data():
                    yield f"{operation.name}: its answer holds {name}"


def _find_undeclared(schema: Schema, value: object, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place or '/'} is no object"
        return
    declared = {field.data_key or name: field for name, field in schema.fields.items()}
    yield from (f"its answer has {place}/{name}, which no form names" for name in value.keys() - declared.keys())
    missing = {name for name, field in declared.items() if field.required} - value.keys()
    yield from (f"its answer lacks {place}/{name}, which its form promises" for name in missing)
    for name in value.keys() & declared.keys():
        yield from _find_undeclared_in(declared[name], value[name], f"{place}/{name}")


def _find_undeclared_in(field: stock.Field[Any], value: object, place: str) -> Iterator[str]:
    if value is None:
        return
    if isinstance(field, Several) and isinstance(value, list):
        for item in value:
            yield from _find_undeclared_in(field.inner, item, place)
    elif isinstance(field, Part):
        yield from _find_undeclared(field.schema, value, place)
    elif isinstance(field, JsonObject) and isinstance(value, dict):
        yield from (f"its answer has {place}/{name}, a sealed column" for name in value.keys() & SECRET_COLUMNS)


def _list_secrets(door: Door) -> Iterator[tuple[str, bytes]]:
    """Every sealed value and index that the database holds, in the spellings in which it could be shown."""
    with door.database.reading() as session:
        for table in read_tables(door.database):
            for column in table.columns:
                if not isinstance(column.type, LargeBinary) or f"{table.name}.{column.name}" in TOLD:
                    continue
                for (value,) in session.execute(
                    column.table.select().with_only_columns(column).where(column.is_not(None))
                ):
                    raw = bytes(value)
                    spellings = (raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw), raw)
                    for spelling in spellings if raw else ():
                        yield f"{table.name}.{column.name}", spelling.rstrip(b"=")


def list_objects(
    schema: Schema, example: object, place: Pieces = (), *, by_itself: bool = False
) -> Iterator[tuple[Pieces, Schema, bool]]:
    """Every object that a body's example has: where, of which form, and whether it is read apart from the rest."""
    yield place, schema, by_itself
    if not isinstance(example, Mapping):
        return
    for name, field in schema.fields.items():
        key = field.data_key or name
        inner, value, below = field, example.get(key), (*place, key)
        if isinstance(inner, Several) and isinstance(value, list) and value:
            inner, value, below = inner.inner, value[0], (*below, "0")
        if isinstance(inner, Part) and value is not None:
            apart = by_itself or type(inner).deserialize is not Part.deserialize
            yield from list_objects(inner.schema, value, below, by_itself=apart)


def _name_members(schema: Schema) -> frozenset[str]:
    return frozenset(field.data_key or name for name, field in schema.fields.items())


def _reach(value: Any, place: Pieces) -> Any:  # noqa: ANN401 - JSON
    for step in place:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def _plant(value: Any, place: Pieces, members: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
    if not place:
        return {**value, **members}
    if isinstance(value, list):
        at = int(place[0])
        return [*value[:at], _plant(value[at], place[1:], members), *value[at + 1 :]]
    return {**value, place[0]: _plant(value[place[0]], place[1:], members)}


def _point(*steps: str) -> str:
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps) or "/"
