"""Departments at work, for tests: good rows, calls and their answers."""

from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import UUID

from werkzeug.test import TestResponse

from backend.records.departments import register_departments
from tests.backend.city import City, Person, make_person

HEALTH, TRAFFIC, COURT, LABOUR = "health_commission", "traffic_police", "intermediate_court", "human_resources"
SCOPES = ("records:write", "records:read")
FINAL = {"document_no": "郑交罚〔2026〕1号", "procedure": "ordinary", "finality": "no_appeal_in_time"}
_keys = count(1)

Row = dict[str, Any]


def open_offices(city: City) -> None:
    """Register the departments of the catalogue."""
    with city.database.transaction() as session:
        register_departments(session, city.context.rules.catalogue_on(city.now().date()))


def make_donation(person: Person | None = None, **changes: Any) -> Row:  # noqa: ANN401 - whatever the test is about
    """A good row of the health commission: one donation of blood."""
    giver = person or make_person()
    row: Row = {
        "source_key": f"donation-{next(_keys)}",
        "id_number": giver.id_number,
        "name": giver.name,
        "indicator": "ZZ-ETH-02",
        "occurred_on": "2026-11-02",
        "items": {"donations": 1},
        "legal": {},
    }
    return row | changes


def make_fine(person: Person | None = None, *, legal: Mapping[str, object] = FINAL, **changes: Any) -> Row:  # noqa: ANN401 - as above
    """A good row of the traffic police: one fine under the ordinary procedure, final."""
    return make_donation(person, indicator="ZZ-LAW-03", items={"amount_fen": 50_000}, legal=dict(legal)) | changes


def make_batch(*rows: object) -> dict[str, Any]:
    """A batch with a number of its own."""
    return {"batch_no": f"batch-{next(_keys)}", "rows": list(rows)}


def post(
    city: City, department: str, path: str, body: object, *, key: str | None = None, acting: str | None = None
) -> TestResponse:
    """Send a call of a department, under a new key unless told otherwise; `acting` is whom the token names."""
    headers = city.department(department, *SCOPES, acting=acting)
    headers |= {"Idempotency-Key": key or f"key-{next(_keys):08}"}
    return city.client().post(f"/v1{path}", json=body, headers=headers)


def get(city: City, department: str, path: str, *, clerk: str | None = "clerk-7") -> TestResponse:
    """Ask as a department whose clerk acts."""
    return city.client().get(f"/v1{path}", headers=city.department(department, *SCOPES, clerk=clerk))


def read_answer(answer: TestResponse, status: int) -> dict[str, Any]:
    """The JSON object of an answer, which must have this status."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    value: dict[str, Any] = answer.get_json(force=True)
    return value


def hand_in(city: City, department: str, *rows: object) -> list[dict[str, Any]]:
    """Hand rows in as one batch, and give the receipts."""
    receipts: list[dict[str, Any]] = read_answer(post(city, department, "/batches", make_batch(*rows)), 201)["receipts"]
    return receipts


def report_one(city: City, department: str, row: Row) -> UUID:
    """Hand in one row, which must be accepted, and give its record."""
    (receipt,) = hand_in(city, department, row)
    assert receipt["outcome"] == "accepted", receipt
    return UUID(receipt["record_id"])
