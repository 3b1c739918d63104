"""What a call needs beyond its operation's declaration, in a few short registries.

`OBJECTS` make what must be there first, `VARIABLES` give the path variables, `MEMBERS` the values of a body's example
that must be new or true, `QUERIES` the parameters that are required, `FILES` what is uploaded, `PREPARATIONS` what must
have happened before. Whatever an operation needs and no registry has fails with a sentence that says where to add it.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from jwt.algorithms import ECAlgorithm

from backend.people.agreement import agreement_on
from backend.principals import PrincipalKind
from backend.web.declaration import Operation
from tests.backend.clients.machines import Machine, make_department
from tests.backend.clients.machines import make_key as make_signing_key
from tests.backend.records.filing import let_work
from tests.backend.records.handing import FINAL, TRAFFIC, make_donation, post, read_answer
from tests.backend.records.handing import make_batch as hand_in
from tests.door.door import Call, Door, Scene, Side, key_headers, make_key, media_type_of, write_body


class MissingExampleError(Exception):
    """An operation needs an example that no registry has; the sentence says which and where to add it."""


@dataclass(frozen=True)
class Making:
    """One call in the making: for which operation and side, and which objects it has made so far."""

    door: Door
    operation: Operation
    side: Side
    made: dict[str, Any] = field(default_factory=dict)

    def find(self, what: str) -> Any:  # noqa: ANN401 - whatever the object is
        """The object called `what`, made at the first call."""
        if what not in self.made:
            self.made[what] = OBJECTS[what](self)
        return self.made[what]

    def ask(self, name: str, kind: PrincipalKind | None = None) -> dict[str, Any]:
        """What the operation `name` answers to this side; it must succeed."""
        operation = self.door.find_operation(name)
        assert operation is not None, f"{name} is not served any more; mend tests/door/examples.py"
        answer = self.door.send(prepare(self.door, operation, Scene(own=self.side, other=self.side), kind=kind))
        assert answer.status_code < 300, f"{name}: {answer.status_code} {answer.text}"
        return answer.get_json(silent=True) or {}


Value = Callable[[Making], object]


def _draw_sample(making: Making) -> dict[str, Any]:
    return making.ask("add_sample")


def _register(making: Making) -> Machine:
    return make_department(making.door.city, making.side.department)


def _link(making: Making) -> str:
    """A link token: what a mini-program account gets that nobody has linked yet."""
    token: str = making.ask("sign_in_by_mini_program")["link_token"]
    making.door.register.people.add((making.side.person.name, making.side.person.id_number))
    return token


# Members of an example that must stay as they are there, because they mean something else in this operation.
KEPT = frozenset({("add_mapping", "name")})


def make_row(door: Door, side: Side) -> dict[str, Any]:
    """A good row of the side's department about the side's person, of today."""
    changes: dict[str, Any] = {"occurred_on": f"{door.city.now():%Y-%m-%d}", "source_key": make_key()}
    if side.department == TRAFFIC:
        changes |= {"indicator": "ZZ-LAW-03", "items": {"amount_fen": 50_000}, "legal": FINAL}
    return make_donation(side.person, **changes)


def prepare(door: Door, operation: Operation, scene: Scene, *, kind: PrincipalKind | None = None) -> Call:
    """The call of `operation` by its rightful caller about objects of his own, which succeeds.

    Raises MissingExampleError where a registry lacks something that the operation needs.
    """
    making = Making(door, operation, scene.own)
    if operation.name in PREPARATIONS:
        PREPARATIONS[operation.name](making)
    variables = {name: str(_make(making, "VARIABLES", VARIABLES, name)) for name in sorted(operation.variables)}
    query, body = make_query(making), make_body(making)
    headers = key_headers(operation)
    if not operation.is_open:  # last, for the clock may have moved
        headers |= door.authorise(door.make_principal(operation, scene.own, kind))
    media_type = media_type_of(operation)
    if media_type is not None:
        headers["Content-Type"] = media_type
    return Call(operation=operation, variables=variables, query=query, headers=headers, body=body)


def make_query(making: Making) -> dict[str, str]:
    """The required parameters of an operation's query."""
    if making.operation.query is None:
        return {}
    fields = making.operation.query().fields.items()
    required = [each.data_key or name for name, each in fields if each.required]
    return {name: str(_make(making, "QUERIES", QUERIES, name)) for name in required}


def make_body(making: Making) -> bytes:
    """The operation's body: its declared example with new values where they must be new, or a file."""
    operation = making.operation
    if operation.upload is not None:
        content = _make(making, "FILES", FILES, operation.name)
        assert isinstance(content, bytes)
        return content
    return b"" if operation.body is None else write_body(operation, make_example(making))


