from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from backend.context import EXTENSION
from backend.gateways.edition_watch import PublishedEditions
from backend.gateways.rulebook_files import CityRules
from backend.records.ledger import read_records
from backend.records.tables import NewEntry, append_entry, list_entries_of_record
from scoring.records import EventKind, Record, as_known
from tests.backend.city import City, make_person
from tests.backend.records.handing import (
    COURT,
    FINAL,
    HEALTH,
    TRAFFIC,
    Row,
    hand_in,
    make_donation,
    make_fine,
    post,
    read_answer,
    report_one,
)
from tests.backend.web.probe import SHIPPED

ADA = make_person("陈岸")
USCC = "91410100MA44TG2P0X"
CORRECTION: Row = {
    "reason": "金额有误",
    "occurred_on": "2026-11-01",
    "items": {"amount_fen": 20_000},
    "legal": {**FINAL, "document_no": "郑交罚〔2026〕2号"},
}
WITHDRAWAL: Row = {"reason": "误报"}


def correct(city: City, record_id: UUID, department: str = TRAFFIC, **changes: Any) -> TestResponse:  # noqa: ANN401 - whatever the test is about
    return post(city, department, f"/records/{record_id}/corrections", CORRECTION | changes)


def withdraw(city: City, record_id: UUID, department: str = TRAFFIC, key: str | None = None) -> TestResponse:
    path = f"/records/{record_id}/withdrawals"
    return post(city, department, path, WITHDRAWAL, key=key)


def read_only_record(city: City, record_id: UUID) -> Record:
    with city.database.reading() as session:
        subject_id = list_entries_of_record(session, record_id)[0].subject_id
        (record,) = read_records(session, subject_id)
    return record


def end_otherwise(city: City, record_id: UUID, kind: EventKind) -> None:
    with city.database.transaction() as session:
        first = list_entries_of_record(session, record_id)[0]
        entry = NewEntry(
            kind=kind.value, record_id=record_id, indicator=first.indicator, department=first.department, content={}
        )
        append_entry(session, first.subject_id, entry, now=city.now())


def test_a_correction_holds_from_now_on(city: City) -> None:
    record_id = report_one(city, TRAFFIC, make_fine(ADA, act="act-1"))
    reported_at = city.now()
    city.clock.move(timedelta(hours=1))
    change = read_answer(correct(city, record_id), 201)
    assert change == {"record_id": str(record_id), "kind": "corrected", "known_at": "2026-11-22T05:00:00Z"}
    record = read_only_record(city, record_id)
    before, after = as_known(record, reported_at), as_known(record, city.now())
    assert before is not None
    assert after is not None
    assert (before.occurred_on, before.fields, before.act) == (date(2026, 11, 2), {"amount_fen": 50_000}, "act-1")
    assert (after.occurred_on, after.fields, after.act) == (date(2026, 11, 1), {"amount_fen": 20_000}, None)
    assert (before.document_no, after.document_no) == (FINAL["document_no"], "郑交罚〔2026〕2号")
    assert record.source == TRAFFIC


def test_a_withdrawal_is_for_good(city: City) -> None:
    record_id = report_one(city, TRAFFIC, make_fine(ADA))
    assert read_answer(withdraw(city, record_id), 201)["kind"] == "withdrawn"
    assert as_known(read_only_record(city, record_id), city.now()) is None
    assert read_answer(withdraw(city, record_id), 409)["code"] == "record_closed"
    assert read_answer(correct(city, record_id), 409)["code"] == "record_closed"


def test_a_repaired_record_is_closed_and_a_disputed_one_is_not(city: City) -> None:
    disputed, repaired = (report_one(city, TRAFFIC, make_fine(make_person())) for _ in range(2))
    end_otherwise(city, disputed, EventKind.OBJECTED)
    end_otherwise(city, repaired, EventKind.REPAIRED)
    assert correct(city, disputed).status_code == 201
    assert read_answer(correct(city, repaired), 409)["code"] == "record_closed"
    assert read_answer(withdraw(city, repaired), 409)["code"] == "record_closed"


def test_the_same_change_again_gets_the_same_answer(city: City) -> None:
    record_id = report_one(city, TRAFFIC, make_fine(ADA))
    first = withdraw(city, record_id, key="withdraw-once")
    city.clock.move(timedelta(hours=1))
    again = withdraw(city, record_id, key="withdraw-once")
    assert read_answer(again, 201) == read_answer(first, 201)
    with city.database.reading() as session:
        assert len(list_entries_of_record(session, record_id)) == 2


@pytest.mark.parametrize(
    ("changes", "code", "law"),
    [
        ({"legal": {**FINAL, "procedure": "simple"}}, "simple_procedure", "第十三条"),
        ({"legal": {**FINAL, "finality": "not_final"}}, "not_final", "第二十条"),
        ({"legal": {}}, "no_document", "49号"),
        ({"occurred_on": "2026-11-23"}, "future_day", "第十七条"),
        ({"occurred_on": "1990-03-06"}, "before_birth", "第十七条"),
        ({"items": {"amount_fen": 0}}, "bad_items", "第十七条"),
        ({"items": {"amount_fen": 1, "income": 1}}, "sensitive_item", "第四十五条"),
    ],
)
def test_a_correction_is_held_to_the_law(small_town: City, changes: Row, code: str, law: str) -> None:
    record_id = report_one(small_town, TRAFFIC, make_fine(ADA))
    problem = read_answer(correct(small_town, record_id, **changes), 422)
    assert problem["code"] == "correction_refused"
    assert code in problem["detail"]
    assert law in problem["detail"]
    assert ("errors" in problem) == ("items" in changes)
    assert read_only_record(small_town, record_id).events == ()


