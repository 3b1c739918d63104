"""Sample people: drawn by lot, none out of a group of too few, with both statements line by line.

A sample is a number and nothing that leads back: no id, no place, no age, and of days the month alone.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from backend.impact.assembling import find_district_row
from backend.impact.figures import Grouping, GroupRow, Move, Sample, SampleKind, SampleLine, Trait
from backend.impact.tallying import Candidate, Change, rank_candidates
from backend.scores.wording import Wording
from backend.web.messages import Language
from scoring.evaluation import evaluate
from scoring.records import Record
from scoring.rulebook import Rulebook
from scoring.statement import Line, Score

SAMPLES = 2  # of each kind
WHATEVER_IS_KNOWN = datetime.max.replace(tzinfo=UTC)


class DisagreementError(AssertionError):
    """The plan over all people and `evaluate` gave somebody two scores: a defect of this system."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups that are told of, how many move from a level to another, and how few people a rule counts for."""

    groupings: Mapping[Trait, Grouping]
    moves: Collection[Move]
    least: int
    people_of: Mapping[str, int]

    def may_show(self, candidate: Candidate) -> bool:
        """Tell whether somebody is hidden in a crowd by every trait, and by the move between levels."""
        rows = {
            Trait.LEVEL: candidate.level_before,
            Trait.DISTRICT: find_district_row(self.groupings[Trait.DISTRICT], candidate.district),
            Trait.AGE: candidate.age_band,
            Trait.SEX: candidate.sex,
        }
        return self._is_common(candidate) and all(
            row.people is not None for trait, code in rows.items() for row in self._find_rows(trait, code)
        )

    def may_tell(self, before: Score, after: Score) -> bool:
        """Tell whether every rule on a line that differs counts for enough people; what was not counted is too few."""
        old, new = ({line.key: line for line in score.lines} for score in (before, after))
        differing = [
            line
            for key in {*old, *new}
            for was, now in ((old.get(key), new.get(key)),)
            if was is None or now is None or was.points != now.points
            for line in (was, now)
            if line is not None
        ]
        rules = {line.rule.id for line in differing if line.rule is not None}
        return all(self.people_of.get(rule_id, 0) >= self.least for rule_id in rules)

    def _find_rows(self, trait: Trait, code: str) -> Iterator[GroupRow]:
        return (row for row in self.groupings[trait].rows if row.code == code)

    def _is_common(self, candidate: Candidate) -> bool:
        move = candidate.level_before, candidate.level_after
        return any((each.before, each.after) == move and (each.people or 0) >= self.least for each in self.moves)


def draw_samples(
    candidates: Mapping[SampleKind, Iterable[Candidate]],
    groups: Groups,
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
            if each.subject_no not in taken and groups.may_show(each)
            for scores in (_score_both(tuple(read_records(each.subject_no)), each, change),)
            if groups.may_tell(*scores)
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
        lines=tuple(_pair(before, after)),
    )


def _score(records: Iterable[Record], book: Rulebook, candidate: Candidate, change: Change) -> Score:
    return evaluate(records, book, as_of=change.as_of, known_at=WHATEVER_IS_KNOWN, since=candidate.since)


def _pair(before: Score, after: Score) -> Iterator[SampleLine]:
    """Put the lines of both statements side by side, in the order of the new one, what it lacks last."""
    old = {line.key: line for line in before.lines}
    new = {line.key: line for line in after.lines}
    for key in dict.fromkeys([*new, *old]):
        was, now = old.get(key), new.get(key)
        shown, book = (now, after.rulebook) if now is not None else (was, before.rulebook)
        if shown is not None:
            yield _write_line(shown, book, was, now)


def _write_line(shown: Line, book: Rulebook, was: Line | None, now: Line | None) -> SampleLine:
    return SampleLine(
        kind=shown.kind,
        title=Wording(book, Language.CHINESE).title(shown),
        title_en=Wording(book, Language.ENGLISH).title(shown),
        month=f"{shown.record.occurred_on:%Y-%m}" if shown.record else "",
        before=None if was is None else was.points,
        after=None if now is None else now.points,
    )
