"""`what_if`: the score with records that do not exist, or without ones that do."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from scoring.comparison import Cause, Change, compare
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
    held = list(records)
    before = evaluate(held, rulebook, as_of=as_of, known_at=known_at, since=since)
    supposed = [record for record in held if record.record_id not in removed]
    supposed.extend(added)
    after = evaluate(supposed, rulebook, as_of=as_of, known_at=known_at, since=since)
    touched = removed | {record.record_id for record in supposed} - {record.record_id for record in held}
    changes = tuple(_name_cause(change, touched) for change in compare(before, after))
    return Supposition(before, after, changes)


def _name_cause(change: Change, touched: frozenset[str]) -> Change:
    record = change.line.record
    return change._replace(cause=Cause.SUPPOSED) if record and record.record_id in touched else change
