"""What makes one score differ from another: the lines that came, went or changed."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from scoring.records import Record
from scoring.statement import Line, LineKind, Reason, Score


class Cause(StrEnum):
    """Why a line came, went or changed."""

    REPORTED = "reported"
    SUPPOSED = "supposed"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    REPAIRED = "repaired"
    OBJECTED = "objected"
    DECIDED = "decided"
    STARTED = "started"
    LAPSED = "lapsed"
    CLEAN_YEARS = "clean_years"
    RULES = "rules"
    FOLLOWS = "follows"


class Change(NamedTuple):
    """One line before and after; `points` is the difference it makes, `cause` why."""

    cause: Cause
    points: int
    before: Line | None
    after: Line | None

    @property
    def line(self) -> Line:
        """Give the line as it stands after the change, or as it stood when it has gone."""
        line = self.after or self.before
        if line is None:
            message = "a change has a line before, after, or both"
            raise ValueError(message)
        return line


def compare(before: Score, after: Score, records: Iterable[Record] = ()) -> tuple[Change, ...]:
    """List the lines whose points differ between two scores of one person, and vetoes that came or went, with causes.

    The differences sum to the difference of the scores. `records` are the reported ones with their events: what became
    known of them between the two scores is the cause of their lines. A line that changed only because others did (a
    curve's later records, a limit, the freeze of a veto) carries the cause `follows`.
    """
    old = {line.key: line for line in before.lines}
    new = {line.key: line for line in after.lines}
    news = _list_news(records, before, after)
    lapsed = {each.record.record_id for each in after.uncounted if each.reason is Reason.LAPSED}
    waiting = {each.record.record_id for each in before.uncounted if each.reason is Reason.NOT_YET}
    same_rules = before.rulebook.version == after.rulebook.version
    changes = []
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        points = (now.points if now else 0) - (was.points if was else 0)
        if not points and not _is_veto_turning(was, now):
            continue
        cause = _cause_by_kind(key[0])
        if cause is None:
            cause = news.get(key[2])
        if cause is None and was is None and key[2] in waiting:
            cause = Cause.STARTED
        if cause is None and now is None and key[2] in lapsed:
            cause = Cause.LAPSED
        if not same_rules and cause in {None, Cause.CLEAN_YEARS}:
            cause = Cause.RULES
        changes.append(Change(cause or Cause.FOLLOWS, points, was, now))
    return tuple(changes)


def _is_veto_turning(was: Line | None, now: Line | None) -> bool:
    """Tell whether a veto came or went: it moves the level even where it has no points of its own."""
    line = was or now
    return (was is None) != (now is None) and line is not None and line.rule is not None and line.rule.veto is not None


def _cause_by_kind(kind: LineKind) -> Cause | None:
    match kind:
        case LineKind.BASE:
            return Cause.RULES
        case LineKind.STREAK:
            return Cause.CLEAN_YEARS
        case LineKind.RECORD | LineKind.REPEAT:
            return None
        case _:
            return Cause.FOLLOWS


def _list_news(records: Iterable[Record], before: Score, after: Score) -> dict[str, Cause]:
    """Map record ids to what became known of them between two scores, the latest word winning."""
    news: dict[str, Cause] = {}
    for record in records:
        if before.known_at < record.known_at <= after.known_at:
            news[record.record_id] = Cause.REPORTED
        for event in record.events:
            if before.known_at < event.known_at <= after.known_at:
                news[record.record_id] = Cause(event.kind.value)
    return news
