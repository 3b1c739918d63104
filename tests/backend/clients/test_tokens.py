from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from sqlalchemy import select

from backend.clients.registration import Ending, end_client, end_key
from backend.clients.roles import Role
from backend.clients.tables import ClientKeyRow, purge_assertions
from backend.clients.tokens import Proof, grant_token, prove_client
from backend.gateways import assertions
from backend.gateways.signed_claims import Expected, read_claims
from backend.principals import PrincipalKind
from backend.web.problems import Refusal
from tests.backend.city import City, read_json
from tests.backend.clients.machines import SCOPES, Machine, add_key, ask, make_department, make_key, make_officer
from tests.backend.gateways.signing import paste
from tests.backend.web.probe import PUBLIC_URL

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
AT_ONCE = 64


def refusal(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - an answer of the test client
    return answer.status_code, read_json(answer).get("code", "")


REFUSED = (401, "assertion_refused")


def test_an_assertion_becomes_a_token_of_ten_minutes(city: City) -> None:
    machine = make_department(city)
    answer = machine.ask()
    given = read_json(answer)
    assert given | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "records:read records:write",
    }
    principal = city.context.tokens.read(given["access_token"], city.now() + 599 * SECOND)
    assert (principal.kind, principal.id, principal.scopes) == (PrincipalKind.DEPARTMENT, "civil_affairs", SCOPES)
    assert (principal.client, principal.acting) == (str(machine.client_id), None)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_opens_what_it_is_for(city: City) -> None:
    machine = make_department(city, scopes=frozenset({"records:read"}))
    headers = machine.get_headers()
    answer = city.client().get(f"/v1/batches/{uuid4()}", headers=headers)
    assert refusal(answer) == (404, "batch_not_found")
    answer = city.client().get("/v1/clients", headers=headers)
    assert refusal(answer) == (403, "principal_refused")


def test_fewer_scopes_may_be_asked_for_and_no_others(city: City) -> None:
    machine = make_department(city)
    assert read_json(machine.ask(scope="records:read"))["scope"] == "records:read"
    assert refusal(machine.ask(scope="records:read quality:read")) == (403, "scope_refused")


@pytest.mark.parametrize("audience", [PUBLIC_URL, f"{PUBLIC_URL}/v1/token"])
@pytest.mark.parametrize("kind", ["JWT", "client-authentication+jwt"])
def test_both_names_of_ours_and_both_types_will_do(city: City, audience: str, kind: str) -> None:
    machine = make_department(city)
    assert machine.ask(machine.assert_itself(header={"typ": kind}, aud=audience)).status_code == 200


def test_a_client_id_beside_the_assertion_must_agree(city: City) -> None:
    machine = make_department(city)
    assert machine.ask(client_id=str(machine.client_id)).status_code == 200
    assert refusal(machine.ask(client_id=str(uuid4()))) == REFUSED


def test_a_clock_may_be_ten_seconds_ahead(city: City) -> None:
    machine, now = make_department(city), int(city.now().timestamp())
    for name in ("iat", "nbf"):
        for ahead, status in ((0, 200), (10, 200), (11, 401), (61, 401), (-60, 200)):
            claims: dict[str, Any] = {name: now + ahead, "exp": now + 60}
            answer = machine.ask(machine.assert_itself(**claims))
            assert answer.status_code == status, (name, ahead)


def test_an_assertion_ends_within_five_minutes(city: City) -> None:
    machine, now = make_department(city), int(city.now().timestamp())
    times = [(0, 300, 200), (0, 301, 401), (-300, 0, 200), (-301, 0, 401), (-310, -10, 401), (0, 0, 401)]
    for issued, expires, status in times:
        answer = machine.ask(machine.assert_itself(iat=now + issued, exp=now + expires))
        assert answer.status_code == status, (issued, expires)


