"""What makes one score differ from another: the lines that came, went or changed."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from scoring.records import Record
from scoring.rulebook import Rulebook
from scoring.statement import Line, LineKind, Reason, Score, Uncounted


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


class News(NamedTuple):
    """What became known, or is supposed: by record, by act, and by the class within which minus records repeat."""

    by_record: Mapping[str, Cause] = {}
    by_act: Mapping[str, Cause] = {}
    by_class: Mapping[str, Cause] = {}

    def find(self, line: Line) -> Cause | None:
        """Find the cause for a line: its own record's, else that of a record of its act or, for a repeat, its class."""
        if line.record is None or line.rule is None:
            return None
        cause = self.by_record.get(line.record.record_id)
        if cause is None and line.record.act is not None:
            cause = self.by_act.get(line.record.act)
        if cause is None and line.kind is LineKind.REPEAT:
            cause = self.by_class.get(line.rule.repeat_class)
        return cause

    def spread(self, *scores: Score) -> "News":
        """Let what became known of an act count for the classes of all its records in some scores.

        Another of them may stand for the act now, or no more, and so be repeated where it is not seen itself.
        """
        by_class = dict(self.by_class)
        found: Iterator[Line | Uncounted] = chain.from_iterable((*score.lines, *score.uncounted) for score in scores)
        for each in found:
            cause = None if each.record is None or each.record.act is None else self.by_act.get(each.record.act)
            if cause is not None and each.rule is not None:
                by_class.setdefault(each.rule.repeat_class, cause)
        return self._replace(by_class=by_class)


def gather_news(told: Iterable[tuple[Record, Cause]], rulebook: Rulebook) -> News:
    """Gather what is told of some records, the latest word of each winning."""
    by_record: dict[str, Cause] = {}
    by_act: dict[str, Cause] = {}
    by_class: dict[str, Cause] = {}
    for record, cause in told:
        by_record[record.record_id] = cause
        corrected = [event.content for event in record.events if event.content is not None]
        for act, fields in [(record.act, record.fields), *((each.act, each.fields) for each in corrected)]:
            if act is not None:
                by_act[act] = cause
            found = rulebook.match(record.indicator, fields)
            if found is not None:
                by_class[found[0].repeat_class] = cause
    return News(by_record, by_act, by_class)


def list_news(records: Iterable[Record], before: Score, after: Score) -> News:
    """Gather what became known of some records between two scores; `records` are reported ones with their events."""
    told: list[tuple[Record, Cause]] = []
    for record in records:
        if before.known_at < record.known_at <= after.known_at:
            told.append((record, Cause.REPORTED))
        told.extend(
            (record, Cause(event.kind.value))
            for event in record.events
            if before.known_at < event.known_at <= after.known_at
        )
    return gather_news(told, after.rulebook)


NO_NEWS = News()


def compare(before: Score, after: Score, news: News = NO_NEWS) -> tuple[Change, ...]:
    """List the lines whose points differ between two scores of one person, and vetoes that came or went, with causes.

    The differences sum to the difference of the scores. A line that changed only because others did (a curve's later
    records, a limit, the freeze of a veto) carries the cause `follows`. Under another rulebook whatever has no cause of
    its own carries `rules`; where only the level differs, the base line does.
    """
    old = {line.key: line for line in before.lines}
    new = {line.key: line for line in after.lines}
    lapsed = {each.record.record_id for each in after.uncounted if each.reason is Reason.LAPSED}
    waiting = {each.record.record_id for each in before.uncounted if each.reason is Reason.NOT_YET}
    still = {each.record.record_id for each in after.uncounted if each.reason is Reason.NOT_YET}
    begun = {each.record.act for each in before.uncounted if each.record.record_id in waiting - still} - {None}
    news = news.spread(before, after)
    started = NO_NEWS._replace(by_act={act: Cause.STARTED for act in begun if act}).spread(before, after)
    same_rules = before.rulebook.digest == after.rulebook.digest
    changes = []
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        points = (now.points if now else 0) - (was.points if was else 0)
        line = now or was
        if line is None or not (points or _is_veto_turning(was, now)):
            continue
        cause = _cause_by_kind(line.kind) or news.find(line)
        if cause is None and was is None and key[2] in waiting:
            cause = Cause.STARTED
        if cause is None and now is None and key[2] in lapsed:
            cause = Cause.LAPSED
        if cause is None and (now is None or line.kind is LineKind.REPEAT):
            cause = started.find(line)  # of its act a weightier record has begun, which may itself not count
        if not same_rules and cause in {None, Cause.CLEAN_YEARS, Cause.FOLLOWS}:
            cause = Cause.RULES
        changes.append(Change(cause or Cause.FOLLOWS, points, was, now))
    if not changes and before.level != after.level:
        changes.append(Change(Cause.RULES, 0, before.lines[0], after.lines[0]))
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
