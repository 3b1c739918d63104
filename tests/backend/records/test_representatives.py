from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from stdnum.cn import uscc
from werkzeug.test import TestResponse

from backend.people.subjects import find_subject_id
from backend.people.tables import lock_subjects
from backend.records import changes
from backend.records.known_facts import KnownFact
from backend.records.ledger import read_records
from backend.records.tables import LedgerEntryRow, NewEntry, append_entry, list_entries_of_record
from scoring.records import EventKind, Record
from tests.backend.city import City, Person, make_person
from tests.backend.records.handing import (
    Row,
    hand_in,
    make_batch,
    make_donation,
    post,
    read_answer,
)

TAX = "taxation"
LEGAL = {"document_no": "郑税稽罚〔2026〕3号", "finality": "upheld"}
_firms = count(1)


def make_listing(person: Person | None, *, responsible: bool | None = True, **changes: Any) -> Row:  # noqa: ANN401 - whatever the test is about
    """A good row about a firm on the list of the seriously dishonest, with its legal representative."""
    first = f"91410100MB{next(_firms):07}"
    row = make_donation(
        indicator="ZZ-LAW-13",
        subject_kind="enterprise",
        id_number=first + uscc.calc_check_digit(first),
        name="顺风商贸有限公司",
        items={} if responsible is None else {"names_representative": responsible},
        legal=LEGAL,
    )
    if person is not None:
        row["legal_representative"] = {"name": person.name, "id_number": person.id_number}
    return row | changes


def list_records(city: City, id_number: str) -> list[Record]:
    with city.database.reading() as session:
        subject_id = find_subject_id(session, id_number, pseudonyms=city.context.pseudonyms)
        return [] if subject_id is None else list(read_records(session, subject_id))


def knows(city: City, id_number: str) -> bool:
    with city.database.reading() as session:
        return find_subject_id(session, id_number, pseudonyms=city.context.pseudonyms) is not None


