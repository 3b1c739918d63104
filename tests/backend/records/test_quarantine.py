from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from backend.people.doubts import settle_doubt
from backend.records import intake, quarantine
from backend.records.known_facts import FactKey
from backend.records.settlement import Settlement
from tests.backend.city import City, Person, make_person
from tests.backend.records.handing import (
    HEALTH,
    Row,
    get,
    hand_in,
    make_batch,
    make_donation,
    post,
    read_answer,
    report_one,
)

CASE = {"case_no": "2026-17", "reason": "已核对身份证原件"}
_keys = iter(range(10**6))


def ask(city: City, path: str, *scopes: str) -> Any:  # noqa: ANN401 - the answer of a client
    return city.client().get(f"/v1/quarantine{path}", headers=city.operator("wang", *(scopes or ("quarantine:read",))))


def decide(city: City, quarantine_id: str, decision: str, **changes: object) -> Any:  # noqa: ANN401 - as above
    headers = city.operator("wang", "quarantine:write") | {"Idempotency-Key": f"decision-{next(_keys):08}"}
    body = {"decision": decision, **CASE} | changes
    return city.client().post(f"/v1/quarantine/{quarantine_id}/decisions", json=body, headers=headers)


def quarantine_one(city: City, person: Person, row: Row | None = None) -> tuple[str, str, Row]:
    """Hand in a row under another name than the vouched one; give its quarantine, its batch, and the row."""
    city.know(person)
    given = row or make_donation(replace(person, name="周海"))
    batch = read_answer(post(city, HEALTH, "/batches", make_batch(given)), 201)
    (receipt,) = batch["receipts"]
    assert (receipt["outcome"], receipt["record_id"], batch["quarantined"]) == ("quarantined", None, 1)
    assert receipt["quarantine"]["state"] == "open"
    return receipt["quarantine"]["quarantine_id"], batch["batch_id"], given


def read_receipt(city: City, batch_id: str) -> dict[str, Any]:
    receipts: list[dict[str, Any]] = read_answer(get(city, HEALTH, f"/batches/{batch_id}"), 200)["receipts"]
    return receipts[0]


def count_entries(city: City) -> int:
    with city.database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM ledger_entry")).scalar_one())


def test_a_row_waits_is_looked_at_and_released(city: City) -> None:
    person = make_person("欧阳晓月")
    quarantine_id, batch_id, row = quarantine_one(city, person)
    assert count_entries(city) == 0
    (waiting,) = read_answer(ask(city, ""), 200)["items"]
    assert (waiting["quarantine_id"], waiting["code"], waiting["part"]) == (quarantine_id, "name_differs", "row")
    shown = read_answer(ask(city, f"/{quarantine_id}?purpose=data_check&case_no=2026-17"), 200)
    assert (shown["name_given"], shown["name_on_file"], shown["name_is_verified"]) == ("周海", person.name, True)
    assert shown["masked_number"] == person.id_number[:4] + "*" * 10 + person.id_number[-4:]
    decided = read_answer(decide(city, quarantine_id, "release"), 201)
    assert (decided["state"], decided["quarantine_id"]) == ("released", quarantine_id)
    receipt = read_receipt(city, batch_id)
    assert receipt["outcome"] == "quarantined"
    assert receipt["quarantine"]["record_id"] == decided["record_id"]
    record = read_answer(get(city, HEALTH, f"/records/{decided['record_id']}?purpose=data_check"), 200)
    assert (record["batch_id"], record["source_key"]) == (batch_id, row["source_key"])
    assert read_answer(ask(city, ""), 200)["items"] == []
    assert read_answer(decide(city, quarantine_id, "refuse"), 409)["code"] == "quarantine_decided"
    assert hand_in(city, HEALTH, row | {"name": person.name})[0]["record_id"] == decided["record_id"]


def test_the_person_sees_who_looked_and_who_decided(city: City) -> None:
    person = make_person()
    quarantine_id, _, _ = quarantine_one(city, person)
    ask(city, f"/{quarantine_id}?purpose=data_check&case_no=2026-17")
    decide(city, quarantine_id, "refuse")
    answer = city.client().get("/v1/access-entries", headers=city.citizen(city.know(person)))
    entries = read_answer(answer, 200)["items"]
    assert [(each["asker"]["code"], each["case_no"], each["answered"]["kind"]) for each in entries] == [
        ("wang", "2026-17", "quarantine_decided"),
        ("wang", "2026-17", "quarantined_row"),
    ]


def test_a_refused_row_stays_out_and_may_come_again(city: City) -> None:
    person = make_person()
    quarantine_id, batch_id, row = quarantine_one(city, person)
    assert read_answer(decide(city, quarantine_id, "refuse"), 201)["record_id"] is None
    assert read_receipt(city, batch_id)["quarantine"]["state"] == "refused"
    assert count_entries(city) == 0
    again, _, _ = quarantine_one(city, person, row)
    assert again != quarantine_id


def test_the_same_row_waits_once(city: City) -> None:
    person = make_person()
    quarantine_id, _, row = quarantine_one(city, person)
    receipts = hand_in(city, HEALTH, row, row, row | {"occurred_on": "2026-11-03"}, row | {"name": "赵宁"})
    assert [(each["outcome"], each["code"]) for each in receipts] == [
        ("duplicate", "duplicate_in_quarantine"),
        ("duplicate", "duplicate_in_quarantine"),
        ("refused", "source_key_reused"),
        ("refused", "source_key_reused"),
    ]
    assert receipts[0]["quarantine"]["quarantine_id"] == quarantine_id
    assert len(read_answer(ask(city, ""), 200)["items"]) == 1


