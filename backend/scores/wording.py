"""Scores in the words of the person who reads them: names from the rulebook, sentences from the message catalogue."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from backend.web.messages import Language, get_message
from scoring.comparison import Change
from scoring.records import Record
from scoring.rulebook import Grounds, Rulebook
from scoring.statement import Line, LineKind, Score, Uncounted


class Named(Protocol):
    """Whatever the rulebook gives a Chinese and an English name."""

    @property
    def name(self) -> str:
        """Give the Chinese name."""
        ...

    @property
    def name_en(self) -> str:
        """Give the English name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """A code with its name in the reader's language."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordShown:
    """The record behind a line: which, who handed it in, on what document, when it happened."""

    record_id: str
    indicator: Worded
    source: Worded
    document_no: str | None
    occurred_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShown:
    """One line of the statement. `balance` is the sum of all lines down to this one."""

    kind: str
    title: str
    points: int
    balance: int
    dimension: Worded | None
    rule_id: str | None
    basis: str
    origin: str | None
    origin_note: str | None
    record: RecordShown | None
    lapses_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountedShown:
    """A record that is known but adds nothing, and why."""

    reason: str
    reason_text: str
    title: str
    points: int
    rule_id: str | None
    record: RecordShown
    lapses_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeShown:
    """One line that came, went or changed, with the points that make the difference, and why."""

    cause: str
    cause_text: str
    title: str
    points: int
    rule_id: str | None
    record_id: str | None


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for the scores of one rulebook, in one language."""

    rulebook: Rulebook
    language: Language

    def name(self, named: Named) -> str:
        """Give the name in the reader's language."""
        return named.name_en if self.language is Language.ENGLISH else named.name

    def level(self, code: str) -> Worded:
        """Word a level by its code; KeyError for one the rulebook does not have."""
        levels = {level.code: level for level in self.rulebook.levels}
        return Worded(code=code, name=self.name(levels[code]))

    def dimension(self, code: str) -> Worded:
        """Word a dimension by its code; KeyError for one the rulebook does not have."""
        dimensions = {dimension.code: dimension for dimension in self.rulebook.dimensions}
        return Worded(code=code, name=self.name(dimensions[code]))

    def dimensions(self, points: Mapping[str, int]) -> list[dict[str, object]]:
        """Word the points of all dimensions, in the rulebook's order."""
        return [
            {"dimension": Worded(code=each.code, name=self.name(each)), "points": points.get(each.code, 0)}
            for each in self.rulebook.dimensions
        ]

    def lines(self, score: Score) -> Iterator[LineShown]:
        """Word the lines of a score, with a running balance that ends at the score."""
        balance = 0
        for line in score.lines:
            balance += line.points
            yield self._line(line, balance)

    def _line(self, line: Line, balance: int) -> LineShown:
        grounds = line.grounds or Grounds(self.rulebook.basis, "", "")
        return LineShown(
            kind=line.kind.value,
            title=self.title(line),
            points=line.points,
            balance=balance,
            dimension=self.dimension(line.dimension) if line.dimension else None,
            rule_id=line.cause_id if line.rule or line.bound else None,
            basis=grounds.basis,
            origin=grounds.origin or None,
            origin_note=grounds.origin_note or None,
            record=self.record(line.record) if line.record else None,
            lapses_on=line.lapses_on,
        )

    def title(self, line: Line) -> str:
        """Say in a few words what a line is."""
        named = line.rule or line.bound
        name = self.name(named) if named is not None else ""
        if line.kind in {LineKind.RECORD, LineKind.LIMIT, LineKind.EXCLUSIVE}:
            return name
        return get_message(f"line.{line.kind}", self.language, name=name, years=line.years)

    def record(self, record: Record) -> RecordShown:
        """Word the record behind a line."""
        catalogue = self.rulebook.catalogue
        indicator = catalogue.indicators.get(record.indicator)
        department = catalogue.departments.get(record.source)
        return RecordShown(
            record_id=record.record_id,
            indicator=Worded(
                code=record.indicator, name=self.name(indicator) if indicator is not None else record.indicator
            ),
            source=Worded(code=record.source, name=self.name(department) if department else record.source),
            document_no=record.document_no or None,
            occurred_on=record.occurred_on,
            ended_on=record.ended_on,
        )

    def uncounted(self, item: Uncounted) -> UncountedShown:
        """Word a record that adds nothing."""
        indicator = self.rulebook.catalogue.indicators.get(item.record.indicator)
        named = item.rule or indicator
        return UncountedShown(
            reason=item.reason.value,
            reason_text=get_message(f"uncounted.{item.reason}", self.language),
            title=self.name(named) if named is not None else item.record.indicator,
            points=item.points,
            rule_id=item.rule.id if item.rule else None,
            record=self.record(item.record),
            lapses_on=item.lapses_on,
        )

    def change(self, change: Change) -> ChangeShown:
        """Word one difference between two scores."""
        line = change.line
        return ChangeShown(
            cause=change.cause.value,
            cause_text=get_message(f"cause.{change.cause}", self.language),
            title=self.title(line),
            points=change.points,
            rule_id=line.cause_id if line.rule or line.bound else None,
            record_id=line.record.record_id if line.record else None,
        )
