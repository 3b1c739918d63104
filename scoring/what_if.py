"""`what_if`: the score with records that do not exist, or without ones that do."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from scoring.comparison import Cause, Change, compare, gather_news
from scoring.evaluation import evaluate
from scoring.records import Record
from scoring.rulebook import Rulebook
from scoring.statement import Score


class Supposition(NamedTuple):
    """The score as it is, as it would be, and the lines that make the difference."""

    before: Score
    after: Score
    changes: tuple[Change, ...]


def what_if(
    records: Iterable[Record],
    rulebook: Rulebook,
    *,
    added: Iterable[Record] = (),
    removed: frozenset[str] = frozenset(),
    as_of: date,
    known_at: datetime,
    since: date | None = None,
) -> Supposition:
    """Compare the score with and without some suppositions.

    `added` are hypothetical records with ids of their own, `known_at` them at or before the moment asked about;
    `removed` are ids of records supposed to be withdrawn or repaired. Unknown ids in `removed` change nothing.
    """
    held, new = list(records), list(added)
    before = evaluate(held, rulebook, as_of=as_of, known_at=known_at, since=since)
    supposed = [*(record for record in held if record.record_id not in removed), *new]
    after = evaluate(supposed, rulebook, as_of=as_of, known_at=known_at, since=since)
    touched = [*(record for record in held if record.record_id in removed), *new]
    news = gather_news(((record, Cause.SUPPOSED) for record in touched), rulebook)
    return Supposition(before, after, compare(before, after, news))
