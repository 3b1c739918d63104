"""Who calls us: known by keys of today, learnt when they change, and nobody's word once a city has ended."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from backend.context import Context
from backend.gateways.city_calls import MessageTag
from backend.gateways.http_calls import CallFailedError, CallFault, HttpAnswer
from backend.gateways.message_signatures import SignableResponse, SignatureFault, SignatureRefusedError, verify_message
from backend.gateways.sending import OutgoingCall
from backend.gateways.signed_claims import KeySetError
from backend.partners.callers import BELIEVED_FOR, CityCallers
from backend.partners.city_keys import (
    LEARNT_EVERY,
    find_sealing_key,
    find_signing_keys,
    learn_keys,
    list_all_keys,
    note_own_keys,
    refresh_keys,
    store_keys,
)
from backend.partners.partners import end_partner
from backend.storage.database import Database
from backend.web.problems import Problem, ProblemCode
from backend.web.signed_calls import SignedCall
from tests.backend.partners.cities import NOON, OUR_URL, OURS, THEIRS, Pair
from tests.backend.web.probe import make_test_context

URL = f"{OUR_URL}/exchange/v1/questions"
TAG = MessageTag.QUESTION


@dataclass
class Gate:
    """Our side of a call by the partner."""

    pair: Pair
    context: Context
    callers: CityCallers

    def call(self, *, city: str = THEIRS, tag: MessageTag = TAG, step: timedelta = timedelta(0)) -> object:
        """What becomes of a call of the partner that is signed now."""
        call = self.pair.them.ask(URL, TAG, {"question_id": "1"}, NOON + step)
        found = self.callers.identify(city, call, tag=tag, now=NOON + step)
        return found.principal.id if isinstance(found, SignedCall) else found


@pytest.fixture
def gate(sqlite_database: Database, sqlite_url: str) -> Iterator[Gate]:
    """A partner that is registered, and whoever identifies it."""
    pair = Pair()
    with sqlite_database.transaction() as session:
        pair.meet(session)
    context = replace(make_test_context(sqlite_url), exchange_keys=pair.us.keys)
    yield Gate(pair, context, CityCallers(context, send=pair.send))
    context.database.dispose()


def test_a_partner_is_known_by_its_keys_and_answered_with_ours(gate: Gate) -> None:
    call = gate.pair.them.ask(URL, TAG, {"question_id": "1"})
    found = gate.callers.identify(THEIRS, call, tag=TAG, now=NOON)
    assert isinstance(found, SignedCall)
    assert (found.principal.id, found.principal.kind, found.tag) == (THEIRS, "partner_city", TAG)
    headers = {"Content-Type": "application/json"}
    signed = gate.callers.sign(found, status=422, headers=headers, body=b"{}", now=NOON)
    answer = SignableResponse(status_code=422, request=call, headers=signed, body=b"{}")
    keys, tag, covered = gate.pair.us.list_public(), MessageTag.ANSWER, ("content-type",)
    verify_message(answer, keys=keys, tag=tag, covered=covered, now=NOON)
    with pytest.raises(SignatureRefusedError):
        verify_message(replace(answer, status_code=200), keys=keys, tag=tag, covered=covered, now=NOON)
    assert gate.pair.fetched == 0


def test_what_no_partner_has_signed_for_this_is_nobodys(gate: Gate) -> None:
    assert gate.call(tag=MessageTag.NOTICE) is SignatureFault.REFUSED
    assert gate.call(city="nanjing") is SignatureFault.UNKNOWN_KEY
    assert gate.call(city=OURS) is SignatureFault.UNKNOWN_KEY
    assert gate.pair.fetched == 0
    call = gate.pair.them.ask(URL, TAG, {"question_id": "1"})
    for changed in (
        replace(call, body=b"{}"),
        replace(call, url=f"{URL}?x=1"),
        replace(call, headers={**call.headers, "Exchange-City": "nanjing"}),
        replace(call, headers={**call.headers, "Content-Type": "text/plain"}),
    ):
        assert gate.callers.identify(THEIRS, changed, tag=TAG, now=NOON) is SignatureFault.REFUSED


def test_a_rotated_key_is_learnt_with_one_look(gate: Gate) -> None:
    assert gate.call() == THEIRS
    gate.pair.them.rotate()
    assert [gate.call(), gate.pair.fetched] == [THEIRS, 1]
    gate.pair.them.rotate()  # strangers with new keys set off no storm of looks
    assert [gate.call(step=timedelta(seconds=1)), gate.pair.fetched] == [SignatureFault.UNKNOWN_KEY, 1]
    assert [gate.call(step=LEARNT_EVERY), gate.pair.fetched] == [THEIRS, 2]
    with gate.context.database.reading() as session:
        keys = list_all_keys(session, THEIRS)
        current = {key.key_id for key in keys if key.is_current}
        assert (len(keys), len(current)) == (6, 2)  # those of the past are kept
        sealing = find_sealing_key(session, THEIRS)
        assert sealing is not None
        assert {*find_signing_keys(session, THEIRS), sealing.key_id} == current


def test_a_key_that_is_shown_no_more_proves_nothing_within_the_hour(gate: Gate) -> None:
    database, hour = gate.context.database, timedelta(hours=1)
    stolen = Pair(them=replace(gate.pair.them))
    gate.pair.them.rotate()
    assert refresh_keys(database, now=NOON + hour - LEARNT_EVERY, send=gate.pair.send) == 0
    assert Gate(stolen, gate.context, gate.callers).call() == THEIRS
    assert refresh_keys(database, now=NOON + hour, send=gate.pair.send) == 1
    assert Gate(stolen, gate.context, gate.callers).call(step=hour) is SignatureFault.UNKNOWN_KEY
    assert gate.call(step=hour) == THEIRS


def test_an_ended_partner_is_nobody_within_seconds(gate: Gate) -> None:
    assert gate.call() == THEIRS
    with gate.context.database.transaction() as session:
        end_partner(session, THEIRS, by="zhao", because="合作终止", now=NOON)
    assert gate.call(step=BELIEVED_FOR) is SignatureFault.UNKNOWN_KEY
    assert gate.pair.fetched == 0


def test_a_city_without_keys_takes_no_part(gate: Gate) -> None:
    callers = CityCallers(replace(gate.context, exchange_keys=None), send=gate.pair.send)
    with pytest.raises(Problem) as off:
        callers.identify(THEIRS, gate.pair.them.ask(URL, TAG, {}), tag=TAG, now=NOON)
    assert off.value.refusal.code is ProblemCode.EXCHANGE_OFF


def test_keys_that_cannot_be_had_or_are_others_change_nothing(database: Database) -> None:
    pair, others = Pair(), Pair()

    def fail(_: OutgoingCall) -> HttpAnswer:
        raise CallFailedError("nobody is there", CallFault.TOO_SLOW)

    with database.transaction() as session:
        pair.meet(session)
        note_own_keys(session, OURS, pair.us.keys, now=NOON)
        known = list_all_keys(session)
        assert {key.city for key in known} == {OURS, THEIRS}
    same_id = pair.them.write_jwks().replace(pair.them.held[0].describe()["x"], others.them.held[0].describe()["x"])
    same_id = same_id.replace(pair.them.held[0].describe()["y"], others.them.held[0].describe()["y"])
    answers = [
        fail,
        lambda _: HttpAnswer(404, b""),
        lambda _: HttpAnswer(200, b"{"),
        lambda _: HttpAnswer(200, b"\xff"),
    ]
    answers.append(lambda _: HttpAnswer(200, same_id.encode()))
    for turn, send in enumerate(answers):
        assert not learn_keys(database, pair.partner, now=NOON + turn * LEARNT_EVERY, send=send)
    with pytest.raises(KeySetError, match="another key than before"), database.transaction() as session:
        store_keys(session, THEIRS, same_id, now=NOON)
    with database.reading() as session:
        assert list_all_keys(session) == known