def make_example(making: Making) -> dict[str, Any]:
    """The value of an operation's body, which must be declared with an example."""
    operation = making.operation
    assert operation.body is not None
    assert isinstance(operation.body_example, Mapping), f"{operation.name} declares no example of its body"
    return {
        name: MEMBERS[name](making) if name in MEMBERS and (operation.name, name) not in KEPT else value
        for name, value in operation.body_example.items()
    }


def _make(making: Making, registry: str, values: Mapping[str, Value], name: str) -> object:
    if name not in values:
        raise MissingExampleError(
            f"{making.operation.name}: tests/door/examples.py knows no {name!r}; add how to make one to {registry}"
        )
    return values[name](making)


def write_file(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a CSV file with the members' paths as headings."""
    flat = [
        {
            (f"{name}.{inner}" if inner else name): str(value)
            for name, member in row.items()
            for inner, value in (member.items() if isinstance(member, dict) else [("", member)])
        }
        for row in rows
    ]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(title for row in flat for title in row)))
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue().encode()


def _hand_in_file(making: Making) -> dict[str, Any]:
    """A file that a worker has read."""
    file = making.ask("upload_file", PrincipalKind.DEPARTMENT)
    let_work(making.door.city)
    return file


def _quarantine(making: Making) -> str:
    """A row in which the side's person has a name that nobody vouched for."""
    row = {**make_row(making.door, making.side), "name": "周海"}
    answer = read_answer(post(making.door.city, making.side.department, "/batches", hand_in(row)), 201)
    quarantine_id: str = answer["receipts"][0]["quarantine"]["quarantine_id"]
    return quarantine_id


def _find_record(making: Making) -> object:
    """A record of the side's department; of its sample, where the operation is about one."""
    if "sample_id" in making.operation.variables:
        return making.find("sample")["members"][0]["record_id"]
    return making.find("batch")["receipts"][0]["record_id"]


def _hand_in_yesterday(making: Making) -> None:
    """Hand in a batch a day ago: a day must be over before it can be sampled."""
    making.door.city.clock.move(timedelta(days=-1))
    making.find("batch")
    making.door.city.clock.move(timedelta(days=1))


def _find_session(making: Making) -> object:
    making.find("signed_in")
    return making.ask("list_my_sessions")["items"][0]["session_id"]


def _today(making: Making) -> str:
    return f"{making.door.city.now():%Y-%m-%d}"


def _yesterday(making: Making) -> str:
    return f"{making.door.city.now() - timedelta(days=1):%Y-%m-%d}"


OBJECTS: dict[str, Value] = {
    "batch": lambda making: making.ask("hand_in_batch", PrincipalKind.DEPARTMENT),
    "file": _hand_in_file,
    "link": _link,
    "machine": _register,
    "mapping": lambda making: making.ask("add_mapping"),
    "quarantine": _quarantine,
    "sample": _draw_sample,
    "signed_in": lambda making: making.ask("sign_in"),
}
VARIABLES: dict[str, Value] = {
    "batch_id": lambda making: making.find("batch")["batch_id"],
    "client_id": lambda making: making.find("machine").client_id,
    "file_id": lambda making: making.find("file")["file_id"],
    "key_id": lambda making: making.find("machine").key_id,
    "mapping_id": lambda making: making.find("mapping")["mapping_id"],
    "quarantine_id": lambda making: making.find("quarantine"),
    "record_id": _find_record,
    "sample_id": lambda making: making.find("sample")["sample_id"],
    "session_id": _find_session,
}
MEMBERS: dict[str, Value] = {
    "agreement_version": lambda making: agreement_on(making.door.city.now().date()).version,
    "batch_no": lambda _: make_key(),
    "client_assertion": lambda making: making.find("machine").assert_itself(),
    "code": lambda making: making.door.platform.issue(make_key(), f"open-{making.side.subject_id}"),
    "department": lambda making: making.side.department,
    "from": _yesterday,
    "id_number": lambda making: making.side.person.id_number,
    "indicator": lambda making: make_row(making.door, making.side)["indicator"],
    "jwk": lambda _: ECAlgorithm.to_jwk(make_signing_key().public_key(), as_dict=True),
    "link_token": lambda making: making.find("link"),
    "name": lambda making: making.side.person.name,
    "record_id": _find_record,
    "refresh_token": lambda making: making.find("signed_in")["refresh_token"],
    "rows": lambda making: [make_row(making.door, making.side)],
    "ticket": lambda making: making.door.city.issue_ticket(making.side.person),
    "to": _yesterday,
}
QUERIES: dict[str, Value] = {
    "because": lambda _: "lost",
    "case_no": lambda _: "2026-17",
    "file_no": lambda _: make_key(),
    "from": _today,
    "purpose": lambda _: "data_check",
    "to": _today,
}
FILES: dict[str, Value] = {
    "upload_file": lambda making: write_file([make_row(making.door, making.side)]),
}
PREPARATIONS: dict[str, Value] = {
    "add_sample": _hand_in_yesterday,
    "create_account": lambda making: making.ask("close_my_account"),
}
