"""What a citizen may ask beyond today's score: another day, the past, the future, a supposition, the way up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from backend.clock import today
from backend.scores.facts import Facts
from backend.web.problems import ProblemCode, Refusal
from scoring.days import end_of
from scoring.evaluation import evaluate
from scoring.forecast import Step, forecast
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
    day = as_of or facts.today
    known_at = known_at or min(end_of(day), facts.now)
    in_range = facts.first_day <= day <= facts.today and facts.first_day <= today(known_at) and known_at <= facts.now
    if not in_range:
        return Refusal(ProblemCode.DAY_OUT_OF_RANGE, {"first": facts.first_day, "last": facts.today})
    rulebook = facts.rules.rulebook_on(day)
    return evaluate(facts.records, rulebook, as_of=day, known_at=known_at, since=facts.since)


def look_back(facts: Facts) -> tuple[Score, tuple[Step, ...]]:
    """Give the first score of the account and every later step, the oldest first."""
    return history(facts.records, facts.rules.editions, since=facts.since, until=facts.now)


def look_ahead(facts: Facts) -> tuple[Score, tuple[Step, ...]]:
    """Give today's score and every coming day on which it changes if nothing new happens."""
    score = evaluate(facts.records, facts.rulebook, as_of=facts.today, known_at=facts.now, since=facts.since)
    return score, forecast(
        facts.records, facts.rules.editions, as_of=facts.today, known_at=facts.now, since=facts.since
    )


def find_route(facts: Facts) -> Route:
    """Find the smallest sets of open actions that reach the next level."""
    return route(facts.records, facts.rules.editions, as_of=facts.today, known_at=facts.now, since=facts.since)


def suppose(facts: Facts, *, added: Sequence[SupposedRecord], removed: Sequence[str]) -> Supposition | Refusal:
    """Compute today's score with supposed records and without some existing ones; nothing is stored.

    A Refusal `supposition_refused` names the first indicator or item that the catalogue does not allow, or the id in
    `removed` that is no record of this person.
    """
    catalogue = facts.rulebook.catalogue
    known = {record.record_id for record in facts.records}
    for record_id in removed:
        if record_id not in known:
            return Refusal(ProblemCode.SUPPOSITION_REFUSED, {"reason": f"record {record_id}"})
    records = []
    for number, each in enumerate(added):
        indicator = catalogue.indicators.get(each.indicator)
        if indicator is None:
            return Refusal(ProblemCode.SUPPOSITION_REFUSED, {"reason": each.indicator})
        faults = indicator.find_field_faults(each.items)
        if faults:
            return Refusal(ProblemCode.SUPPOSITION_REFUSED, {"reason": f"{each.indicator}: {'; '.join(faults)}"})
        records.append(
            Record(f"~{number}", each.indicator, facts.now, each.occurred_on, each.ended_on, fields=dict(each.items))
        )
    return what_if(
        facts.records,
        facts.rulebook,
        added=records,
        removed=frozenset(removed),
        as_of=facts.today,
        known_at=facts.now,
        since=facts.since,
    )