def change(city: City, record_id: str, what: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return read_answer(post(city, TAX, f"/records/{record_id}/{what}", {"reason": "登记有误", **body}), 201)


def test_a_record_reaches_whom_its_document_names(city: City) -> None:
    person = make_person()
    row = make_listing(person)
    (receipt,) = hand_in(city, TAX, row)
    assert receipt["outcome"] == receipt["representative"]["outcome"] == "accepted"
    (of_firm,), (of_person,) = list_records(city, row["id_number"]), list_records(city, person.id_number)
    assert (of_firm.record_id, of_firm.indicator) == (receipt["record_id"], "ZZ-LAW-13")
    assert (of_person.record_id, of_person.indicator) == (receipt["representative"]["record_id"], "ZZ-REG-05")
    assert (of_person.occurred_on, of_person.document_no, of_person.fields) == (
        of_firm.occurred_on,
        LEGAL["document_no"],
        {},
    )
    (again,) = hand_in(city, TAX, row)
    assert again["outcome"] == again["representative"]["outcome"] == "duplicate"
    assert again["representative"]["record_id"] == of_person.record_id


@pytest.mark.parametrize("responsible", [False, None])
def test_a_record_reaches_nobody_whom_its_document_does_not_name(small_town: City, *, responsible: bool | None) -> None:
    person = make_person()
    (receipt,) = hand_in(small_town, TAX, make_listing(person, responsible=responsible))
    assert (receipt["outcome"], receipt["representative"]) == ("accepted", None)
    assert not knows(small_town, person.id_number)


def test_a_record_of_a_person_reaches_nobody_else(small_town: City) -> None:
    person, other = make_person(), make_person()
    row = make_listing(other, subject_kind="natural_person", id_number=person.id_number, name=person.name)
    (receipt,) = hand_in(small_town, TAX, row)
    assert (receipt["outcome"], receipt["representative"]) == ("accepted", None)
    assert not knows(small_town, other.id_number)


def test_who_is_missing_or_cannot_be_is_told_and_the_firms_record_stands(small_town: City) -> None:
    person = make_person()
    wrong = person.id_number[:-1] + ("0" if person.id_number[-1] != "0" else "1")
    unborn = make_listing(person, occurred_on="1990-03-06", ended_on="2026-05-01")
    given = [make_listing(None), make_listing(replace(person, id_number=wrong)), unborn]
    receipts = hand_in(small_town, TAX, *given)
    assert {receipt["outcome"] for receipt in receipts} == {"accepted"}
    parts = [receipt["representative"] for receipt in receipts]
    assert [(part["outcome"], part["code"]) for part in parts] == [
        ("refused", "representative_missing"),
        ("refused", "bad_identity"),
        ("refused", "before_birth"),
    ]
    assert "第三十五条" in parts[0]["law"]
    assert [error["pointer"] for error in parts[1]["errors"]] == ["/legal_representative/id_number"]
    assert not knows(small_town, person.id_number)


def test_a_representative_in_doubt_waits_alone(city: City) -> None:
    person = make_person("王芳")
    city.know(person)
    row = make_listing(replace(person, name="王方"))
    (receipt,) = hand_in(city, TAX, row)
    assert (receipt["outcome"], receipt["representative"]["outcome"]) == ("accepted", "quarantined")
    quarantine_id = receipt["representative"]["quarantine"]["quarantine_id"]
    headers = city.operator("wang", "quarantine:write") | {"Idempotency-Key": "release-0001"}
    body = {"decision": "release", "case_no": "2026-17", "reason": "已核对"}
    answer = city.client().post(f"/v1/quarantine/{quarantine_id}/decisions", json=body, headers=headers)
    record_id = read_answer(answer, 201)["record_id"]
    change(city, receipt["record_id"], "withdrawals")
    (record,) = list_records(city, person.id_number)
    assert record.record_id == record_id
    assert [event.kind for event in record.events] == [EventKind.WITHDRAWN]


def test_a_firm_in_doubt_reaches_nobody_until_it_is_released(city: City) -> None:
    person = make_person()
    row = make_listing(person)
    hand_in(city, TAX, row | {"source_key": "first", "items": {}})
    (receipt,) = hand_in(city, TAX, row | {"name": "别的公司"})
    assert (receipt["outcome"], receipt["representative"]) == ("quarantined", None)
    assert not knows(city, person.id_number)
    headers = city.operator("wang", "quarantine:write") | {"Idempotency-Key": "release-0002"}
    body = {"decision": "release", "case_no": "2026-17", "reason": "已核对"}
    path = f"/v1/quarantine/{receipt['quarantine']['quarantine_id']}/decisions"
    read_answer(city.client().post(path, json=body, headers=headers), 201)
    assert [record.indicator for record in list_records(city, person.id_number)] == ["ZZ-REG-05"]


def test_what_is_withdrawn_of_the_firm_is_withdrawn_of_the_person(city: City) -> None:
    person, doubted = make_person(), make_person("王芳")
    city.know(doubted)
    (receipt,) = hand_in(city, TAX, make_listing(person))
    change(city, receipt["record_id"], "withdrawals")
    (record,) = list_records(city, person.id_number)
    assert [event.kind for event in record.events] == [EventKind.WITHDRAWN]
    (waiting,) = hand_in(city, TAX, make_listing(replace(doubted, name="王方")))
    change(city, waiting["record_id"], "withdrawals")
    headers = city.operator("wang", "quarantine:read")
    assert read_answer(city.client().get("/v1/quarantine", headers=headers), 200)["items"] == []


def test_a_correction_of_the_firm_is_one_of_the_person(city: City) -> None:
    person = make_person()
    record_id = hand_in(city, TAX, make_listing(person))[0]["record_id"]
    said = {
        "legal": LEGAL,
        "items": {"names_representative": True},
        "ended_on": "2026-11-10",
        "occurred_on": "2026-11-01",
    }
    change(city, record_id, "corrections", **said)
    change(city, record_id, "corrections", **(said | {"items": {"names_representative": False}}))
    (record,) = list_records(city, person.id_number)
    assert [event.kind for event in record.events] == [EventKind.CORRECTED, EventKind.WITHDRAWN]
    assert record.events[0].content is not None
    assert (record.events[0].content.ended_on is not None, record.events[0].content.fields) == (True, {})


def test_a_correction_that_lies_before_his_birth_takes_the_person_out(small_town: City) -> None:
    person = make_person()
    record_id = hand_in(small_town, TAX, make_listing(person))[0]["record_id"]
    said = {"legal": LEGAL, "items": {"names_representative": True}, "occurred_on": "1990-03-06", "ended_on": None}
    change(small_town, record_id, "corrections", **said)
    (record,) = list_records(small_town, person.id_number)
    assert [event.kind for event in record.events] == [EventKind.WITHDRAWN]


def test_a_malformed_representative_spoils_the_row(small_town: City) -> None:
    rows = [
        make_listing(None, legal_representative=given)
        for given in (5, {"name": "林一舟"}, {"name": "·", "id_number": "1"})
    ]
    receipts = hand_in(small_town, TAX, *rows, make_listing(None, legal_representative=None))
    assert [receipt["code"] for receipt in receipts] == ["malformed_row"] * 3 + [None]
    assert [error["pointer"] for error in receipts[2]["errors"]] == ["/legal_representative/name"]


def test_the_person_may_be_reached_and_reported_in_one_batch(city: City) -> None:
    person = make_person()
    row = make_listing(person)
    own = make_listing(
        None, subject_kind="natural_person", id_number=person.id_number, name=person.name, responsible=None
    )
    receipts = hand_in(city, TAX, own, row, own)
    assert [receipt["outcome"] for receipt in receipts] == ["accepted", "accepted", "duplicate"]
    assert [record.indicator for record in list_records(city, person.id_number)] == ["ZZ-LAW-13", "ZZ-REG-05"]
    with city.database.reading() as session:
        known = session.execute(text("SELECT count(*) FROM subject")).scalar_one()
    assert known == 2


def test_withdrawing_while_rows_about_both_come_in_ends_well(city: City) -> None:
    person = make_person()
    rows = [make_listing(person) for _ in range(6)]
    firm = {"id_number": rows[0]["id_number"]}
    records = [receipt["record_id"] for receipt in hand_in(city, TAX, *(row | firm for row in rows))]

    def withdraw(record_id: str) -> int:
        return int(post(city, TAX, f"/records/{record_id}/withdrawals", {"reason": "误报"}).status_code)

    def send(_: str) -> int:
        return int(
            post(city, TAX, "/batches", make_batch(*(make_listing(person) | firm for _ in range(3)))).status_code
        )

    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(work, record_id) for record_id in records for work in (withdraw, send)]
        answers = [each.result() for each in waiting]
    assert answers == [201] * 12
    reached = list_records(city, person.id_number)
    assert len(reached) == 24
    assert sum(bool(record.events) for record in reached) == 6


