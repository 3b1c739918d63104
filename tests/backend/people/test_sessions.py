from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from backend.people import sessions
from backend.people.session_tables import SignInSessionRow, find_session
from backend.people.sessions import Ending, Issuers, Method, end_session, open_session, refresh_session
from backend.web.problems import ProblemCode, Refusal
from tests.backend.city import City, make_person, make_resident_id, read_json
from tests.backend.people.signing_in import headers_of, list_sessions, outcome, refresh, session_of, sign_in

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
REFUSED = (401, "refresh_refused")
REVOKED = (401, "token_revoked")


def test_signing_in_opens_a_session_with_two_tokens(city: City) -> None:
    person = make_person()
    tokens = sign_in(city, person, device="华为手机")
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (900, 30 * 86_400)
    principal = city.context.tokens.read(tokens["access_token"], city.now())
    assert principal.proven_at == city.now()
    assert list_sessions(city, tokens) == [
        {
            "session_id": str(principal.session),
            "method": "ticket",
            "device": "华为手机",
            "opened_at": "2026-11-22T04:00:00Z",
            "last_used_at": "2026-11-22T04:00:00Z",
            "expires_at": "2026-12-22T04:00:00Z",
            "ended_at": None,
            "ended_because": None,
            "is_current": True,
        }
    ]


