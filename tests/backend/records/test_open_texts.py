"""What is kept as it stands, some of it for good, holds nobody's identity number."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.backend.city import City, make_person
from tests.backend.records.handing import (
    FINAL,
    TRAFFIC,
    Row,
    get,
    hand_in,
    make_batch,
    make_fine,
    post,
    read_answer,
    report_one,
)

ADA = make_person("陈岸")
NUMBER = ADA.id_number
USCC = "91410100MA44TG2P0X"
CORRECTION: Row = {
    "reason": "金额有误",
    "occurred_on": "2026-11-01",
    "items": {"amount_fen": 1},
    "legal": FINAL,
}


def list_flaws(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer["errors"]]


def read_everything_kept(city: City) -> str:
    tables = ("batch", "receipt", "ledger_entry", "access_entry", "idempotent_answer")
    with city.database.reading() as session:
        return str([session.execute(text(f"SELECT * FROM {table}")).all() for table in tables])  # noqa: S608 - as above


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"source_key": NUMBER}, "/source_key"),
        ({"source_key": f"fine-{NUMBER.lower()}-1"}, "/source_key"),
        ({"source_key": f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}"}, "/source_key"),
        ({"act": f"act {NUMBER}"}, "/act"),
        ({"legal": {**FINAL, "document_no": f"郑交罚{NUMBER}号"}}, "/legal/document_no"),
    ],
)
def test_a_row_that_holds_a_number_is_refused_and_not_repeated(city: City, changes: Row, pointer: str) -> None:
    (receipt,) = hand_in(city, TRAFFIC, make_fine(ADA, **changes))
    assert (receipt["outcome"], receipt["code"]) == ("refused", "malformed_row")
    assert list_flaws(receipt) == [(pointer, "holds_identity_number")]
    assert "请改用" in receipt["errors"][0]["message"]
    for said in (str(receipt), read_everything_kept(city)):
        assert not [part for part in (NUMBER, NUMBER.lower(), NUMBER[6:14]) if part in said]


def test_a_batch_that_holds_a_number_is_refused_whole(city: City) -> None:
    answer = post(city, TRAFFIC, "/batches", make_batch(make_fine(ADA)) | {"batch_no": f"a-{NUMBER}"})
    assert list_flaws(read_answer(answer, 422)) == [("/batch_no", "holds_identity_number")]
    assert NUMBER not in answer.text + read_everything_kept(city)


def test_a_change_that_holds_a_number_is_refused(city: City) -> None:
    record_id = report_one(city, TRAFFIC, make_fine(ADA))
    held = f"误报{NUMBER}，应为他人"
    for path, body in (("corrections", CORRECTION), ("withdrawals", {"reason": "误报"})):
        answer = post(city, TRAFFIC, f"/records/{record_id}/{path}", body | {"reason": held})
        assert list_flaws(read_answer(answer, 422)) == [("/reason", "holds_identity_number")]
    for changes, pointer in (({"act": NUMBER}, "/act"), ({"legal": {"document_no": NUMBER}}, "/legal/document_no")):
        answer = post(city, TRAFFIC, f"/records/{record_id}/corrections", CORRECTION | changes)
        assert list_flaws(read_answer(answer, 422)) == [(pointer, "holds_identity_number")]
    assert NUMBER not in read_everything_kept(city)


def test_a_look_that_holds_a_number_is_refused(small_town: City) -> None:
    answer = get(small_town, TRAFFIC, f"/records/{uuid4()}?purpose=data_check&case_no=x-{NUMBER}")
    assert list_flaws(read_answer(answer, 422)) == [("/case_no", "holds_identity_number")]


def test_a_credit_code_is_public_and_may_be_written(city: City) -> None:
    legal = {**FINAL, "document_no": f"郑交罚{USCC}号"}
    record_id = report_one(city, TRAFFIC, make_fine(ADA, source_key=f"fine-{USCC}", act=USCC, legal=legal))
    assert get(city, TRAFFIC, f"/records/{record_id}?purpose=data_check&case_no={USCC}").status_code == 200
    assert USCC in read_everything_kept(city)  # what is watched above shows what slips in
