"""What was used away is shown once, as it stood last, in whatever order it came; and what is kept has an end."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.clock import format_moment
from backend.disclosures import uses
from backend.disclosures.consents import withdraw_consent
from backend.disclosures.purging import purge_answered, purge_counts, purge_disclosures, purge_uses
from backend.disclosures.uses import take_use
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Scope
from tests.backend.city import City
from tests.backend.disclosures.asking import HANGZHOU, NANJING, consent, make_question, put
from tests.backend.disclosures.test_answering import settle_in
from tests.backend.disclosures.test_consents import get
from tests.databases import count_rows, run_sql

STATES = ("reserved", "in_use", "completed")


def write_use(question_id: UUID, use_id: UUID, step: int) -> dict[str, Any]:
    """What a city reports of one step of a use."""
    return {
        "question_id": str(question_id),
        "use_id": str(use_id),
        "scenario": "medical_credit",
        "title": "先诊疗后付费",
        "place": "西湖医院",
        "state": STATES[step - 1],
        "step": step,
        "happened_at": f"2026-11-22T0{4 + step}:00:00Z",
    }


def take(city: City, content: dict[str, Any], partner: str = HANGZHOU) -> object:
    with city.database.transaction() as session:
        return take_use(session, partner, content, now=city.now())


def report_in(city: City, question_id: UUID, steps: Sequence[int]) -> UUID:
    use_id = uuid4()
    for step in steps:
        assert take(city, write_use(question_id, use_id, step)) == {"known": True}
    return use_id


def test_the_last_step_is_shown_whatever_the_order(city: City) -> None:
    person, subject_id = settle_in(city, Scope.ENTITLEMENT)
    question = make_question(city, person.id_number)
    put(city, question)
    city.clock.move(timedelta(hours=4))
    for steps in permutations((1, 2, 3, 2)):
        report_in(city, question.question_id, steps)
    uses = get(city, subject_id, "uses?limit=100")["items"]
    shown = {(use["state"], use["state_text"], use["happened_at"]) for use in uses}
    assert shown == {("completed", "已办结", "2026-11-22T07:00:00Z")}
    assert len(uses) == 24
    use_id = UUID(uses[0]["use_id"])
    assert take(city, write_use(question.question_id, use_id, 3), NANJING) == {"known": False}
    assert take(city, write_use(uuid4(), uuid4(), 1)) == {"known": False}
    untold = write_use(question.question_id, uuid4(), 1) | {"scenario": "library_deposit"}
    assert take(city, untold) == {"known": False}
    assert len(get(city, subject_id, "uses?limit=100")["items"]) == 24


@pytest.mark.parametrize(
    "changes",
    [
        {"step": 0},
        {"step": "1"},
        {"use_id": "x"},
        {"title": ""},
        {"place": "x" * 201},
        {"place": "西湖医院 www.example"},
        {"title": "先诊疗\u202e后付费"},
        {"happened_at": "now"},
        {"state": "stolen"},
    ],
)
def test_a_use_that_cannot_be_read_is_refused(town: City, changes: dict[str, object]) -> None:
    assert take(town, write_use(uuid4(), uuid4(), 1) | changes) == Refusal(ProblemCode.QUESTION_REFUSED)


WITHIN, AT_THE_END = timedelta(hours=1), timedelta(hours=72)
BEFORE, HIRED, YEARS = -timedelta(days=1), timedelta(hours=72, days=457), timedelta(hours=72, days=3 * 366)
INSTANT = timedelta(seconds=1)
TIMES = [
    (BEFORE, 1, "reserved", True),
    (BEFORE - INSTANT, 2, "in_use", False),
    (AT_THE_END, 1, "completed", True),
    (AT_THE_END + INSTANT, 1, "completed", False),
    (AT_THE_END + INSTANT, 2, "reserved", False),
    (AT_THE_END + INSTANT, 2, "in_use", True),
    (HIRED, 9, "settled", True),
    (HIRED + INSTANT, 9, "settled", False),
]


def test_a_use_fits_in_the_time_of_what_was_told(town: City) -> None:
    """From a day before it was told, for clocks that are wrong; begun before its end; and never what is yet to be."""
    person, _ = settle_in(town, Scope.ENTITLEMENT)
    question = make_question(town, person.id_number)
    told_at = town.now()
    put(town, question)
    early = write_use(question.question_id, uuid4(), 1) | {"happened_at": format_moment(told_at + 6 * INSTANT)}
    assert take(town, early) == Refusal(ProblemCode.NOTICE_FROM_AHEAD)
    town.clock.move(INSTANT)
    assert take(town, early) == {"known": True}
    town.clock.move(timedelta(days=4000))
    for after, step, state, is_known in TIMES:
        changes = {"step": step, "state": state, "happened_at": format_moment(told_at + after)}
        use = write_use(question.question_id, uuid4(), 1) | changes
        assert take(town, use) == {"known": is_known}, changes
    assert count_rows(town.database, "used_away") == 1 + sum(is_known for *_, is_known in TIMES)
    for after, is_known in ((YEARS, True), (YEARS + INSTANT, False)):  # of one that was seen to begin
        changes = {"step": 9, "state": "settled", "happened_at": format_moment(told_at + after)}
        assert take(town, early | changes) == {"known": is_known}
    run_sql(town.database, "UPDATE disclosure SET until = told_at, corrected_at = told_at")  # put right at once
    late = write_use(question.question_id, uuid4(), 1) | {"happened_at": format_moment(told_at + AT_THE_END)}
    assert take(town, late) == {"known": True}


def test_nothing_begins_by_what_was_ended(town: City) -> None:
    """Once that city must have heard of it; whether it has confirmed it or not, and whatever step comes first."""
    person, subject_id = settle_in(town)
    consent_id = consent(town, subject_id)
    question = make_question(town, person.id_number)
    put(town, question)
    ended_at = town.now()
    with town.database.transaction() as session:
        assert not isinstance(withdraw_consent(session, subject_id, consent_id, now=ended_at), Refusal)
    day = timedelta(days=1)
    town.clock.move(800 * day)
    for after, step, state, is_known in (
        (day, 1, "reserved", True),
        (day + INSTANT, 1, "reserved", False),
        (day + INSTANT, 2, "in_use", True),
        (458 * day, 2, "in_use", True),
        (458 * day + INSTANT, 2, "in_use", False),
        (800 * day, 2, "in_use", False),
    ):
        changes = {"step": step, "state": state, "happened_at": format_moment(ended_at + after)}
        assert take(town, write_use(question.question_id, uuid4(), 1) | changes) == {"known": is_known}, changes


def test_a_use_stays_with_its_question(town: City) -> None:
    person, subject_id = settle_in(town, Scope.ENTITLEMENT)
    first, second = (make_question(town, person.id_number) for _ in range(2))
    put(town, first)
    put(town, second)
    town.clock.move(timedelta(hours=4))
    use_id = report_in(town, first.question_id, [1, 2])
    assert take(town, write_use(second.question_id, use_id, 3)) == {"known": False}
    assert take(town, write_use(first.question_id, use_id, 3)) == {"known": True}
    assert [each["state"] for each in get(town, subject_id, "uses?limit=100")["items"]] == ["completed"]


def test_an_answer_has_no_more_uses_than_anybody_needs(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reports them, and however many at once; what becomes of those that are known is taken all the same."""
    monkeypatch.setattr(uses, "MOST_USES", 3)
    person, _ = settle_in(city, Scope.ENTITLEMENT)
    questions = [make_question(city, person.id_number) for _ in range(2)]
    for question in questions:
        put(city, question)
    city.clock.move(timedelta(hours=4))
    begun = [write_use(question.question_id, uuid4(), 1) for question in questions for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda use: take(city, use), begun))
    taken = [use for use, outcome in zip(begun, outcomes, strict=True) if outcome == {"known": True}]
    assert Counter(use["question_id"] for use in taken) == {str(each.question_id): 3 for each in questions}
    assert [each for each in outcomes if each != {"known": True}] == [Refusal(ProblemCode.QUESTION_REFUSED)] * 6
    assert [take(city, use | {"step": 2, "state": "in_use"}) for use in taken] == [{"known": True}] * 6


def test_what_is_kept_has_an_end(city: City) -> None:
    person, _ = settle_in(city, Scope.ENTITLEMENT)
    question = make_question(city, person.id_number)
    put(city, question)
    city.clock.move(timedelta(hours=4))
    report_in(city, question.question_id, [1])
    week, years = {purge_answered, purge_counts}, {purge_disclosures, purge_uses}
    for days, due in ((6, set()), (2, week), (1080, set()), (30, years)):
        city.clock.move(timedelta(days=days))
        for purge in (*week, *years):
            with city.database.transaction() as session:
                purged = purge(session, city.now(), limit=100)
            assert (purged > 0) == (purge in due), (purge, days)
    tables = ("answered_question", "question_count", "disclosure", "used_away")
    assert [count_rows(city.database, table) for table in tables] == [0, 0, 0, 0]
