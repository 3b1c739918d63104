"""`forecast`: every future day on which the score changes if nothing new happens, and why."""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from scoring.attribution import Transition, compare_editions
from scoring.comparison import Change, compare
from scoring.days import add_months
from scoring.evaluation import evaluate
from scoring.records import Record
from scoring.rulebook import Rulebook, rulebook_on
from scoring.statement import Score

HORIZON_MONTHS = 72  # longer than the longest validity, five years, so that everything in force today is seen to lapse
MOST_DAYS = 400  # each day looked at costs an evaluation; nobody but a mistake has more records than that


class Step(NamedTuple):
    """A day on which the score or the level differs from the day before, with the lines that make the difference.

    Where the rules changed on that day, `transition` says what they alone did: the day by the old and by the new ones.
    """

    on: date
    before: Score
    after: Score
    changes: tuple[Change, ...]
    transition: Transition | None = None


class ComingEdition(NamedTuple):
    """An edition that is not in force yet, and what it does to the score of its first day if nothing new happens."""

    rulebook: Rulebook
    transition: Transition


def forecast(
    records: Iterable[Record],
    editions: Iterable[Rulebook],
    *,
    as_of: date,
    known_at: datetime,
    since: date | None = None,
) -> tuple[Step, ...]:
    """List the coming days on which points, level or veto change by themselves, over the next six years.

    At most the next 400 days on which anything begins or lapses are looked at.

    Rulebook editions that are announced but not yet in force are taken into account on their day. NoRulebookError
    when none is in force on `as_of`.
    """
    held, books = list(records), sorted(editions, key=lambda edition: edition.effective_on)
    end = add_months(as_of, HORIZON_MONTHS)
    score = evaluate(held, rulebook_on(books, as_of), as_of=as_of, known_at=known_at, since=since)
    steps = []
    day, looked_at = _next_day(score, books), 0
    while day is not None and day <= end and looked_at < MOST_DAYS:
        looked_at += 1
        later = evaluate(held, rulebook_on(books, day), as_of=day, known_at=known_at, since=since)
        if differs(score, later):
            transition = compare_rules(held, score, later, known_at=known_at, since=since)
            steps.append(Step(day, score, later, compare(score, later), transition))
        score = later
        day = _next_day(score, books)
    return tuple(steps)


def list_coming_editions(
    records: Iterable[Record],
    editions: Iterable[Rulebook],
    *,
    as_of: date,
    known_at: datetime,
    since: date | None = None,
) -> tuple[ComingEdition, ...]:
    """List the editions that take effect after a day, the earliest first, each compared with the one before it.

    NoRulebookError when none is in force on `as_of`.
    """
    held, books = list(records), sorted(editions, key=lambda edition: edition.effective_on)
    rulebook_on(books, as_of)
    return tuple(
        ComingEdition(new, compare_editions(held, old, new, as_of=new.effective_on, known_at=known_at, since=since))
        for old, new in pairwise(books)
        if new.effective_on > as_of
    )


def compare_rules(
    records: Iterable[Record], before: Score, after: Score, *, known_at: datetime, since: date | None
) -> Transition | None:
    """Tell what the rules alone did between two scores, on the day of the later one; None where they are the same."""
    if before.rulebook.digest == after.rulebook.digest:
        return None
    return compare_editions(records, before.rulebook, after.rulebook, as_of=after.as_of, known_at=known_at, since=since)


def differs(one: Score, other: Score) -> bool:
    """Tell whether a citizen would see a difference: points, level, a veto, or the points of a dimension."""
    return (one.points, one.level, one.incentives_suspended, one.dimensions) != (
        other.points,
        other.level,
        other.incentives_suspended,
        other.dimensions,
    )


def _next_day(score: Score, books: list[Rulebook]) -> date | None:
    days = [book.effective_on for book in books if book.effective_on > score.as_of]
    if score.changes_on is not None:
        days.append(score.changes_on)
    return min(days, default=None)