def test_a_correction_that_frees_a_person_never_comes_too_late(city: City) -> None:
    listing = make_donation(
        ADA, indicator="ZZ-LAW-11", occurred_on="2018-03-01", items={}, legal={"document_no": "（2018）豫01执1号"}
    )
    record_id = report_one(city, COURT, listing)  # still in force, so it may be reported
    said = {name: listing[name] for name in ("occurred_on", "items", "legal")} | {"ended_on": "2020-05-01"}
    read_answer(correct(city, record_id, COURT, **said), 201)
    known = as_known(read_only_record(city, record_id), city.now())
    assert known is not None
    assert known.ended_on == date(2020, 5, 1)
    (receipt,) = hand_in(city, COURT, listing | {"source_key": "anew", "ended_on": "2020-05-01"})
    assert receipt["code"] == "expired"  # as a report it does come too late


def test_a_correction_is_held_to_the_catalogue_of_the_day_of_the_report(small_town: City) -> None:
    record_id = report_one(small_town, TRAFFIC, make_fine(ADA))
    (edition,) = small_town.context.rules.editions
    indicators = {code: each for code, each in edition.catalogue.indicators.items() if code != "ZZ-LAW-03"}
    shorter = replace(edition.catalogue, version="2026.2", indicators=indicators)
    later = replace(edition, version="2026.2", effective_on=date(2026, 12, 1), catalogue=shorter)
    shipped = replace(SHIPPED, rules=CityRules(city=edition.city, editions=(edition, later)))
    editions = PublishedEditions(small_town.database, shipped)
    small_town.app.extensions[EXTENSION] = replace(small_town.context, editions=editions)
    small_town.clock.move(timedelta(days=20))
    (receipt,) = hand_in(small_town, TRAFFIC, make_fine(ADA))
    assert receipt["code"] == "outside_catalogue"
    assert "bad_items" in read_answer(correct(small_town, record_id, items={"amount_fen": 0}), 422)["detail"]
    assert correct(small_town, record_id).status_code == 201


def test_a_correction_is_held_to_the_law_for_the_kind_of_its_subject(small_town: City) -> None:
    fine = make_fine(ADA, indicator="ZZ-LAW-01", items={"penalty_class": "warning"})
    department = small_town.context.rules.catalogue_on(small_town.now().date()).indicators["ZZ-LAW-01"].providers[0]
    simple = {**FINAL, "procedure": "simple"}
    trader = fine | {"source_key": "trader", "subject_kind": "sole_trader", "id_number": USCC, "name": "顺丰小吃店"}
    said = {"occurred_on": "2026-11-01", "items": fine["items"], "legal": simple}
    traders, persons = (report_one(small_town, department, row) for row in (trader, fine))
    assert correct(small_town, traders, department, **said).status_code == 201
    assert "simple_procedure" in read_answer(correct(small_town, persons, department, **said), 422)["detail"]


@pytest.mark.parametrize("name", ["id_number", "name", "indicator", "source_key", "subject_kind"])
def test_a_correction_changes_neither_person_nor_indicator(small_town: City, name: str) -> None:
    record_id = report_one(small_town, TRAFFIC, make_fine(ADA))
    problem = read_answer(correct(small_town, record_id, **{name: make_fine(ADA, subject_kind="x")[name]}), 422)
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(f"/{name}", "unknown")]


def test_nobody_changes_what_another_department_reported(city: City) -> None:
    record_id = report_one(city, HEALTH, make_donation(ADA))
    for wanted in (record_id, uuid4()):
        assert read_answer(correct(city, wanted), 404)["code"] == "record_not_found"
        assert read_answer(withdraw(city, wanted), 404)["code"] == "record_not_found"
    assert read_only_record(city, record_id).events == ()


def test_the_clerk_is_the_one_of_the_token(small_town: City) -> None:
    record_id = report_one(small_town, TRAFFIC, make_fine(ADA))
    for path, body in (("corrections", CORRECTION), ("withdrawals", WITHDRAWAL)):
        answer = post(small_town, TRAFFIC, f"/records/{record_id}/{path}", body, acting="clerk-9")
        assert read_answer(answer, 403)["code"] == "clerk_refused"


def test_of_many_withdrawals_at_once_one_counts(city: City) -> None:
    record_id = report_one(city, TRAFFIC, make_fine(ADA))
    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: withdraw(city, record_id), range(6)))
    assert statuses == [201, 409, 409, 409, 409, 409]
    assert [event.kind for event in read_only_record(city, record_id).events] == [EventKind.WITHDRAWN]
