from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from backend.storage.database import Database
from tests.backend.city import City, make_person
from tests.backend.records.handing import (
    COURT,
    FINAL,
    HEALTH,
    LABOUR,
    TRAFFIC,
    Row,
    get,
    hand_in,
    make_batch,
    make_donation,
    make_fine,
    post,
    read_answer,
    report_one,
)

ADA = make_person("陈岸")


def count_rows(database: Database, table: str) -> int:
    with database.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608 - names of this file


def make_arrears(**changes: Any) -> Row:  # noqa: ANN401 - whatever the test is about
    legal = {"document_no": "（2026）豫民初1号", "confirmed_by": "none"}
    return make_donation(ADA, indicator="ZZ-ETH-10", items={"months_overdue": 3}, legal=legal) | changes


REFUSED: dict[str, tuple[str, Row, str, str]] = {
    "outside": (TRAFFIC, make_fine(ADA, indicator="ZZ-XXX-99"), "outside_catalogue", "第十一条"),
    "other_provider": (HEALTH, make_fine(ADA), "not_provider", "第十七条"),
    "other_subject": (
        TRAFFIC,
        make_fine(ADA, subject_kind="enterprise", id_number="91410100MA44TG2P0X"),
        "wrong_subject",
        "第十七条",
    ),
    "before birth": (TRAFFIC, make_fine(ADA, occurred_on="1990-03-06"), "before_birth", "第十七条"),
    "tomorrow": (TRAFFIC, make_fine(ADA, occurred_on="2026-11-23"), "future_day", "第十七条"),
    "bad_value": (TRAFFIC, make_fine(ADA, items={"amount_fen": 0}), "bad_items", "第十七条"),
    "ended": (TRAFFIC, make_fine(ADA, ended_on="2026-11-12"), "bad_items", "第十七条"),
    "sensitive": (
        HEALTH,
        make_donation(ADA, items={"donations": 1, "blood_type": "O"}),
        "sensitive_item",
        "第四十五条",
    ),
    "no_document": (TRAFFIC, make_fine(ADA, legal={**FINAL, "document_no": None}), "no_document", "49号"),
    "simple": (TRAFFIC, make_fine(ADA, legal={**FINAL, "procedure": "simple"}), "simple_procedure", "第十三条"),
    "unsaid": (TRAFFIC, make_fine(ADA, legal={**FINAL, "procedure": None}), "simple_procedure", "第十三条"),
    "minor": (TRAFFIC, make_fine(ADA, legal={**FINAL, "minor_and_remedied": True}), "minor_remedied", "第十三条"),
    "not_final": (TRAFFIC, make_fine(ADA, legal={**FINAL, "finality": "not_final"}), "not_final", "第二十条"),
    "old": (TRAFFIC, make_fine(ADA, occurred_on="2021-11-22"), "expired", "第十九条"),
    "arrears": (COURT, make_arrears(), "unconfirmed_arrears", "第二十七条"),
    "full_width": (TRAFFIC, make_fine(ADA, id_number="４" + ADA.id_number[1:]), "bad_identity", "第十六条"),
    "check": (TRAFFIC, make_fine(ADA, id_number="41010219900307123X"), "bad_identity", "第十六条"),
    "born_later": (TRAFFIC, make_fine(ADA, id_number="410102202711220011"), "bad_identity", "第十六条"),
    "persons_number": (
        LABOUR,
        make_donation(ADA, indicator="ZZ-PRO-04", subject_kind="enterprise", items={}, legal=FINAL),
        "bad_identity",
        "第十六条",
    ),
    "no_code": (
        TRAFFIC,
        make_fine(ADA, subject_kind="sole_trader", id_number="91410100MA44TG2P00"),
        "bad_identity",
        "第十六条",
    ),
}


def test_every_ground_of_refusal_names_its_law_and_leaves_nothing_behind(city: City) -> None:
    for department, row, code, law in REFUSED.values():
        (receipt,) = hand_in(city, department, row)
        assert (receipt["outcome"], receipt["code"]) == ("refused", code), receipt
        assert law in receipt["law"]
        assert receipt["detail"]
        assert receipt["record_id"] is None
    assert count_rows(city.database, "subject") == 0
    assert count_rows(city.database, "ledger_entry") == 0
    assert count_rows(city.database, "receipt") == len(REFUSED)