def test_a_refresh_token_is_exchanged_for_the_next_one(city: City) -> None:
    first = sign_in(city, make_person())
    city.clock.move(20 * MINUTE)
    assert outcome(city.client().get("/v1/account", headers=headers_of(first))) == (401, "token_expired")
    second = read_json(refresh(city, first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert second["status"] == "not_enrolled"
    assert city.client().get("/v1/account", headers=headers_of(second)).status_code == 200
    third = read_json(refresh(city, second["refresh_token"]))
    assert session_of(city, third) == session_of(city, second)
    assert city.context.tokens.read(third["access_token"], city.now()).proven_at == city.now() - 20 * MINUTE


@pytest.mark.parametrize(("late", "is_same"), [(0 * SECOND, True), (10 * SECOND, True), (11 * SECOND, False)])
def test_a_repeat_gets_the_same_next_token_for_ten_seconds(city: City, *, late: timedelta, is_same: bool) -> None:
    first = sign_in(city, make_person())
    second = read_json(refresh(city, first["refresh_token"]))
    city.clock.move(late)
    repeated = refresh(city, first["refresh_token"])
    if is_same:
        assert read_json(repeated)["refresh_token"] == second["refresh_token"]
        assert refresh(city, second["refresh_token"]).status_code == 200
    else:
        assert outcome(repeated) == REFUSED
        assert outcome(refresh(city, second["refresh_token"])) == REFUSED


def test_reuse_ends_the_session_and_its_access_tokens_and_the_person_sees_it(city: City) -> None:
    person = make_person()
    stolen, other = sign_in(city, person), sign_in(city, person)
    thief = read_json(refresh(city, stolen["refresh_token"]))
    city.clock.move(MINUTE)
    assert outcome(refresh(city, stolen["refresh_token"])) == REFUSED
    for tokens in (stolen, thief):
        assert outcome(city.client().get("/v1/account", headers=headers_of(tokens))) == REVOKED
        assert outcome(refresh(city, tokens["refresh_token"])) == REFUSED
    ended = {item["session_id"]: item["ended_because"] for item in list_sessions(city, other)}
    assert ended == {str(session_of(city, stolen)): "reused", str(session_of(city, other)): None}


def test_a_token_two_generations_old_is_reuse_at_once(city: City) -> None:
    first = sign_in(city, make_person())
    second = read_json(refresh(city, first["refresh_token"]))
    third = read_json(refresh(city, second["refresh_token"]))
    assert outcome(refresh(city, first["refresh_token"])) == REFUSED
    assert outcome(refresh(city, third["refresh_token"])) == REFUSED


def test_a_token_of_a_generation_that_is_not_there_yet_is_refused_and_ends_nothing(city: City) -> None:
    """As after a database was put back to an earlier moment."""
    first = sign_in(city, make_person())
    second = read_json(refresh(city, first["refresh_token"]))
    with city.database.transaction() as session:
        session.execute(update(SignInSessionRow).values(generation=1))
    assert outcome(refresh(city, second["refresh_token"])) == REFUSED
    assert refresh(city, first["refresh_token"]).status_code == 200


@pytest.mark.parametrize(("idle", "expected"), [(30 * DAY - SECOND, 200), (30 * DAY, 401)])
def test_a_session_ends_after_thirty_idle_days(city: City, idle: timedelta, expected: int) -> None:
    tokens = sign_in(city, make_person())
    city.clock.move(idle)
    assert refresh(city, tokens["refresh_token"]).status_code == expected


def test_a_session_ends_after_ninety_days_however_busy(city: City) -> None:
    tokens = sign_in(city, make_person())
    for remaining in (30, 30, 15):
        city.clock.move(25 * DAY)
        tokens = read_json(refresh(city, tokens["refresh_token"]))
        assert tokens["refresh_expires_in"] == remaining * 86_400
    city.clock.move(15 * DAY)
    assert outcome(refresh(city, tokens["refresh_token"])) == REFUSED


@pytest.mark.parametrize("token", ["x", "sdr1.a.b.1.k1.c", "sdr1." + "0" * 190])
def test_what_is_no_refresh_token_is_refused(city: City, token: str) -> None:
    assert outcome(refresh(city, token)) == REFUSED


def test_a_token_of_a_session_that_is_not_there_or_is_another_persons_is_refused(city: City) -> None:
    tokens = city.context.refresh_tokens
    claim = tokens.read(sign_in(city, make_person())["refresh_token"])
    assert claim is not None
    for changed in (replace(claim, session_id=uuid4()), replace(claim, subject_id=city.know(make_person()))):
        assert outcome(refresh(city, tokens.write(changed))) == REFUSED
    assert refresh(city, tokens.write(claim)).status_code == 200


def test_who_fails_too_often_has_to_wait_even_with_a_good_token(city: City) -> None:
    good = sign_in(city, make_person())
    answers = [refresh(city, f"x{number}").status_code for number in range(100)]
    assert set(answers) == {401}
    answer = refresh(city, good["refresh_token"])
    assert outcome(answer) == (429, "too_many_attempts")
    assert int(answer.headers["Retry-After"]) >= 1


CROWD = 64


def refresh_at_once(city: City, token: str) -> list[object]:
    """What 64 calls at the same moment get for one refresh token: a next token, or a refusal."""
    issuers = Issuers(city.context.tokens, city.context.refresh_tokens)
    together = Barrier(CROWD)

    def call(_: int) -> object:
        together.wait()
        with city.database.transaction() as session:
            found = refresh_session(session, token, issuers=issuers, now=city.now())
        return found.code if isinstance(found, Refusal) else found.refresh_token

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(call, range(CROWD)))


def test_of_64_calls_with_one_token_one_takes_the_step_and_all_get_the_same(city: City) -> None:
    tokens = sign_in(city, make_person())
    answers = refresh_at_once(city, tokens["refresh_token"])
    assert len(set(answers)) == 1
    claim = city.context.refresh_tokens.read(str(answers[0]))
    assert claim is not None
    assert claim.generation == 2
    with city.database.reading() as session:
        row = find_session(session, claim.subject_id, claim.session_id)
        assert row is not None
        assert (row.generation, row.ended_at) == (2, None)


def test_of_64_calls_with_an_old_token_all_are_refused_and_the_session_is_over(city: City) -> None:
    tokens = sign_in(city, make_person())
    refresh(city, tokens["refresh_token"])
    city.clock.move(MINUTE)
    assert set(refresh_at_once(city, tokens["refresh_token"])) == {ProblemCode.REFRESH_REFUSED}


def raise_unguarded(session: object, subject_id: UUID, session_id: UUID, *, generation: int, **changes: object) -> bool:
    """The planted defect: the step is taken without a look at whether somebody else took it."""
    del subject_id, generation
    wanted = update(SignInSessionRow).where(SignInSessionRow.session_id == session_id)
    values = {"generation": SignInSessionRow.generation + 1, "used_at": changes["now"]}
    session.execute(wanted.values(values))  # type: ignore[attr-defined]  # any session will do
    return True


def test_without_the_guard_the_step_would_be_taken_more_than_once(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = sign_in(city, make_person())
    monkeypatch.setattr(sessions, "raise_generation", raise_unguarded)
    refresh_at_once(city, tokens["refresh_token"])
    claim = city.context.refresh_tokens.read(tokens["refresh_token"])
    assert claim is not None
    with city.database.reading() as session:
        row = find_session(session, claim.subject_id, claim.session_id)
        assert row is not None
        assert row.generation > 2


def test_a_refresh_that_began_before_the_end_does_not_undo_it(city: City) -> None:
    tokens = sign_in(city, make_person())
    issuers = Issuers(city.context.tokens, city.context.refresh_tokens)
    claim = issuers.refresh.read(tokens["refresh_token"])
    assert claim is not None
    with city.database.transaction() as session:
        end_session(session, claim.subject_id, claim.session_id, because=Ending.SIGNED_OUT, now=city.now() + SECOND)
    with city.database.transaction() as session:
        found = refresh_session(session, tokens["refresh_token"], issuers=issuers, now=city.now())
    assert found == Refusal(ProblemCode.REFRESH_REFUSED)


def test_a_token_issued_while_the_session_ended_is_revoked_too(city: City) -> None:
    """The end was decided at a moment before the token's, and written after it."""
    tokens = sign_in(city, make_person())
    city.clock.move(SECOND)
    later = read_json(refresh(city, tokens["refresh_token"]))
    claim = city.context.refresh_tokens.read(later["refresh_token"])
    assert claim is not None
    with city.database.transaction() as session:
        end_session(session, claim.subject_id, claim.session_id, because=Ending.SIGNED_OUT, now=city.now() - SECOND)
    assert outcome(city.client().get("/v1/account", headers=headers_of(later))) == REVOKED


def test_one_session_is_signed_out_and_the_others_stay(city: City) -> None:
    person = make_person()
    phone, tablet = sign_in(city, person, device="phone"), sign_in(city, person, device="tablet")
    path = f"/v1/sessions/{session_of(city, phone)}"
    for _ in range(2):  # a repeat does no harm
        assert city.client().delete(path, headers=headers_of(tablet)).status_code == 204
    assert outcome(city.client().get("/v1/account", headers=headers_of(phone))) == REVOKED
    assert outcome(refresh(city, phone["refresh_token"])) == REFUSED
    shown = {item["device"]: (item["ended_because"], item["is_current"]) for item in list_sessions(city, tablet)}
    assert shown == {"phone": ("signed_out", False), "tablet": (None, True)}


def test_nobody_ends_or_sees_the_session_of_another(city: City) -> None:
    mine, other = sign_in(city, make_person()), sign_in(city, make_person())
    for session_id in (session_of(city, other), uuid4()):
        answer = city.client().delete(f"/v1/sessions/{session_id}", headers=headers_of(mine))
        assert outcome(answer) == (404, "session_not_found")
    assert refresh(city, other["refresh_token"]).status_code == 200
    assert [item["session_id"] for item in list_sessions(city, mine)] == [str(session_of(city, mine))]


def test_signing_out_everywhere_ends_all_sessions_and_tokens_of_the_person_alone(city: City) -> None:
    person = make_person()
    phone, tablet, stranger = sign_in(city, person), sign_in(city, person), sign_in(city, make_person())
    without_session = city.citizen(city.know(person))
    assert city.client().delete("/v1/sessions", headers=headers_of(phone)).status_code == 204
    for headers in (headers_of(phone), headers_of(tablet), without_session):
        assert outcome(city.client().get("/v1/account", headers=headers)) == REVOKED
    for tokens in (phone, tablet):
        assert outcome(refresh(city, tokens["refresh_token"])) == REFUSED
    assert city.client().get("/v1/account", headers=headers_of(stranger)).status_code == 200
    city.clock.move(SECOND)
    again = sign_in(city, person)
    assert [item["ended_because"] for item in list_sessions(city, again)] == [None, *["signed_out_everywhere"] * 2]


def test_a_session_goes_on_with_a_fresh_proof(city: City) -> None:
    person = make_person()
    first = sign_in(city, person, device="phone")
    city.clock.move(20 * MINUTE)
    proven = sign_in(city, person, refresh_token=first["refresh_token"])
    principal = city.context.tokens.read(proven["access_token"], city.now())
    assert principal.proven_at == city.now()
    (shown,) = list_sessions(city, proven)
    assert (shown["session_id"], shown["device"]) == (str(principal.session), "phone")
    later = read_json(refresh(city, proven["refresh_token"]))
    assert city.context.tokens.read(later["access_token"], city.now()).proven_at == city.now()
    assert city.client().delete("/v1/account", headers=headers_of(proven)).status_code == 404  # fresh, not enrolled


def test_no_session_goes_on_under_another_name_or_after_its_end(city: City) -> None:
    person, other = make_person(), make_person()
    of_other = sign_in(city, other)
    mine = sign_in(city, person, refresh_token=of_other["refresh_token"])
    assert session_of(city, mine) != session_of(city, of_other)
    assert refresh(city, of_other["refresh_token"]).status_code == 200
    city.client().delete(f"/v1/sessions/{session_of(city, mine)}", headers=headers_of(mine))
    city.clock.move(SECOND)
    for shown in (mine["refresh_token"], "nonsense"):
        assert session_of(city, sign_in(city, person, refresh_token=shown)) != session_of(city, mine)


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/account"), ("DELETE", "/v1/account")])
def test_sensitive_acts_need_a_proof_of_the_last_five_minutes(city: City, method: str, path: str) -> None:
    tokens = sign_in(city, make_person())
    city.clock.move(5 * MINUTE)
    headers = {**headers_of(tokens), "Idempotency-Key": "key-00001"}
    body = {"agreement_version": "2026-01", "consent": {"score": True}} if method == "POST" else None
    answer = city.client().open(path, method=method, headers=headers, json=body)
    assert outcome(answer) == (403, "step_up_needed")
    refreshed = {**headers, **headers_of(read_json(refresh(city, tokens["refresh_token"])))}
    answer = city.client().open(path, method=method, headers=refreshed, json=body)
    assert outcome(answer) == (403, "step_up_needed")


def test_a_device_is_not_named_by_an_identity_number(city: City) -> None:
    ticket = city.issue_ticket(make_person())
    for device in (f"phone of {make_resident_id()}", "x" * 61):
        answer = city.client().post("/v1/sign-in", json={"ticket": ticket, "device": device})
        assert outcome(answer) == (422, "invalid_request")


def test_at_most_a_hundred_sessions_are_shown_the_newest_first(city: City) -> None:
    subject_id = city.know(make_person())
    issuers = Issuers(city.context.tokens, city.context.refresh_tokens)
    with city.database.transaction() as session:
        for number in range(103):
            open_session(
                session,
                subject_id,
                method=Method.TICKET,
                device=str(number),
                proven_at=None,
                issuers=issuers,
                now=city.now(),
            )
    answer = city.client().get("/v1/sessions", headers=city.citizen(subject_id))
    assert [item["device"] for item in read_json(answer)["items"]] == [str(number) for number in range(102, 2, -1)]