def tell_part(receipt: dict[str, Any]) -> tuple[str, str, str | None]:
    part = receipt["representative"]
    return receipt["outcome"], part["outcome"], part["code"]


def name_representative(row: Row, person: Person) -> Row:
    return row | {"legal_representative": {"name": person.name, "id_number": person.id_number}}


def release(city: City, receipt: dict[str, Any]) -> TestResponse:
    quarantine_id = receipt["representative"]["quarantine"]["quarantine_id"]
    headers = city.operator("wang", "quarantine:write") | {"Idempotency-Key": f"release-{next(_firms):07}"}
    body = {"decision": "release", "case_no": "2026-17", "reason": "已核对"}
    return city.client().post(f"/v1/quarantine/{quarantine_id}/decisions", json=body, headers=headers)


NOT_REACHED = ("duplicate", "refused", "representative_not_reached")
NAMES_NOBODY = {
    "occurred_on": "2026-11-02",
    "items": {"names_representative": False},
    "legal": LEGAL,
}


@pytest.mark.parametrize("what", ["withdrawn", "repaired"])
def test_a_closed_record_reaches_nobody(city: City, what: str) -> None:
    first, other = make_person(), make_person()
    row = make_listing(first)
    record_id = hand_in(city, TAX, row)[0]["record_id"]
    if what == "withdrawn":
        change(city, record_id, "withdrawals")
    else:
        repair(city, UUID(record_id))
    receipts = hand_in(city, TAX, name_representative(row, other), name_representative(row, first))
    assert [tell_part(receipt) for receipt in receipts] == [NOT_REACHED] * 2
    assert not knows(city, other.id_number)


def repair(city: City, record_id: UUID) -> None:
    with city.database.transaction() as session:
        first = list_entries_of_record(session, record_id)[0]
        entry = NewEntry(
            kind=EventKind.REPAIRED.value,
            record_id=record_id,
            indicator=first.indicator,
            department=first.department,
            content={},
        )
        append_entry(session, first.subject_id, entry, now=city.now())