def test_whoever_is_in_doubt_is_kept_apart_until_that_is_settled(city: City) -> None:
    person = make_person("王芳")
    city.know(person)
    subject_id = city.know(replace(person, name="王方"))
    known = make_donation(person, name="王方")
    (receipt,) = hand_in(city, HEALTH, known)
    assert (receipt["outcome"], receipt["code"]) == ("quarantined", "identity_in_doubt")
    quarantine_id = receipt["quarantine"]["quarantine_id"]
    assert read_answer(ask(city, ""), 200)["items"][0]["code"] == "subject_in_doubt"
    assert read_answer(decide(city, quarantine_id, "release"), 409)["code"] == "subject_in_doubt"
    with city.database.transaction() as session:
        settle_doubt(session, subject_id, operator="wang", case_no="2026-17", now=city.now())
    read_answer(decide(city, quarantine_id, "release"), 201)
    assert hand_in(city, HEALTH, known)[0]["outcome"] == "duplicate"


def test_what_was_reported_meanwhile_stands(city: City) -> None:
    person = make_person()
    quarantine_id, _, row = quarantine_one(city, person)
    record_id = report_one(city, HEALTH, row | {"name": person.name})
    assert read_answer(decide(city, quarantine_id, "release"), 201)["record_id"] == str(record_id)
    other, _, row = quarantine_one(city, make_person("何宁"))
    report_one(city, HEALTH, row | {"name": "何宁", "occurred_on": "2026-11-05"})
    problem = read_answer(decide(city, other, "release"), 422)
    assert problem["code"] == "release_refused"
    assert "source_key_reused" in problem["detail"]
    assert count_entries(city) == 2


def test_the_queue_is_paged_oldest_first(small_town: City) -> None:
    ids = [quarantine_one(small_town, make_person())[0] for _ in range(3)]
    first = read_answer(ask(small_town, "?limit=2"), 200)
    second = read_answer(ask(small_town, f"?limit=2&cursor={first['next_cursor']}"), 200)
    assert [row["quarantine_id"] for row in first["items"] + second["items"]] == ids
    assert second["next_cursor"] is None
    assert ask(small_town, "?cursor=WyJ4Il0").status_code == 422


def test_nothing_of_the_person_is_in_the_queue_or_in_clear_on_disk(small_town: City) -> None:
    person = make_person("欧阳晓月")
    quarantine_one(small_town, person)
    secrets = (person.name, person.id_number, "周海", str(small_town.know(person)))
    assert not [secret for secret in secrets if secret in ask(small_town, "").get_data(as_text=True)]
    with small_town.database.reading() as session:
        kept = str(session.execute(text("SELECT * FROM quarantined_row")).all())
    assert not [secret for secret in secrets[:3] if secret in kept]


def test_only_operators_with_the_scope_come_near(small_town: City) -> None:
    quarantine_id, _, _ = quarantine_one(small_town, make_person())
    assert ask(small_town, "", "quarantine:write").status_code == 403
    assert ask(small_town, f"/{quarantine_id}?purpose=data_check").status_code == 422
    assert ask(small_town, f"/{uuid4()}?purpose=data_check&case_no=1").status_code == 404
    assert decide(small_town, str(uuid4()), "release").status_code == 404
    assert decide(small_town, quarantine_id, "forget").status_code == 422
    department = small_town.department(HEALTH, "quarantine:read")
    assert small_town.client().get("/v1/quarantine", headers=department).status_code == 403


def test_a_number_of_an_identity_card_is_no_case_number(small_town: City) -> None:
    person = make_person()
    quarantine_id, _, _ = quarantine_one(small_town, person)
    assert decide(small_town, quarantine_id, "refuse", case_no=person.id_number).status_code == 422
    assert decide(small_town, quarantine_id, "refuse", reason=person.id_number).status_code == 422


def test_of_two_decisions_at_once_one_is_made(city: City) -> None:
    quarantine_id, _, _ = quarantine_one(city, make_person())

    def send(number: int) -> int:
        answer = decide(city, quarantine_id, "refuse" if number % 2 else "release")
        return int(answer.status_code)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(4))) == [201, 409, 409, 409]
    assert count_entries(city) <= 1


DEFECTS: dict[str, tuple[object, str, object, Callable[[City], None]]] = {
    "doubts overlooked": (
        Settlement,
        "_quarantine",
        lambda self, screened, subject, _code, origin: self._report(
            screened,
            subject,
            FactKey(subject.subject_id, screened.row.indicator, screened.row.source_key),
            origin,
        ),
        test_whoever_is_in_doubt_is_kept_apart_until_that_is_settled,
    ),
    "repeats kept twice": (intake, "find_waiting", lambda *_: {}, test_the_same_row_waits_once),
    "looks not noted": (
        quarantine,
        "record_look",
        lambda *_, **__: None,
        test_the_person_sees_who_looked_and_who_decided,
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(small_town: City, defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, replacement, test = DEFECTS[defect]
    monkeypatch.setattr(owner, name, replacement)
    with pytest.raises(AssertionError):
        test(small_town)