def test_a_name_that_belongs_to_another_number_is_in_doubt(city: City) -> None:
    subject_id = city.know(ADA)
    (receipt,) = hand_in(city, HEALTH, make_donation(ADA, name="周海"))
    assert (receipt["outcome"], receipt["code"]) == ("quarantined", "identity_in_doubt")
    assert "第十六条" in receipt["law"]
    assert city.know(ADA) == subject_id
    assert count_rows(city.database, "ledger_entry") == 0
    stranger = make_person("欧阳晓月")
    rows = [make_donation(stranger), make_donation(stranger, name="周海"), make_donation(stranger, name="欧阳·晓月")]
    found = [(receipt["outcome"], receipt["code"]) for receipt in hand_in(city, HEALTH, *rows)]
    assert found == [("accepted", None), ("quarantined", "identity_in_doubt"), ("accepted", None)]


def test_a_number_is_that_of_one_kind_of_subject(city: City) -> None:
    firm = {"subject_kind": "enterprise", "id_number": "91410100MA44TG2P0X", "name": "顺丰小吃店"}
    withheld = make_donation(indicator="ZZ-PRO-04", items={}, legal=FINAL) | firm
    report_one(city, LABOUR, withheld)
    other = withheld | {"source_key": "other", "subject_kind": "sole_trader"}
    (receipt,) = hand_in(city, LABOUR, other)
    assert (receipt["outcome"], receipt["code"]) == ("refused", "wrong_subject")
    assert "第十七条" in receipt["law"]
    assert [(error["pointer"], error["code"]) for error in receipt["errors"]] == [("/subject_kind", "other_kind")]
    assert count_rows(city.database, "ledger_entry") == 1
    assert hand_in(city, LABOUR, withheld | {"source_key": "again"})[0]["outcome"] == "accepted"


MALFORMED: dict[str, tuple[object, set[tuple[str, str]]]] = {
    "no object": (5, {("", "not_an_object")}),
    "null": (None, {("", "not_an_object")}),
    "list": ([[]], {("", "not_an_object")}),
    "missing": (
        {"source_key": "1"},
        {(f"/{name}", "required") for name in ("id_number", "name", "indicator", "occurred_on", "items", "legal")},
    ),
    "unknown key": (make_donation(points=200), {("/points", "unknown")}),
    "unknown legal key": (make_donation(legal={"opinion": "good"}), {("/legal/opinion", "unknown")}),
    "strange key": (make_donation() | {ADA.id_number: 1}, {("", "unknown")}),
    "day": (make_donation(occurred_on="2026-02-30"), {("/occurred_on", "not_a_day")}),
    "subject": (make_donation(subject_kind="robot"), {("/subject_kind", "not_a_choice")}),
    "procedure": (make_donation(legal={"procedure": "swift"}), {("/legal/procedure", "not_a_choice")}),
    "indicator": (make_donation(indicator=ADA.id_number), {("/indicator", "wrong_form")}),
    "silent name": (make_donation(name="·"), {("/name", "says_nothing")}),
    "nested item": (make_donation(items={"donations": [1]}), {("/items", "not_plain")}),
    "fraction": (make_donation(items={"donations": 1.5}), {("/items", "not_plain")}),
    "large": (make_donation(items={"donations": 10**16}), {("/items", "out_of_range")}),
    "long": (make_donation(items={"donations": "x" * 101}), {("/items", "too_long")}),
    "many items": (make_donation(items={f"i{n}": n for n in range(31)}), {("/items", "too_many")}),
}


def test_a_malformed_row_spoils_no_other(city: City) -> None:
    rows: list[object] = [make_donation()]
    for malformed, _ in MALFORMED.values():
        rows += [malformed, make_donation()]
    receipts = hand_in(city, HEALTH, *rows)
    assert [receipt["row_no"] for receipt in receipts] == list(range(1, len(rows) + 1))
    assert {receipt["outcome"] for receipt in receipts[::2]} == {"accepted"}
    for (name, (_, faults)), receipt in zip(MALFORMED.items(), receipts[1::2], strict=True):
        assert receipt["code"] == "malformed_row", name
        assert {(error["pointer"], error["code"]) for error in receipt["errors"]} == faults, name
        assert all(error["message"] for error in receipt["errors"])


