from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from backend.people.account import close_account, open_account
from backend.people.agreement import agreement_on
from backend.people.tables import ConsentRow, EnrolmentRow, list_consents
from tests.backend.city import City, Person, make_person, read_json

BODY = {"agreement_version": "2026-01", "consent": {"score": True}}


def create(city: City, subject_id: UUID, *, body: object = None, key: str | None = None) -> TestResponse:
    headers = city.citizen(subject_id) | {"Idempotency-Key": key or uuid4().hex}
    return city.client().post("/v1/account", json=BODY if body is None else body, headers=headers)


def show(city: City, subject_id: UUID, language: str = "zh-CN") -> TestResponse:
    return city.client().get("/v1/account", headers=city.citizen(subject_id) | {"Accept-Language": language})


def outcome(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, read_json(answer)["code"]


def test_who_has_no_account_sees_so_and_what_to_do(city: City) -> None:
    answer = show(city, city.know(make_person()))
    assert answer.status_code == 200
    assert read_json(answer) == {
        "status": "not_enrolled",
        "status_text": "尚未开通",
        "what_next": "如愿参加，请阅读协议并同意后开通；不开通不影响您享受任何基本服务。",
        "opened_on": None,
        "agreement_version": None,
        "current_agreement_version": "2026-01",
        "consents": [],
    }
    assert answer.headers["Content-Language"] == "zh-CN"


def test_an_account_opens_with_agreement_and_consent(city: City) -> None:
    subject_id = city.know(make_person())
    answer = create(city, subject_id)
    assert (answer.status_code, answer.headers["Location"]) == (201, "/v1/account")
    (consent,) = read_json(answer)["consents"]
    assert consent | {"consent_id": ""} == {
        "consent_id": "",
        "purpose": "score",
        "recipient": "credit_centre",
        "scope": "score",
        "agreement_version": "2026-01",
        "given_at": "2026-11-22T04:00:00Z",
        "expires_at": None,
        "withdrawn_at": None,
    }
    assert read_json(answer)["status"] == "enrolled"
    assert (read_json(answer)["opened_on"], read_json(answer)["agreement_version"]) == ("2026-11-22", "2026-01")
    assert read_json(show(city, subject_id)) == read_json(answer)


def test_the_texts_come_in_the_callers_language(city: City) -> None:
    answer = show(city, city.enrol(make_person()), "en-GB")
    assert (read_json(answer)["status_text"], answer.headers["Content-Language"]) == ("Enrolled", "en")
    assert "leave at any time" in read_json(answer)["what_next"]


def test_a_repeat_with_the_same_key_gets_the_first_answer(city: City) -> None:
    subject_id = city.know(make_person())
    first, second = (create(city, subject_id, key="open-account-1") for _ in range(2))
    assert (first.status_code, second.status_code, second.data) == (201, 201, first.data)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert outcome(create(city, subject_id)) == (409, "already_enrolled")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"agreement_version": "2025-01", "consent": {"score": True}}, 409, "agreement_outdated"),
        ({"agreement_version": "2026-01", "consent": {"score": False}}, 422, "consent_missing"),
        ({"agreement_version": "2026-01"}, 422, "invalid_request"),
        ({"agreement_version": "2026-01", "consent": {}}, 422, "invalid_request"),
        ({"agreement_version": "2026-01", "consent": {"score": "true"}}, 422, "invalid_request"),
        ({"agreement_version": "2026-01", "consent": {"score": True, "bank": True}}, 422, "invalid_request"),
        ({"agreement_version": "２０２６", "consent": {"score": True}}, 422, "invalid_request"),
        ({"agreement_version": "2026-01", "consent": {"score": True}, "x": "y" * 2000}, 413, "body_too_large"),
    ],
)
def test_no_account_opens_without_the_agreement_in_force_and_a_plain_consent(
    city: City, body: object, status: int, code: str
) -> None:
    subject_id = city.know(make_person())
    assert outcome(create(city, subject_id, body=body)) == (status, code)
    assert read_json(show(city, subject_id))["status"] == "not_enrolled"


def test_an_outdated_agreement_is_told_the_current_one(city: City) -> None:
    body = BODY | {"agreement_version": "2025-01"}
    assert "2026-01" in read_json(create(city, city.know(make_person()), body=body))["detail"]


