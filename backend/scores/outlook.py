"""What a citizen may ask beyond today's score: another day, the past, the future, a supposition, the way up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from backend.clock import today
from backend.people.identity_numbers import SubjectKind
from backend.records.screening import list_item_faults
from backend.scores.facts import Facts
from backend.web.problems import Fault, Place, ProblemCode, Refusal
from scoring.admission import LegalFacts, Row
from scoring.days import end_of
from scoring.evaluation import evaluate
from scoring.forecast import ComingEdition, Step, forecast, list_coming_editions
from scoring.history import history
from scoring.records import Record
from scoring.route import Route, route
from scoring.statement import Score
from scoring.what_if import Supposition, what_if


@dataclass(frozen=True, slots=True, kw_only=True)
class SupposedRecord:
    """A record that a citizen supposes: an indicator's code, the day, and its items."""

    indicator: str
    occurred_on: date
    ended_on: date | None
    items: dict[str, Any]


def state_score(facts: Facts, *, as_of: date | None, known_at: datetime | None) -> Score | Refusal:
    """Compute the score of a day as it was known at a moment.

    Without `known_at` a past day is shown as it was known at its end. A Refusal `day_out_of_range` for a day before
    the account was opened, when nothing was computed, or after today, which is for the forecast.
    """
    day, out_of_range = as_of or facts.today, {"first": facts.first_day, "last": facts.today}
    if not facts.first_day <= day <= facts.today:
        return Refusal(ProblemCode.DAY_OUT_OF_RANGE, out_of_range)
    known_at = known_at or (facts.known_at if day == facts.today else end_of(day))
    if known_at > facts.known_at or today(known_at) < facts.first_day:
        return Refusal(ProblemCode.DAY_OUT_OF_RANGE, out_of_range)
    rulebook = facts.rules.rulebook_on(day)
    return evaluate(facts.records, rulebook, as_of=day, known_at=known_at, since=facts.since)


def look_back(facts: Facts) -> tuple[date, Score, tuple[Step, ...]]:
    """Give the day of the opening, the first score of the account, and every later step, the oldest first."""
    first, steps = history(
        facts.records, facts.rules.editions, since=facts.since, until=facts.known_at, last=facts.today
    )
    return facts.since, first, steps


def look_ahead(facts: Facts) -> tuple[Score, tuple[Step, ...], tuple[ComingEdition, ...]]:
    """Give today's score, every coming day on which it changes if nothing new happens, and what announced rules do."""
    score = evaluate(facts.records, facts.rulebook, as_of=facts.today, known_at=facts.known_at, since=facts.since)
    steps = forecast(facts.records, facts.rules.editions, as_of=facts.today, known_at=facts.known_at, since=facts.since)
    coming = list_coming_editions(
        facts.records, facts.rules.editions, as_of=facts.today, known_at=facts.known_at, since=facts.since
    )
    return score, steps, coming


def find_route(facts: Facts) -> Route:
    """Find the smallest sets of open actions that reach the next level."""
    return route(facts.records, facts.rules.editions, as_of=facts.today, known_at=facts.known_at, since=facts.since)


def suppose(facts: Facts, *, added: Sequence[SupposedRecord], removed: Sequence[str]) -> Supposition | Refusal:
    """Compute today's score with supposed records and without some existing ones; nothing is stored.

    A Refusal `supposition_refused` points at every indicator, item or day that the catalogue does not allow, and at
    every id in `removed` that is no record of this person.
    """
    known = {record.record_id for record in facts.records}
    faults = [
        Fault(place=Place.BODY, pointer=f"/remove/{number}", code="not_yours")
        for number, record_id in enumerate(removed)
        if record_id not in known
    ]
    for number, each in enumerate(added):
        faults += [replace(fault, pointer=f"/add/{number}{fault.pointer}") for fault in _find_faults(each, facts)]
    if faults:
        return Refusal(ProblemCode.SUPPOSITION_REFUSED, faults=tuple(faults))
    return what_if(
        facts.records,
        facts.rulebook,
        added=[
            Record(f"~{number}", each.indicator, facts.now, each.occurred_on, each.ended_on, fields=dict(each.items))
            for number, each in enumerate(added)
        ],
        removed=frozenset(removed),
        as_of=facts.today,
        known_at=facts.known_at,
        since=facts.since,
    )


def _find_faults(supposed: SupposedRecord, facts: Facts) -> Iterator[Fault]:
    indicator = facts.rulebook.catalogue.indicators.get(supposed.indicator)
    if indicator is None:
        yield Fault(place=Place.BODY, pointer="/indicator", code="outside_catalogue")
        return
    if supposed.occurred_on > facts.today:
        yield Fault(place=Place.BODY, pointer="/occurred_on", code="in_the_future")
    row = Row(
        supposed.indicator,
        SubjectKind.NATURAL_PERSON,
        supposed.occurred_on,
        supposed.ended_on,
        supposed.items,
        LegalFacts(),
    )
    yield from list_item_faults(row, indicator)
