"""What a partner answers to a notice: only what was asked for counts as done, and nothing else is noted."""

import json
from collections.abc import Callable
from datetime import timedelta

from backend.gateways.city_calls import MessageTag, sign_answer
from backend.gateways.http_calls import HttpAnswer
from backend.gateways.message_signatures import SignableRequest
from backend.gateways.sending import OutgoingCall
from backend.visits.visiting import Visit
from scenarios.treaty import Scope
from tests.backend.exchange.cities import Fate
from tests.backend.exchange.journeys import HOST, Journey
from tests.backend.exchange.reading import count, read_id, read_rows
from tests.backend.exchange.visitors import let_tell


def say(journey: Journey, done: object, status: int = 200) -> Fate:
    """The fate of a notice to which the host says, properly signed, that it has done something else."""

    def answer(call: OutgoingCall, arrive: Callable[[], HttpAnswer]) -> HttpAnswer:
        document = {**json.loads(arrive().content), "done": done}
        keys, now = journey.host.context.exchange_keys, journey.cities.now()
        assert keys is not None
        request = SignableRequest(method="POST", url=call.url, headers=call.headers, body=call.body or b"")
        body = json.dumps(document).encode()
        signed = sign_answer(request, tag=MessageTag.NOTICE, status=status, body=body, keys=keys, now=now)
        return HttpAnswer(status, signed.body, {name.lower(): value for name, value in signed.headers.items()})

    return answer


def test_what_confirms_nothing_is_sent_again_and_no_more_is_noted_than_was_named(journey: Journey) -> None:
    home = journey.home
    named = journey.ask()
    let_tell(home, journey.at_home, HOST, Scope.LEVEL)
    other = journey.ask(Scope.LEVEL)
    assert isinstance(named, Visit)
    assert isinstance(other, Visit)
    journey.withdraw()
    mine = str(named.question_id)
    for done, status, fault in (
        ({"deleted": 7}, 200, "unusable"),
        ({"deleted": [mine, {}]}, 200, "unusable"),
        ({"deleted": {mine: 1}}, 200, "unusable"),
        ({"deleted": [mine, "and more"]}, 200, "unusable"),
        ({"deleted": [mine, "\0"]}, 200, "unusable"),
        ({"deleted": [mine, "\ud800"]}, 200, "unusable"),
        ({"deleted": [mine], "more": float("nan")}, 200, "unusable"),
        ([], 200, "unusable"),
        ({"deleted": []}, 200, "not_deleted"),
        ({"deleted": [mine]}, 422, "refused"),
    ):
        journey.network.fate = say(journey, done, status)
        assert journey.deliver() == 0
        [waiting] = read_rows(home.database, "SELECT fault, lease FROM exchange_notice")
        assert dict(waiting) == {"fault": fault, "lease": None}, done
        journey.cities.clock.move(timedelta(seconds=31))
    assert journey.deliver() == 0  # one that is refused waits longer: as long again, and a minute at least
    journey.cities.clock.move(timedelta(minutes=10))
    assert count(home.database, "exchange_message", "direction = 'in' AND status = 422") == 1
    assert count(home.database, "disclosure", "deleted_at IS NOT NULL") == 0
    journey.network.fate = say(journey, {"deleted": [mine, str(other.question_id)]})
    assert journey.deliver() == 1
    deleted = read_rows(home.database, "SELECT question_id FROM disclosure WHERE deleted_at IS NOT NULL")
    assert [read_id(row["question_id"]) for row in deleted] == [named.question_id]