def test_a_row_that_was_corrected_since_reaches_nobody(city: City) -> None:
    person = make_person()
    row = make_listing(None)
    record_id = hand_in(city, TAX, row)[0]["record_id"]
    change(city, record_id, "corrections", **NAMES_NOBODY)
    (receipt,) = hand_in(city, TAX, name_representative(row, person))
    assert tell_part(receipt) == NOT_REACHED
    assert not knows(city, person.id_number)
    change(city, record_id, "corrections", **(NAMES_NOBODY | {"items": row["items"]}))
    (receipt,) = hand_in(city, TAX, name_representative(row, person))
    assert tell_part(receipt) == ("duplicate", "accepted", None)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_record_reaches_one_person(city: City, *, at_once: bool) -> None:
    first, other = make_person(), make_person()
    row = make_listing(first)
    rows = [row, name_representative(row, other), row]
    receipts = hand_in(city, TAX, *rows) if at_once else [hand_in(city, TAX, each)[0] for each in rows]
    assert [tell_part(receipt) for receipt in receipts] == [
        ("accepted", "accepted", None),
        NOT_REACHED,
        ("duplicate", "duplicate", "duplicate"),
    ]
    assert not knows(city, other.id_number)
    change(city, receipts[0]["representative"]["record_id"], "withdrawals")
    (receipt,) = hand_in(city, TAX, rows[1])
    assert tell_part(receipt) == ("duplicate", "accepted", None)


def test_who_waits_is_not_released_beside_another(city: City) -> None:
    doubted, other = make_person("王芳"), make_person()
    city.know(doubted)
    row = make_listing(replace(doubted, name="王方"))
    (waiting,) = hand_in(city, TAX, row)
    (receipt,) = hand_in(city, TAX, name_representative(row, other))
    assert tell_part(receipt) == ("duplicate", "accepted", None)
    problem = read_answer(release(city, waiting), 422)
    assert problem["code"] == "release_refused"
    assert "representative_not_reached" in problem["detail"]
    assert list_records(city, doubted.id_number) == []
    change(city, receipt["representative"]["record_id"], "withdrawals")
    read_answer(release(city, waiting), 201)


def test_who_waits_is_not_released_into_a_repaired_record(city: City) -> None:
    doubted = make_person("王芳")
    city.know(doubted)
    (waiting,) = hand_in(city, TAX, make_listing(replace(doubted, name="王方")))
    repair(city, UUID(waiting["record_id"]))
    assert read_answer(release(city, waiting), 422)["code"] == "release_refused"
    assert list_records(city, doubted.id_number) == []


def test_whom_a_record_comes_to_reach_while_it_is_withdrawn_is_let_go_too(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_person()
    row = make_listing(None)
    record_id = hand_in(city, TAX, row)[0]["record_id"]
    held, sent = list[set[UUID]](), list[Future[list[dict[str, Any]]]]()

    with ThreadPoolExecutor(1) as pool:

        def hold_late(session: Session, subject_ids: set[UUID]) -> None:
            """Let a row come in between the listing and the holding, where the engine lets two write at once."""
            if not held:
                sent.append(pool.submit(hand_in, city, TAX, name_representative(row, person)))
                wait(sent, timeout=1)
            held.append(set(subject_ids))
            lock_subjects(session, subject_ids)

        monkeypatch.setattr(changes, "lock_subjects", hold_late)
        change(city, record_id, "withdrawals")
    reached, (receipt,) = list_reached(city), sent[0].result()
    assert tell_part(receipt) == (("duplicate", "accepted", None) if reached else NOT_REACHED)
    assert all([event.kind for event in record.events] == [EventKind.WITHDRAWN] for record in reached)
    assert len(held) == 1 + len(reached)


def list_reached(city: City) -> list[Record]:
    with city.database.reading() as session:
        reached = session.scalars(select(LedgerEntryRow.subject_id).where(LedgerEntryRow.derived_from.is_not(None)))
        return [record for subject_id in reached for record in read_records(session, subject_id)]


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("withdraw_derived", test_what_is_withdrawn_of_the_firm_is_withdrawn_of_the_person),
        ("correct_derived", test_a_correction_of_the_firm_is_one_of_the_person),
    ],
)
def test_a_planted_defect_is_found(
    small_town: City, name: str, test: Callable[[City], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, name, lambda *_, **__: None)
    with pytest.raises(AssertionError):
        test(small_town)


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("may_reach", partial(test_a_closed_record_reaches_nobody, what="withdrawn")),
        ("may_reach", partial(test_a_record_reaches_one_person, at_once=True)),
        ("may_reach", test_who_waits_is_not_released_beside_another),
        ("says_now", test_a_row_that_was_corrected_since_reaches_nobody),
    ],
    ids=["closed", "two at once", "two by release", "corrected"],
)
def test_a_penalty_that_reaches_too_far_is_found(
    small_town: City, name: str, test: Callable[[City], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KnownFact, name, lambda *_: True)
    with pytest.raises(AssertionError):
        test(small_town)