def test_items_are_pointed_at_and_never_quoted(small_town: City) -> None:
    secret = "周海"
    receipts = hand_in(
        small_town,
        TRAFFIC,
        make_fine(items={"amount_fen": secret, secret: 1, ADA.id_number: 1, "extra": 1}),
        make_fine(items={"amount_fen": True}),
        make_fine(items={"amount_fen": 0}),
        make_fine(items={}),
        make_fine(ended_on="2026-11-12"),
        make_fine(items={"amount_fen": 1, f"{secret}的病史": 1, "blood_type": "O"}),
        make_donation(indicator="ZZ-LAW-01"),
    )
    found = [{(error["pointer"], error["code"]) for error in receipt["errors"]} for receipt in receipts]
    assert found == [
        {("/items", "unknown"), ("/items/extra", "unknown"), ("/items/amount_fen", "not_a_whole_number")},
        {("/items/amount_fen", "not_a_whole_number")},
        {("/items/amount_fen", "out_of_range")},
        {("/items/amount_fen", "required")},
        {("/ended_on", "not_continuing")},
        {("/items", "sensitive_item"), ("/items/blood_type", "sensitive_item")},
        set(),
    ]
    assert secret not in str(receipts)
    assert ADA.id_number not in str(receipts)


def test_a_choice_a_flag_and_an_end_are_pointed_at(small_town: City) -> None:
    listing = make_donation(indicator="ZZ-ETH-10", items={"months_overdue": 3}, ended_on="2026-11-01")
    legal = {"document_no": "（2026）豫民初1号", "confirmed_by": "court"}
    (court,) = hand_in(small_town, COURT, listing | {"legal": legal})
    assert [error["code"] for error in court["errors"]] == ["before_start"]
    (office,) = hand_in(small_town, LABOUR, make_donation(indicator="ZZ-HON-01", items={"grade": "universal"}))
    assert [(error["pointer"], error["code"]) for error in office["errors"]] == [("/items/grade", "not_a_choice")]
    (shop,) = hand_in(small_town, "market_regulation", make_donation(indicator="ZZ-REG-04", items={"passed": 1}))
    assert [(error["pointer"], error["code"]) for error in shop["errors"]] == [("/items/passed", "not_a_truth")]


def test_receipts_speak_the_callers_language(small_town: City) -> None:
    headers = small_town.department(TRAFFIC, "records:write") | {
        "Idempotency-Key": "key-english",
        "Accept-Language": "en",
    }
    batch = make_batch(make_fine(legal={**FINAL, "finality": "not_final"}))
    answer = small_town.client().post("/v1/batches", json=batch, headers=headers)
    (receipt,) = read_answer(answer, 201)["receipts"]
    assert receipt["detail"] == "The decision is not final yet; report it when it is, and say so in finality."
    assert answer.headers["Content-Language"] == "en"


def test_five_hundred_rows_are_taken_and_no_more(city: City) -> None:
    people = [make_person() for _ in range(100)]
    rows = [make_donation(people[number % 100]) for number in range(500)]
    batch = read_answer(post(city, HEALTH, "/batches", make_batch(*rows)), 201)
    assert (batch["accepted"], batch["duplicate"], batch["refused"]) == (500, 0, 0)
    assert count_rows(city.database, "subject") == 100
    refused = read_answer(post(city, HEALTH, "/batches", make_batch(*rows, rows[0])), 422)
    assert [(error["pointer"], error["code"]) for error in refused["errors"]] == [("/rows", "too_many")]
    assert read_answer(post(city, HEALTH, "/batches", make_batch()), 422)["errors"][0]["code"] == "too_few"