OTHER = "0199f3a0-0000-7000-8000-00000000000a"
WRONG: dict[str, Callable[[Machine], str]] = {
    "no client": lambda machine: machine.assert_itself(iss=OTHER, sub=OTHER),
    "other issuer": lambda machine: machine.assert_itself(iss=OTHER),
    "other subject": lambda machine: machine.assert_itself(sub=OTHER),
    "issuer in capitals": lambda machine: machine.assert_itself(sub=str(machine.client_id).upper()),
    "subject a number": lambda machine: machine.assert_itself(sub=7),
    "no audience": lambda machine: machine.assert_itself(aud=None),
    "other audience": lambda machine: machine.assert_itself(aud="https://elsewhere.example"),
    "audience with a slash": lambda machine: machine.assert_itself(aud=f"{PUBLIC_URL}/"),
    "audience in a list": lambda machine: machine.assert_itself(aud=[PUBLIC_URL]),
    "two audiences": lambda machine: machine.assert_itself(aud=[PUBLIC_URL, "https://elsewhere.example"]),
    "no jti": lambda machine: machine.assert_itself(jti=None),
    "empty jti": lambda machine: machine.assert_itself(jti=""),
    "long jti": lambda machine: machine.assert_itself(jti="j" * 129),
    "no exp": lambda machine: machine.assert_itself(exp=None),
    "no iat": lambda machine: machine.assert_itself(iat=None),
    "exp a text": lambda machine: machine.assert_itself(exp="soon"),
    "exp infinite": lambda machine: machine.assert_itself(exp=float("inf")),
    "ticket type": lambda machine: machine.assert_itself(header={"typ": "ticket+jwt"}),
    "token type": lambda machine: machine.assert_itself(header={"typ": "at+jwt"}),
    "no type": lambda machine: machine.assert_itself(header={"typ": None}),
    "other key id": lambda machine: machine.assert_itself(header={"kid": "k" * 43}),
    "key id of sql": lambda machine: machine.assert_itself(header={"kid": "' OR '1'='1"}),
    "key within": lambda machine: machine.assert_itself(header={"jwk": {"kty": "EC"}}),
    "key elsewhere": lambda machine: machine.assert_itself(header={"jku": "https://elsewhere.example"}),
    "critical": lambda machine: machine.assert_itself(header={"crit": ["exp"]}),
    "own key, not registered": lambda machine: Machine(machine.city, machine.client_id, make_key()).assert_itself(),
    "wrong key under a right id": lambda machine: Machine(machine.city, machine.client_id, make_key()).assert_itself(
        header={"kid": machine.key_id}
    ),
    "shared secret": lambda machine: jwt.encode(
        {"sub": str(machine.client_id)}, "s" * 32, "HS256", headers={"kid": machine.key_id, "typ": "JWT"}
    ),
    "no algorithm": lambda machine: paste({"alg": "none", "typ": "JWT", "kid": machine.key_id}, {"sub": OTHER}),
    "larger curve": lambda machine: jwt.encode(
        {"sub": str(machine.client_id)},
        generate_private_key(SECP384R1()),
        "ES384",
        headers={"kid": machine.key_id, "typ": "JWT"},
    ),
    "signature of zeros": lambda machine: machine.assert_itself().rpartition(".")[0] + "." + "A" * 86,
    "no words": lambda _: "a.b.c",
    "an access token": lambda machine: machine.get_headers()["Authorization"].removeprefix("Bearer "),
}


def test_every_wrong_way_is_one_answer(city: City) -> None:
    expected = read_json(ask(city, WRONG["no client"](make_department(city)))) | {"instance": ""}
    for way, make_wrong in WRONG.items():
        machine = make_department(city)  # a machine that goes wrong for long has to wait
        answer = machine.ask(make_wrong(machine))
        assert (answer.status_code, read_json(answer) | {"instance": ""}) == (401, expected), way


