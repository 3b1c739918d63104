"""`history`: each past day on which the score changed, and the cause of each step."""

from collections.abc import Iterable
from datetime import date, datetime

from scoring.comparison import compare
from scoring.days import day_of, end_of
from scoring.evaluation import evaluate
from scoring.forecast import Step, differs
from scoring.records import Record, moments_of_news
from scoring.rulebook import Rulebook, rulebook_on
from scoring.statement import Score


def history(
    records: Iterable[Record], editions: Iterable[Rulebook], *, since: date, until: datetime
) -> tuple[Score, tuple[Step, ...]]:
    """Replay the score from the day the account was opened until a moment, day by day as it was known then.

    Gives the first score and every later step. It begins with the first rulebook where the account is older. Each day
    is seen as it stood at its end, the last one at `until`; the rulebook is the one in force on the day.
    NoRulebookError when none is in force at `until`.
    """
    held, books = list(records), sorted(editions, key=lambda edition: edition.effective_on)
    news = {day_of(moment) for moment in moments_of_news(held)} | {book.effective_on for book in books}
    last = day_of(until)
    begin = max([since, *(book.effective_on for book in books[:1])])
    first = score = _score_at_end(held, books, begin, since, until)
    steps = []
    day = _next_day(score, news)
    while day is not None and day <= last:
        later = _score_at_end(held, books, day, since, until)
        if differs(score, later):
            steps.append(Step(day, score, later, compare(score, later, held)))
        score = later
        day = _next_day(score, news)
    return first, tuple(steps)


def _score_at_end(records: list[Record], books: list[Rulebook], day: date, since: date, until: datetime) -> Score:
    known_at = min(end_of(day), until)
    return evaluate(records, rulebook_on(books, day), as_of=day, known_at=known_at, since=since)


def _next_day(score: Score, news: set[date]) -> date | None:
    days = [day for day in news if day > score.as_of]
    if score.changes_on is not None:
        days.append(score.changes_on)
    return min(days, default=None)
