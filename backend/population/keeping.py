"""Scores of the plan as they are kept: the same value, to the last sign, that `compute_score` makes of `evaluate`."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from backend.scores.current import name_rules
from backend.scores.tables import NewScore
from scoring.population.weighing import list_sets, name_in_force
from scoring.rulebook import Rulebook

_HEAD = ("subject_id", "facts_version", "since", "changes_on", "points", "level", "incentives_suspended")


class ScoreReader:
    """Reads rows of the plan of one rulebook and day as scores to be kept."""

    def __init__(self, rulebook: Rulebook, day: date) -> None:
        self._day, self._rules = day, name_rules(rulebook)
        self._dimensions = tuple(dimension.code for dimension in rulebook.dimensions)
        self._sets = list_sets(rulebook)
        self._indicators: list[dict[int, str]] = [{} for _ in self._sets]
        for indicator, place, bit in name_in_force(rulebook):
            self._indicators[place][1 << bit] = indicator
        self._list_in_force = lru_cache(maxsize=65_536)(self._read_sets)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name what `read` reads: the id and account of a subject, then the columns of the plan."""
        return (*_HEAD, *(f"points_{code}" for code in self._dimensions), *self._sets)

    def read(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[UUID, NewScore]]:
        """Read rows that have these columns."""
        return list(map(self._read_row, rows))

    def _read_row(self, row: tuple[Any, ...]) -> tuple[UUID, NewScore]:
        subject_id, facts_version, since, changes_on, points, level, is_suspended, *rest = row
        width = len(self._dimensions)
        score = NewScore(
            facts_version=facts_version,
            since=since,
            rules_digest=self._rules,
            computed_on=self._day,
            changes_on=changes_on,
            points=points,
            level=level,
            payload={
                "dimensions": dict(zip(self._dimensions, rest[:width], strict=True)),
                "incentives_suspended": is_suspended,
                "in_force": self._list_in_force(*rest[width:]),
            },
        )
        return UUID(subject_id), score

    def _read_sets(self, *sets: int) -> list[str]:
        return [name for bits, names in zip(sets, self._indicators, strict=True) for name in _name_bits(bits, names)]


def _name_bits(bits: int, names: dict[int, str]) -> Iterator[str]:
    """Name the bits of a set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield names[lowest]
        bits ^= lowest
