from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from backend.access.entries import AccessEntry, Purpose, list_looks
from backend.principals import PrincipalKind
from backend.records.tables import NewEntry, append_entry, list_entries_of_record
from tests.backend.city import City, make_person
from tests.backend.records.handing import FINAL, HEALTH, TRAFFIC, get, make_fine, post, read_answer, report_one

ADA = make_person("陈岸")
LEGAL = {**FINAL, "minor_and_remedied": False, "confirmed_by": None}


def list_looks_at(city: City, record_id: UUID) -> Sequence[AccessEntry]:
    with city.database.reading() as session:
        subject_id = list_entries_of_record(session, record_id)[0].subject_id
        return list_looks(session, subject_id, limit=10)


def test_a_look_shows_what_was_handed_in_and_the_person_sees_it(city: City) -> None:
    row = make_fine(ADA, act="act-1")
    record_id = report_one(city, TRAFFIC, row)
    shown = read_answer(get(city, TRAFFIC, f"/records/{record_id}?purpose=data_check&case_no=2026-7"), 200)
    batch_id = shown.pop("batch_id")
    assert get(city, TRAFFIC, f"/batches/{batch_id}").status_code == 200
    assert shown == {
        "record_id": str(record_id),
        "indicator": "ZZ-LAW-03",
        "source_key": row["source_key"],
        "clerk": "clerk-7",
        "known_at": "2026-11-22T04:00:00Z",
        "state": "open",
        "content": {
            "occurred_on": "2026-11-02",
            "ended_on": None,
            "act": "act-1",
            "items": {"amount_fen": 50_000},
            "legal": LEGAL,
        },
        "events": [],
    }
    (look,) = list_looks_at(city, record_id)
    assert (look.asker_kind, look.asker, look.asker_name) == (PrincipalKind.DEPARTMENT, TRAFFIC, "市公安局交警支队")
    assert (look.acting, look.purpose, look.case_no) == ("clerk-7", Purpose.DATA_CHECK, "2026-7")
    assert "第十七条" in look.basis
    assert look.answered == {"kind": "record", "record_id": str(record_id), "indicator": "ZZ-LAW-03"}


def test_a_look_shows_what_became_of_a_record_and_no_word_of_the_person(city: City) -> None:
    record_id = report_one(city, TRAFFIC, make_fine(ADA))
    correction = {"occurred_on": "2026-11-01", "items": {"amount_fen": 1}, "legal": FINAL}
    city.clock.move(timedelta(minutes=1))
    said = correction | {"reason": "金额有误"}
    read_answer(post(city, TRAFFIC, f"/records/{record_id}/corrections", said), 201)
    with city.database.transaction() as session:
        first = list_entries_of_record(session, record_id)[0]
        objection = NewEntry(
            kind="objected",
            record_id=record_id,
            indicator=first.indicator,
            department=first.department,
            content={},
            reason="我当时不在郑州",
        )
        append_entry(session, first.subject_id, objection, now=city.now())
    read_answer(post(city, TRAFFIC, f"/records/{record_id}/withdrawals", {"reason": "误报"}), 201)
    shown = read_answer(get(city, TRAFFIC, f"/records/{record_id}?purpose=objection_handling"), 200)
    assert shown["state"] == "withdrawn"
    assert shown["content"]["items"] == {"amount_fen": 50_000}
    events = [(event["kind"], event["reason"]) for event in shown["events"]]
    assert events == [("corrected", "金额有误"), ("objected", None), ("withdrawn", "误报")]
    assert shown["events"][0]["content"] == correction | {"ended_on": None, "act": None, "legal": LEGAL}
    assert shown["events"][0]["known_at"] == "2026-11-22T04:01:00Z"


def test_another_departments_record_is_not_found_and_not_looked_at(city: City) -> None:
    record_id = report_one(city, TRAFFIC, make_fine(ADA))
    for wanted in (record_id, uuid4()):
        answer = get(city, HEALTH, f"/records/{wanted}?purpose=data_check")
        assert read_answer(answer, 404)["code"] == "record_not_found"
    assert list_looks_at(city, record_id) == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "invalid_request"),
        ("?purpose=curiosity", 422, "invalid_request"),
        ("?purpose=case_handling", 403, "purpose_refused"),
    ],
)
def test_a_look_without_reason_is_refused(small_town: City, query: str, status: int, code: str) -> None:
    record_id = report_one(small_town, TRAFFIC, make_fine(ADA))
    answer = get(small_town, TRAFFIC, f"/records/{record_id}{query}")
    assert read_answer(answer, status)["code"] == code
    assert list_looks_at(small_town, record_id) == []


def test_the_clerk_of_the_call_is_noted(small_town: City) -> None:
    record_id = report_one(small_town, TRAFFIC, make_fine(ADA))
    path = f"/records/{record_id}?purpose=case_handling&case_no=9"
    read_answer(get(small_town, TRAFFIC, path, clerk="clerk-8"), 200)
    assert [look.acting for look in list_looks_at(small_town, record_id)] == ["clerk-8"]
