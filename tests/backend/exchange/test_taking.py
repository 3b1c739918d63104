"""Of notices that count by the moment at which they were left none is taken before its time."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from backend.clock import format_moment
from backend.gateways.city_calls import MessageTag
from backend.partners.notices import NoticeKind, leave_notice
from backend.partners.purging import TAKEN_KEPT_FOR, purge_taken
from backend.storage.identifiers import new_id
from backend.visits.endings import settle_withdrawals
from backend.visits.visiting import Visit
from tests.backend.exchange.journeys import ALL, FEW, HOME, HOST, Journey
from tests.backend.exchange.reading import dump, read_rows
from tests.backend.exchange.tampering import read_call, sign_anew, write_call
from tests.backend.exchange.test_door import leave_out_messages

Document = dict[str, Any]


def test_a_correction_counts_though_the_clock_was_set_back_before_it(journey: Journey) -> None:
    assert isinstance(journey.ask(), Visit)
    """It was left after the one before it; and until that moment has come it is not taken."""
    for points, slip, is_taken in ((720, 4000, 1), (650, -3900, 0)):
        journey.cities.clock.move(timedelta(seconds=slip))
        journey.rescore(points)
        assert journey.deliver() == is_taken
    journey.cities.clock.move(timedelta(seconds=3900))
    assert (journey.deliver(), journey.count_believed()) == (1, FEW)


def test_no_word_from_ahead_shuts_out_those_that_come_later(journey: Journey) -> None:
    """Five seconds ahead is taken, and no more; a withdrawal needs no moment, so it is never put off."""
    assert isinstance(journey.ask(), Visit)
    journey.rescore(650)
    notice = read_call(journey.catch_notice())
    document, database = json.loads(notice.body), journey.host.database
    treaty = {"treaty_id": "hangzhou-zhengzhou", "version": "2026.1"}
    contents = {"corrected": document["content"], "suspended": treaty, "resumed": treaty}

    def send(kind: str, content: Document, left_at: str) -> tuple[int, str | None]:
        told = {**document, "notice_id": str(uuid4()), "kind": kind, "content": content, "left_at": left_at}
        changed = replace(notice, body=json.dumps(told).encode())
        signers = journey.sign_for(HOME, MessageTag.NOTICE)
        answer = journey.network.arrive(write_call(sign_anew(changed, signers)))
        return answer.status, json.loads(answer.content).get("code")

    before = leave_out_messages(dump(database))
    for ahead in (timedelta(days=26000), timedelta(seconds=6)):
        for kind, content in contents.items():
            refused = send(kind, content, format_moment(journey.cities.now() + ahead))
            assert refused == (422, "notice_from_ahead"), kind
    assert leave_out_messages(dump(database)) == before
    soon = format_moment(journey.cities.now() + timedelta(seconds=5))
    assert send("corrected", document["content"], soon) == (200, None)
    assert journey.count_believed() == FEW
    gone = {"question_ids": [document["content"]["question_id"]]}
    assert (send("withdrawn", gone, "2099-01-01T00:00:00Z"), journey.count_believed()) == ((200, None), 0)


def test_what_is_taken_back_of_several_people_ends_person_by_person(hosted: Journey) -> None:
    """Cities of this software name one person in a notice; of another's, nothing is confirmed before all has ended."""
    visitors = [hosted, *(Journey(hosted.cities) for _ in range(3))]
    asked = [visitor.ask() for visitor in visitors]
    named = [str(visit.question_id) for visit in asked if isinstance(visit, Visit)]
    with hosted.home.database.transaction() as session:
        told: Document = {"partner": HOST, "kind": NoticeKind.WITHDRAWN, "about": None, "subject_id": None}
        leave_notice(session, **told, content={"question_ids": named}, now=hosted.cities.now())
        other = str(new_id(hosted.cities.now()))
        leave_notice(session, **told, content={"question_ids": [other]}, now=hosted.cities.now())

    def deliver() -> tuple[int, list[int]]:
        confirmed = hosted.deliver()
        hosted.cities.clock.move(timedelta(seconds=31))
        return confirmed, sorted(visitor.count_believed() for visitor in visitors)

    assert deliver() == (1, [0, ALL, ALL, ALL])  # the other notice, which does not wait for this one
    [waiting] = read_rows(hosted.home.database, "SELECT fault FROM exchange_notice WHERE confirmed_at IS NULL")
    assert waiting["fault"] == "not_yet_not_all_ended"
    assert deliver() == (0, [0, 0, ALL, ALL])
    assert settle_withdrawals(hosted.host.database, now=hosted.cities.now()) == 3
    assert deliver() == (1, [0, 0, 0, 0])
    assert settle_withdrawals(hosted.host.database, now=hosted.cities.now()) == 0


def test_a_notice_that_comes_again_after_it_was_forgotten_does_no_harm(journey: Journey) -> None:
    """Its signature is new, as at each attempt; a correction that was put right since comes too late."""
    assert isinstance(journey.ask(), Visit)
    signers, database = journey.sign_for(HOME, MessageTag.NOTICE), journey.host.database
    journey.rescore(720)
    notice = read_call(journey.catch_notice())
    document = json.loads(notice.body)
    told, left_at = document["content"], format_moment(journey.cities.now())
    fewer = {**told, "content": {"entitlements": told["content"]["entitlements"][:FEW]}}
    withdrawal = {"kind": "withdrawn", "content": {"question_ids": [told["question_id"]]}}
    changes: list[Document] = [{}, {"content": fewer, "left_at": left_at}, withdrawal]
    documents = [{**document, "notice_id": str(uuid4()), **each} for each in changes]

    def arrive(number: int) -> tuple[int, int]:
        changed = replace(notice, body=json.dumps(documents[number]).encode())
        answer = journey.network.arrive(write_call(sign_anew(changed, signers)))
        return answer.status, journey.count_believed()

    def forget(after: timedelta) -> int:
        with database.transaction() as session:
            return purge_taken(session, journey.cities.now() + after, limit=10)

    assert [arrive(0)[1] > FEW, arrive(1)] == [True, (200, FEW)]
    assert [forget(TAKEN_KEPT_FOR - timedelta(seconds=2)), forget(TAKEN_KEPT_FOR)] == [0, 2]
    assert [arrive(0), arrive(1), arrive(2)] == [(200, FEW), (200, FEW), (200, 0)]
    assert forget(TAKEN_KEPT_FOR) == 3
    assert [arrive(number) for number in (2, 1, 0)] == [(200, 0)] * 3
