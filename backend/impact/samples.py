"""Sample people: drawn by lot, none out of a group of too few, with both statements.

A sample is a number and nothing that leads back: no id, no place, no age, of days the year alone, and of what the
change leaves as it is one sum. Whoever knows what somebody has on record may recognise him all the same.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, Self

from backend.impact.assembling import find_district_row
from backend.impact.candidates import Candidate, rank_candidates
from backend.impact.figures import ChangeBand, Grouping, Impact, Move, PointsBand, Sample, SampleKind, SampleLine, Trait
from backend.impact.tallying import Change
from backend.scores.wording import Wording
from backend.web.messages import Language
from scoring.evaluation import evaluate
from scoring.records import Record
from scoring.rulebook import Rulebook
from scoring.statement import Line, LineKind, Score

SAMPLES = 2  # of each kind
OTHERS = "others"  # the kind of a line that stands for all that do not differ
WHATEVER_IS_KNOWN = datetime.max.replace(tzinfo=UTC)


class DisagreementError(AssertionError):
    """The plan over all people and `evaluate` gave somebody two scores: a defect of this system."""


class Pair(NamedTuple):
    """A line of both statements; None where one has no such line."""

    was: Line | None
    now: Line | None

    @property
    def differs(self) -> bool:
        """Tell whether its points differ, or whether it comes or goes."""
        return self.was is None or self.now is None or self.was.points != self.now.points


@dataclass(frozen=True, slots=True)
class Crowd:
    """In whom somebody is hidden: groups, moves and bands as they are told, and the rules that count for enough."""

    groupings: Mapping[Trait, Grouping]
    moves: Collection[Move]
    points: Collection[PointsBand]
    changes: Collection[ChangeBand]
    rules: frozenset[str]

    @classmethod
    def of(cls, told: Impact, rules: frozenset[str]) -> Self:
        """Take the crowd from what is told of all people."""
        return cls({each.trait: each for each in told.groupings}, told.moves, told.points, told.changes, rules)

    def may_show(self, candidate: Candidate) -> bool:
        """Tell whether somebody is hidden in a crowd by every trait, the move between levels, points and change."""
        rows = {
            (Trait.LEVEL, candidate.level_before),
            (Trait.DISTRICT, find_district_row(self.groupings[Trait.DISTRICT], candidate.district)),
            (Trait.AGE, candidate.age_band),
            (Trait.SEX, candidate.sex),
        }
        told = {(trait, row.code) for trait, each in self.groupings.items() for row in each.rows if row.people}
        moves = {(each.before, each.after) for each in self.moves if each.people}
        is_hidden = rows <= told and (candidate.level_before, candidate.level_after) in moves
        return is_hidden and self._hides_points(candidate.points_before, candidate.points_after)

    def _hides_points(self, before: int, after: int) -> bool:
        """Tell whether enough people are in the band of points before, in that after, and in the band of the change."""
        return (
            any(band.before and band.least <= before <= band.most for band in self.points)
            and any(band.after and band.least <= after <= band.most for band in self.points)
            and any(band.people and _is_within(after - before, band) for band in self.changes)
        )

    def may_tell(self, pairs: Iterable[Pair]) -> bool:
        """Tell whether every rule on a line that differs counts for enough people."""
        lines = (line for pair in pairs if pair.differs for line in (pair.was, pair.now) if line is not None)
        return all(line.rule is None or line.rule.id in self.rules for line in lines)


def _is_within(gain: int, band: ChangeBand) -> bool:
    return (band.least is None or band.least <= gain) and (band.most is None or gain <= band.most)


def draw_samples(
    candidates: Mapping[SampleKind, Iterable[Candidate]],
    crowd: Crowd,
    change: Change,
    read_records: Callable[[int], Iterable[Record]],
) -> tuple[Sample, ...]:
    """Draw the samples and write their statements; nobody is drawn twice.

    Raises DisagreementError where `evaluate` does not give what the plan gave.
    """
    drawn: list[tuple[SampleKind, Candidate, tuple[Score, Score]]] = []
    for kind in SampleKind:
        taken = {candidate.subject_no for _, candidate, _ in drawn}
        found = (
            (kind, each, scores)
            for each in rank_candidates(kind, candidates.get(kind, ()))
            if each.subject_no not in taken and crowd.may_show(each)
            for scores in (_score_both(tuple(read_records(each.subject_no)), each, change),)
            if crowd.may_tell(_pair(*scores))
        )
        drawn += islice(found, SAMPLES)
    return tuple(_write(number, kind, *scores) for number, (kind, _, scores) in enumerate(drawn, start=1))


def _score_both(records: tuple[Record, ...], candidate: Candidate, change: Change) -> tuple[Score, Score]:
    before, after = (_score(records, book, candidate, change) for book in (change.old, change.new))
    planned = candidate.points_before, candidate.level_before, candidate.points_after, candidate.level_after
    if (before.points, before.level.code, after.points, after.level.code) != planned:
        raise DisagreementError("a sample: the plan and the statement give two scores")
    return before, after


def _write(number: int, kind: SampleKind, before: Score, after: Score) -> Sample:
    return Sample(
        number=number,
        kind=kind,
        points_before=before.points,
        points_after=after.points,
        level_before=before.level.code,
        level_after=after.level.code,
        lines=tuple(_write_lines(before, after)),
    )


def _score(records: Iterable[Record], book: Rulebook, candidate: Candidate, change: Change) -> Score:
    return evaluate(records, book, as_of=change.as_of, known_at=WHATEVER_IS_KNOWN, since=candidate.since)


def _pair(before: Score, after: Score) -> list[Pair]:
    """Put the lines of both statements side by side, in the order of the new one, what it lacks last."""
    old = {line.key: line for line in before.lines}
    new = {line.key: line for line in after.lines}
    return [Pair(old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]


def _write_lines(before: Score, after: Score) -> Iterator[SampleLine]:
    """Write the base and the lines that differ, behind them all others as one: no rare record is known by it."""
    others: list[int] = []
    for pair in _pair(before, after):
        line, book = (pair.now, after.rulebook) if pair.now is not None else (pair.was, before.rulebook)
        if line is None:
            continue
        if pair.differs or line.kind is LineKind.BASE:
            yield _write_line(line, book, pair)
        else:
            others.append(line.points)
    if others:
        total = sum(others)
        yield SampleLine(kind=OTHERS, title="其他记录", title_en="other records", year="", before=total, after=total)


def _write_line(line: Line, book: Rulebook, pair: Pair) -> SampleLine:
    return SampleLine(
        kind=line.kind,
        title=Wording(book, Language.CHINESE).title(line),
        title_en=Wording(book, Language.ENGLISH).title(line),
        year=str(line.record.occurred_on.year) if line.record else "",
        before=None if pair.was is None else pair.was.points,
        after=None if pair.now is None else pair.now.points,
    )
