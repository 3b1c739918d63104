"""A card says to one city what an answer would, is read there without us, and is put right like an answer."""

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from flask import Flask

from backend.app import create_app
from backend.clock import format_moment
from backend.gateways.exchange_keys import ExchangeKeys, read_exchange_keys
from backend.gateways.key_making import make_exchange_keys
from backend.partners.city_keys import store_keys
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Scope
from tests.backend.city import NOON, City, make_person
from tests.backend.disclosures.asking import (
    DOCUMENTS,
    HANGZHOU,
    HOME,
    NANJING,
    ask,
    consent,
    list_notices,
    make_question,
    put,
    sweep,
)
from tests.backend.disclosures.test_answering import read_looks
from tests.backend.disclosures.test_consents import get, withdraw
from tests.backend.disclosures.test_uses import take, write_use
from tests.backend.scores.city import report

_keys = count(1)
OURS, THEIRS = (ExchangeKeys.from_keys(read_exchange_keys(make_exchange_keys(NOON))) for _ in range(2))


@pytest.fixture
def port(city: City) -> City:
    """A city with keys of its own that knows those of Hangzhou."""
    context = replace(city.context, exchange_keys=OURS)
    app: Flask = create_app(context)
    with city.database.transaction() as session:
        store_keys(session, HANGZHOU, json.dumps({"keys": THEIRS.describe(NOON)}), now=city.now())
    return replace(city, app=app, context=context)


def make(port: City, subject_id: UUID, **changes: Any) -> Any:  # noqa: ANN401 - the answer
    """Ask for a card, and give the answer."""
    headers = port.citizen(subject_id) | {"Idempotency-Key": f"card-{next(_keys):06}"}
    body = {"city": HANGZHOU, "scope": "level", "minutes": 60, **changes}
    return port.client().post("/v1/exchange/cards", json=body, headers=headers)


def test_a_card_is_for_one_city_and_one_hour(port: City) -> None:
    person = make_person()
    subject_id = port.enrol(person)
    answer = make(port, subject_id, scope="score")
    assert answer.status_code == 201, answer.text
    shown = answer.get_json()
    key_id = jwt.get_unverified_header(shown["card"])["kid"]
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}  # the clock stands
    claims = jwt.decode(
        shown["card"], OURS.list_public(NOON)[key_id], ["ES256"], audience="city:hangzhou", issuer=HOME, options=options
    )
    assert jwt.get_unverified_header(shown["card"])["typ"] == "score-card+jwt"
    assert (claims["jti"], claims["exp"] - claims["iat"], claims["scope"]) == (shown["card_id"], 3600, "score")
    assert claims["treaty"]["digest"] == DOCUMENTS[HANGZHOU].treaty.digest
    assert claims["content"] == shown["content"]
    assert (claims["content"]["score"]["points"], claims["content"]["score"]["equivalent"]) == (100, 600)
    opened = THEIRS.open(claims["person"], NOON)
    assert opened == {"id_number": person.id_number, "question_id": shown["card_id"], "from": HOME}
    assert person.id_number not in shown["card"]
    look = read_looks(port, subject_id)[0]
    assert (look["asker"]["kind"], look["answered"]["recipient"]) == ("citizen", HANGZHOU)
    [told] = get(port, subject_id, "disclosures")["items"]
    assert (told["via"], told["content"], told["consent_id"]) == ("card", shown["content"], shown["consent_id"])
    assert {claims["purpose"], shown["purpose"]["code"], told["purpose"]["code"]} == {"own_view"}
    given = make(port, subject_id, purpose="benefit").get_json()
    options["verify_signature"] = options["verify_aud"] = False
    assert jwt.decode(given["card"], options=options)["purpose"] == given["purpose"]["code"] == "benefit"
    shown = get(port, subject_id, "consents")["items"]
    assert [(each["purpose"]["code"], each["once"]) for each in shown] == [("benefit", True), ("own_view", True)]
    assert ask(port, person, Scope.SCORE).until is None  # such a consent is good for its card alone


def test_a_card_is_put_right_and_withdrawn_like_an_answer(port: City) -> None:
    subject_id = port.enrol(make_person())
    first, second = (make(port, subject_id).get_json() for _ in range(2))
    withdraw(port, subject_id, UUID(first["consent_id"]))
    assert [(kind, content["question_ids"]) for _, kind, content in list_notices(port)] == [
        ("withdrawn", [first["card_id"]])
    ]
    report(port, subject_id, "ZZ-ETH-09", date(2026, 11, 2))
    sweep(port)
    [(_, kind, content)] = list_notices(port)[1:]
    assert (kind, content["question_ids"]) == ("withdrawn", [second["card_id"]])
    person = make_person()
    consent(port, port.enrol(person), Scope.LEVEL)
    asked = make_question(port, person.id_number, Scope.LEVEL, question_id=UUID(first["card_id"]))
    assert put(port, asked) == Refusal(ProblemCode.QUESTION_REUSED)  # no look at anybody goes by the id of a card


def test_by_a_card_for_benefits_alone_something_is_used(port: City) -> None:
    subject_id = port.enrol(make_person())
    for purpose, known in (("benefit", True), ("own_view", False)):
        card_id = UUID(make(port, subject_id, purpose=purpose).get_json()["card_id"])
        use = write_use(card_id, uuid4(), 1) | {"happened_at": format_moment(port.now())}
        assert take(port, use) == {"known": known}
        assert take(port, use | {"use_id": str(uuid4()), "scenario": "not_in_the_treaty"}) == {"known": False}


def test_a_card_is_refused_to_its_owner_alone(port: City) -> None:
    subject_id = port.enrol(make_person())
    assert [make(port, subject_id).status_code for _ in range(6)] == [201] * 5 + [409]
    low = port.enrol(make_person())
    report(port, low, "ZZ-ETH-09", date(2026, 11, 2))
    refused = make(port, low).get_json()
    assert refused["code"] == "nothing_to_tell"
    assert "最低档次" in refused["detail"]
    codes = [make(port, low, **changes).get_json()["code"] for changes in REFUSED]
    assert codes == ["city_not_found", "not_in_treaty", "invalid_request"]
    assert get(port, low, "consents")["items"] == []
    port.clock.move(timedelta(hours=1))
    assert make(port, subject_id).status_code == 201  # those before are over
    assert make(port, subject_id, city=NANJING).get_json()["code"] == "unavailable"  # which has shown us no key
    assert len(get(port, subject_id, "consents")["items"]) == 6


REFUSED: tuple[dict[str, Any], ...] = (
    {"city": "suzhou"},
    {"city": NANJING, "scope": "score"},
    {"scope": Scope.ENTITLEMENT},
)
