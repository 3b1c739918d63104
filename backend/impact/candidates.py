"""Those who may be drawn as samples: of each part a few by lot, told by number, points and groups."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from backend.impact.figures import SampleKind

_PRIME = 2**31 - 1  # a product of two numbers below it fits into 64 bits
CANDIDATES = 96  # of each kind and part: the few to be drawn must not be of a small group or band


class Connection(Protocol):
    """What is needed of a connection to DuckDB."""

    def execute(self, query: str) -> Any:  # noqa: ANN401 - its rows are of any type
        """Run a query."""
        ...


class Candidate(NamedTuple):
    """Somebody who may be drawn as a sample."""

    subject_no: int
    lot: int
    points_before: int
    points_after: int
    level_before: str
    level_after: str
    district: str
    age_band: str
    sex: str
    since: date | None


_DRAWN: Mapping[SampleKind, tuple[str, str]] = {
    SampleKind.GAIN: ("gain > 0", "gain desc"),
    SampleKind.LOSS: ("gain < 0", "gain"),
    SampleKind.LEVEL_UP: ("climb > 0", "lot"),
    SampleKind.LEVEL_DOWN: ("climb < 0", "lot"),
}
_RANKS: Mapping[SampleKind, Callable[[Candidate], int]] = {
    SampleKind.GAIN: lambda each: each.points_before - each.points_after,
    SampleKind.LOSS: lambda each: each.points_after - each.points_before,
    SampleKind.LEVEL_UP: lambda _: 0,
    SampleKind.LEVEL_DOWN: lambda _: 0,
}


def take_candidates(connection: Connection, kind: SampleKind, seed: str) -> list[Candidate]:
    """Take a few of the table `people` by lot, of equal ones those whom the seed puts first."""
    chosen, order = _DRAWN[kind]
    query = f"""
        select subject_no, {_say_lot(seed)} as lot, points_before, points_after, level_before, level_after,
            district, age_band, sex, since
        from people where {chosen} order by {order}, lot, subject_no limit {CANDIDATES}
    """  # noqa: S608 - conditions and numbers made in this module
    return [Candidate(*row) for row in connection.execute(query).fetchall()]


def _say_lot(seed: str) -> str:
    """Say in SQL the lot of a person: a number that the seed gives each, the same wherever it is computed."""
    digest = sha256(seed.encode()).digest()
    factor, start = (int.from_bytes(digest[at : at + 8]) % (_PRIME - 1) + 1 for at in (0, 8))
    return f"((subject_no % {_PRIME}) * {factor} + {start}) % {_PRIME}"


def rank_candidates(kind: SampleKind, found: Iterable[Candidate]) -> list[Candidate]:
    """Put the candidates of all parts in order: the largest change first, then by lot."""
    rank = _RANKS[kind]
    return sorted(found, key=lambda each: (rank(each), each.lot, each.subject_no))
