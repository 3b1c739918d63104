"""Of notices that count by the moment at which they were left none is taken before its time."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from backend.clock import format_moment
from backend.gateways.city_calls import MessageTag
from backend.visits.visiting import Visit
from tests.backend.exchange.journeys import FEW, HOME, Journey
from tests.backend.exchange.reading import dump
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