def test_who_is_under_age_or_in_doubt_opens_none(city: City) -> None:
    child = city.know(make_person(born_on=date(2010, 5, 1)))
    assert outcome(create(city, child)) == (403, "under_age")
    person = make_person("王芳")
    doubtful = city.know(person)
    city.know(Person("王方", person.id_number))
    assert outcome(create(city, doubtful)) == (403, "identity_in_doubt")
    assert read_json(show(city, doubtful))["status"] == "identity_in_doubt"


def test_many_openings_at_once_make_one_enrolment_and_one_consent(city: City) -> None:
    subject_id = city.know(make_person())
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: create(city, subject_id).status_code, range(6)))
    assert sorted(answers) == [201, *[409] * 5]
    with city.database.reading() as session:
        for table in (EnrolmentRow, ConsentRow):
            assert session.scalar(select(func.count()).select_from(table)) == 1


@pytest.mark.parametrize("because", ["closed", "consent_withdrawn"])
def test_a_closed_account_stands_on_no_consent_and_can_be_opened_again(city: City, because: str) -> None:
    subject_id = city.enrol(make_person())
    city.clock.move(timedelta(days=1))
    with city.database.transaction() as session:
        assert close_account(session, subject_id, because=because, now=city.now())
        assert not close_account(session, subject_id, because=because, now=city.now())
    seen = read_json(show(city, subject_id))
    assert seen["status"] == {"closed": "not_enrolled"}.get(because, because)
    assert [consent["withdrawn_at"] for consent in seen["consents"]] == ["2026-11-23T04:00:00Z"]
    again = create(city, subject_id)
    assert (again.status_code, read_json(again)["opened_on"]) == (201, "2026-11-23")
    assert [consent["withdrawn_at"] is None for consent in read_json(again)["consents"]] == [False, True]


def test_planted_defect_a_reason_that_nobody_knows_is_refused_by_the_database(city: City) -> None:
    subject_id = city.enrol(make_person())
    with pytest.raises(Exception, match="closed_because"), city.database.transaction() as session:
        close_account(session, subject_id, because="bored", now=city.now())
    assert read_json(show(city, subject_id))["status"] == "enrolled"


def test_closing_touches_nobody_else(city: City) -> None:
    one, other = city.enrol(make_person()), city.enrol(make_person())
    with city.database.transaction() as session:
        close_account(session, one, because="closed", now=city.now())
        assert [consent.withdrawn_at for consent in list_consents(session, other)] == [None]
    assert read_json(show(city, other))["status"] == "enrolled"


def test_a_subject_that_is_gone_opens_nothing(city: City) -> None:
    stranger = uuid4()
    with pytest.raises(LookupError, match=str(stranger)), city.database.transaction() as session:
        open_account(
            session,
            stranger,
            agreement_version="2026-01",
            consents_to_score=True,
            sealer=city.context.sealer,
            now=city.now(),
        )


def test_an_account_is_for_citizens_with_the_scope(city: City) -> None:
    subject_id = city.know(make_person())
    assert outcome(city.client().get("/v1/account")) == (401, "token_missing")
    for headers, code in [
        (city.department("court", "account:read"), "principal_refused"),
        (city.citizen(subject_id, "score:read"), "scope_missing"),
    ]:
        assert outcome(city.client().get("/v1/account", headers=headers)) == (403, code)
    reader = city.citizen(subject_id, "account:read") | {"Idempotency-Key": "open-account-1"}
    assert outcome(city.client().post("/v1/account", json=BODY, headers=reader)) == (403, "scope_missing")
    assert outcome(city.client().post("/v1/account", json=BODY, headers=city.citizen(subject_id))) == (
        400,
        "idempotency_key_missing",
    )


def test_a_person_sees_nothing_of_anybody_else(city: City) -> None:
    enrolled, other = city.enrol(make_person()), city.know(make_person())
    assert read_json(show(city, enrolled))["consents"]
    assert read_json(show(city, other))["consents"] == []


def test_anybody_can_read_the_agreement_in_force(city: City) -> None:
    answer = city.client().get("/v1/agreement")
    edition = agreement_on(city.now().date())
    assert answer.status_code == 200
    assert (read_json(answer)["version"], read_json(answer)["effective_on"]) == ("2026-01", "2026-01-01")
    assert [section["heading"] for section in read_json(answer)["sections"]] == [
        each.heading for each in edition.sections
    ]
    again = city.client().get("/v1/agreement", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