def test_the_same_call_again_gets_the_same_answer(city: City) -> None:
    batch = make_batch(make_donation(), 5)
    first = post(city, HEALTH, "/batches", batch, key="key-of-my-own")
    again = post(city, HEALTH, "/batches", batch, key="key-of-my-own")
    assert read_answer(again, 201) == read_answer(first, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count_rows(city.database, "ledger_entry") == 1
    read = read_answer(get(city, HEALTH, first.headers["Location"].removeprefix("/v1")), 200)
    assert read == read_answer(first, 201)


def test_a_batch_number_is_used_once(city: City) -> None:
    batch = make_batch(make_donation())
    batch_id = read_answer(post(city, HEALTH, "/batches", batch), 201)["batch_id"]
    problem = read_answer(post(city, HEALTH, "/batches", batch), 409)
    assert problem["code"] == "batch_no_reused"
    assert batch_id in problem["detail"]
    assert (
        post(city, TRAFFIC, "/batches", make_batch() | {"batch_no": batch["batch_no"], "rows": [5]}).status_code == 201
    )


def test_a_fact_is_taken_once_and_a_key_names_one_fact(city: City) -> None:
    row = make_donation(ADA)
    record_id = str(report_one(city, HEALTH, row))
    receipts = hand_in(city, HEALTH, row, row | {"occurred_on": "2026-11-03"}, row | {"name": f" {ADA.name}"})
    assert [(receipt["outcome"], receipt["code"]) for receipt in receipts] == [
        ("duplicate", "duplicate"),
        ("refused", "source_key_reused"),
        ("refused", "malformed_row"),
    ]
    assert receipts[0]["record_id"] == record_id
    assert receipts[1]["record_id"] is None
    assert "第十七条" in receipts[1]["law"]
    same_batch = make_donation(ADA)
    assert [each["outcome"] for each in hand_in(city, HEALTH, same_batch, same_batch)] == ["accepted", "duplicate"]


def test_what_a_correction_said_is_no_news_either(small_town: City) -> None:
    row = make_donation(ADA)
    record_id = report_one(small_town, HEALTH, row)
    said = {"occurred_on": "2026-11-03", "items": {"donations": 2}, "legal": {}}
    correction = said | {"reason": "登记有误"}
    read_answer(post(small_town, HEALTH, f"/records/{record_id}/corrections", correction), 201)
    assert [each["outcome"] for each in hand_in(small_town, HEALTH, row, row | said)] == ["duplicate", "duplicate"]


def test_departments_share_the_key_of_an_act(small_town: City) -> None:
    act = "郑交罚〔2026〕1号"
    report_one(small_town, HEALTH, make_donation(ADA, act=act))
    report_one(small_town, TRAFFIC, make_fine(ADA, act=act))


def test_another_departments_batch_is_not_found(city: City) -> None:
    batch_id = read_answer(post(city, HEALTH, "/batches", make_batch(5)), 201)["batch_id"]
    assert read_answer(get(city, TRAFFIC, f"/batches/{batch_id}"), 404)["code"] == "batch_not_found"
    assert read_answer(get(city, HEALTH, f"/batches/{uuid4()}"), 404)["code"] == "batch_not_found"


@pytest.mark.parametrize(("acting", "status"), [("clerk-7", 201), (None, 201), ("clerk-8", 403)])
def test_a_token_that_names_a_clerk_serves_no_other(small_town: City, acting: str | None, status: int) -> None:
    assert post(small_town, HEALTH, "/batches", make_batch(5), acting=acting).status_code == status


def test_a_department_that_is_not_registered_hands_in_nothing(city: City) -> None:
    problem = read_answer(post(city, "post_office", "/batches", make_batch(5)), 403)
    assert problem["code"] == "department_refused"


def test_receipts_and_batches_hold_nothing_of_the_person(city: City) -> None:
    person = make_person("欧阳晓月")
    hand_in(city, TRAFFIC, make_fine(person), make_fine(person, items={}), make_fine(person, name="周海"))
    with city.database.reading() as session:
        kept = [session.execute(text(f"SELECT * FROM {table}")).all() for table in ("batch", "receipt")]  # noqa: S608
    assert not [word for word in (person.name, person.id_number, "周海", "50000") if word in str(kept)]


def test_batches_about_the_same_people_at_once_end_well(city: City) -> None:
    people = [make_person() for _ in range(12)]

    def send(number: int) -> list[str]:
        rows = [make_donation(person) for person in (people if number % 2 else reversed(people))]
        return [receipt["outcome"] for receipt in hand_in(city, HEALTH, *rows)]

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(send, range(12))) == [["accepted"] * 12] * 12
    assert count_rows(city.database, "subject") == 12
    assert count_rows(city.database, "ledger_entry") == 144


def test_one_fact_in_many_batches_at_once_is_one_record(city: City) -> None:
    row = make_donation(make_person())

    def send(_: int) -> tuple[str, str]:
        (receipt,) = hand_in(city, HEALTH, row)
        return receipt["outcome"], receipt["record_id"]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert sorted(outcome for outcome, _ in answers) == ["accepted"] + ["duplicate"] * 5
    assert len({record_id for _, record_id in answers}) == 1