def test_who_is_unknown_is_verified_all_the_same(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = make_department(city)
    verified: list[bool] = []

    def watch(*given: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on as it is
        verified.append(len(given[1]) == 1)
        return dict(read_claims(*given))

    monkeypatch.setattr(assertions, "read_claims", watch)
    for wrong in ("no client", "own key, not registered", "wrong key under a right id", "subject a number"):
        assert refusal(machine.ask(WRONG[wrong](machine))) == REFUSED
    assert verified == [True] * 4


def test_two_clients_may_happen_on_one_jti(city: City) -> None:
    for machine in (make_department(city), make_department(city)):
        assert machine.ask(machine.assert_itself(jti="1")).status_code == 200


def test_of_many_that_use_one_assertion_at_once_one_wins(city: City) -> None:
    machine, context = make_department(city), city.context
    audiences = frozenset({PUBLIC_URL})
    proof = prove_client(city.database, machine.assert_itself(), audiences=audiences, now=city.now())
    assert isinstance(proof, Proof)
    start = Barrier(8)

    def grant(number: int) -> str:
        if number < start.parties:
            start.wait()
        with city.database.transaction() as session:
            granted = grant_token(
                session,
                proof,
                scopes=None,
                departments={"civil_affairs"},
                tokens=context.tokens,
                now=city.now(),
            )
        return granted.code if isinstance(granted, Refusal) else granted.token_type

    with ThreadPoolExecutor(start.parties) as pool:
        answers = list(pool.map(grant, range(AT_ONCE)))
    assert Counter(answers) == {"Bearer": 1, "assertion_refused": AT_ONCE - 1}


def test_an_assertion_is_forgotten_only_when_nobody_would_take_it(city: City) -> None:
    machine = make_department(city)
    assertion = machine.assert_itself()
    assert machine.ask(assertion).status_code == 200
    for passed, purged in ((69 * SECOND, 0), (SECOND, 1)):
        city.clock.move(passed)
        with city.database.transaction() as session:
            assert purge_assertions(session, city.now(), limit=10) == purged
    assert refusal(machine.ask(assertion)) == REFUSED


def test_an_older_key_goes_on_beside_a_new_one_until_its_end(city: City) -> None:
    older = make_department(city)
    newer = add_key(city, older.client_id)
    assert [machine.ask().status_code for machine in (older, newer)] == [200, 200]
    with city.database.transaction() as session:
        ends_at = city.now() + 5 * MINUTE
        assert end_key(session, older.client_id, older.key_id, by="wang", ends_at=ends_at, now=city.now()) is None
    city.clock.move(4 * MINUTE)
    assert read_json(older.ask())["expires_in"] == 60  # no token outlives the key it was asked for with
    assert read_json(newer.ask())["expires_in"] == 600
    city.clock.move(MINUTE)
    assert [refusal(older.ask()), newer.ask().status_code] == [REFUSED, 200]


def call(city: City, headers: dict[str, str]) -> tuple[int, str]:
    """What a call answers that a token of a department opens: 404 for a batch that is not there."""
    return refusal(city.client().get(f"/v1/batches/{uuid4()}", headers=headers))


def check_assertion_is_used_once(city: City) -> None:
    machine = make_department(city)
    assertion = machine.assert_itself()
    assert machine.ask(assertion).status_code == 200
    assert refusal(machine.ask(assertion)) == REFUSED


def check_audience(city: City) -> None:
    machine = make_department(city)
    assert refusal(machine.ask(machine.assert_itself(aud="https://elsewhere.example"))) == REFUSED


def check_ended_key(city: City) -> None:
    machine = make_department(city)
    with city.database.transaction() as session:
        assert end_key(session, machine.client_id, machine.key_id, by="wang", now=city.now()) is None
    assert refusal(machine.ask()) == REFUSED


def check_ended_client(city: City) -> None:
    machine, other = make_department(city), make_department(city)
    headers, others = machine.get_headers(), other.get_headers()
    with city.database.transaction() as session:
        assert end_client(session, machine.client_id, because=Ending.LOST, by="wang", now=city.now()) is None
    assert refusal(machine.ask()) == REFUSED
    assert call(city, headers) == (401, "token_revoked")
    assert call(city, others) == (404, "batch_not_found")


def check_tokens_of_ended_key(city: City) -> None:
    older = make_department(city)
    newer, headers = add_key(city, older.client_id), older.get_headers()
    with city.database.transaction() as session:
        assert end_key(session, older.client_id, older.key_id, by="wang", now=city.now()) is None
    assert call(city, headers) == (401, "token_revoked")
    city.clock.move(timedelta(milliseconds=1))
    assert call(city, newer.get_headers()) == (404, "batch_not_found")


def check_token_of_a_call_that_began_later(city: City) -> None:
    """Who held the client first got a token of a moment after the one at which its end was asked for."""
    machine, began_at = make_department(city), city.now()
    city.clock.move(3 * SECOND)
    headers = machine.get_headers()
    with city.database.transaction() as session:
        assert end_client(session, machine.client_id, because=Ending.LOST, by="wang", now=began_at) is None
    assert call(city, headers) == (401, "token_revoked")


CHECKS = [
    check_assertion_is_used_once,
    check_audience,
    check_ended_key,
    check_ended_client,
    check_tokens_of_ended_key,
    check_token_of_a_call_that_began_later,
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_guard_holds(city: City, check: Callable[[City], None]) -> None:
    check(city)


def accept_every_use(*_: object, **__: object) -> bool:
    return True


def find_any_key(session: Any, client_id: UUID, key_id: str, _now: datetime) -> ClientKeyRow | None:  # noqa: ANN401
    wanted = (ClientKeyRow.client_id == client_id, ClientKeyRow.key_id == key_id)
    row: ClientKeyRow | None = session.scalars(select(ClientKeyRow).where(*wanted)).one_or_none()
    return row


def believe_audience(token: str, keys: Any, expected: Expected, now: datetime) -> dict[str, Any]:  # noqa: ANN401
    claimed = jwt.decode(token, options={"verify_signature": False})["aud"]
    return dict(read_claims(token, keys, replace(expected, audience=claimed), now))


def do_nothing(*_: object, **__: object) -> None:
    return None


PLANTED: list[tuple[str, object, Callable[[City], None]]] = [
    ("backend.clients.tokens.use_assertion", accept_every_use, check_assertion_is_used_once),
    ("backend.gateways.assertions.read_claims", believe_audience, check_audience),
    ("backend.clients.tokens.find_live_key", find_any_key, check_ended_key),
    ("backend.clients.tokens.find_live_key", find_any_key, check_ended_client),
    ("backend.clients.registration.revoke", do_nothing, check_ended_client),
    ("backend.clients.registration.revoke", do_nothing, check_tokens_of_ended_key),
    ("backend.clients.registration.find_last_use", do_nothing, check_token_of_a_call_that_began_later),
]


@pytest.mark.parametrize(("place", "defect", "check"), PLANTED)
def test_a_planted_defect_is_caught(
    city: City, monkeypatch: pytest.MonkeyPatch, place: str, defect: object, check: Callable[[City], None]
) -> None:
    monkeypatch.setattr(place, defect)
    with pytest.raises(AssertionError):
        check(city)


def test_a_department_that_left_the_catalogue_gets_no_token(city: City) -> None:
    machine = make_department(city, "gossip")
    assert refusal(machine.ask()) == REFUSED


def test_an_officer_has_the_scopes_of_his_roles(city: City) -> None:
    officer = make_officer(city, "li", Role.AUDITOR, Role.MECHANIC)
    given = read_json(officer.ask())
    scopes = "clients:read complaints:read exchange:read merchants:read metrics:read proposals:read quality:read"
    assert given["scope"] == f"{scopes} reports:read rules:read samples:read samples:write"
    principal = city.context.tokens.read(given["access_token"], city.now())
    assert (principal.kind, principal.id) == (PrincipalKind.OPERATOR, "li")


def test_who_signs_for_another_locks_himself_out_and_not_the_other(city: City) -> None:
    machine = make_department(city)
    forged = Machine(city, machine.client_id, make_key()).assert_itself(header={"kid": machine.key_id})
    for _ in range(30):
        assert refusal(machine.ask(forged)) == REFUSED
    assert machine.ask().status_code == 200


def test_a_machine_that_repeats_itself_has_to_wait(city: City) -> None:
    machine, other = make_department(city), make_department(city)
    assertion = machine.assert_itself()
    answers = [machine.ask(assertion).status_code for _ in range(12)]
    assert answers == [200, *[401] * 10, 429]
    assert int(machine.ask().headers["Retry-After"]) >= 1
    assert other.ask().status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"grant_type": "password"},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_secret": "x"},
        {"scope": ""},
        {"client_assertion": "no assertion"},
        {"client_assertion": "a.b." + "c" * 5000},
    ],
    ids=str,
)
def test_other_requests_are_invalid(city: City, changes: dict[str, str]) -> None:
    machine = make_department(city)
    assert refusal(machine.ask(**changes)) == (422, "invalid_request")


def test_a_request_is_a_form(city: City) -> None:
    answer = city.client().post("/v1/token", json={"grant_type": "client_credentials"})
    assert refusal(answer) == (415, "unsupported_media_type")
