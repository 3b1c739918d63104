"""`history`: each past day on which the score changed, and the cause of each step."""

from collections.abc import Iterable
from datetime import date, datetime

from scoring.comparison import compare, list_news
from scoring.days import day_of, end_of
from scoring.evaluation import evaluate
from scoring.forecast import Step, compare_rules, differs
from scoring.records import Record, moments_of_news
from scoring.rulebook import Rulebook, rulebook_on
from scoring.statement import Score


def history(
    records: Iterable[Record],
    editions: Iterable[Rulebook],
    *,
    since: date,
    until: datetime,
    last: date | None = None,
) -> tuple[Score, tuple[Step, ...]]:
    """Replay the score from the day the account was opened until a moment, day by day as it was known then.

    Gives the first score and every later step. `last` is the last day shown, that of `until` when left out; what is
    known after it, up to `until`, is shown on it. It begins with the first rulebook where the account is older. Each
    day is seen as it stood at its end, the last one at `until`; the rulebook is the one in force on the day.
    NoRulebookError when none is in force at `until`.
    """
    held, books = list(records), sorted(editions, key=lambda edition: edition.effective_on)
    last = day_of(until) if last is None else last
    news = {min(day_of(moment), last) for moment in moments_of_news(held)} | {book.effective_on for book in books}
    begin = max([since, *(book.effective_on for book in books[:1])])
    known_at = until if begin == last else end_of(begin)
    first = score = _score_at_end(held, books, begin, since, known_at)
    steps = []
    day = _next_day(score, news)
    while day is not None and day <= last:
        known_at = until if day == last else end_of(day)
        later = _score_at_end(held, books, day, since, known_at)
        if differs(score, later):
            transition = compare_rules(held, score, later, known_at=known_at, since=since)
            steps.append(Step(day, score, later, compare(score, later, list_news(held, score, later)), transition))
        score = later
        day = _next_day(score, news)
    return first, tuple(steps)


def _score_at_end(records: list[Record], books: list[Rulebook], day: date, since: date, known_at: datetime) -> Score:
    return evaluate(records, rulebook_on(books, day), as_of=day, known_at=known_at, since=since)


def _next_day(score: Score, news: set[date]) -> date | None:
    days = [day for day in news if day > score.as_of]
    if score.changes_on is not None:
        days.append(score.changes_on)
    return min(days, default=None)
