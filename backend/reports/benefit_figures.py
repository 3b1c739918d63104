"""Benefits by scenario: what was given and what became of it, visitors apart.

A visitor is whoever had it by the word of a home city. How grants stand is as it was written down: what time alone has
done is written by `shangding work` within seconds.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, or_, select, text
from sqlalchemy.orm import Session

from backend.grants.grant import OPEN, GrantState, Via
from backend.grants.tables import GrantRow
from backend.reports.figure_tables import Cell, FigureKind
from backend.visits.tables import VisitorUseRow


class Whose(StrEnum):
    """Who had a benefit."""

    RESIDENT = "resident"
    VISITOR = "visitor"


class Fate(StrEnum):
    """How a grant stands, as the public is told: whoever has several of a scenario counts by the latest."""

    OPEN = "open"
    GIVEN_BACK = "given_back"
    NOT_USED = "not_used"
    SETTLED = "settled"


FATES: Mapping[GrantState, Fate] = MappingProxyType(
    {
        **dict.fromkeys(OPEN, Fate.OPEN),
        GrantState.COMPLETED: Fate.GIVEN_BACK,
        GrantState.CANCELLED: Fate.NOT_USED,
        GrantState.EXPIRED: Fate.NOT_USED,
        GrantState.SETTLED: Fate.SETTLED,
        GrantState.BROKEN: Fate.SETTLED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitFigures:
    """The grants of one scenario given to residents or visitors on some days, exactly, and how they stand now.

    `agreed_fen` is what they began with, `held_fen` what they hold now, `final_fen` what was taken in the end.
    """

    scenario: str
    whose: Whose
    people: int
    granted: int
    states: Mapping[GrantState, int]
    agreed_fen: int
    held_fen: int
    final_fen: int


def measure_benefits(session: Session, first_on: date, last_on: date) -> tuple[BenefitFigures, ...]:
    """Measure what was given from `first_on` to `last_on`, both city days included, by scenario and whose it was."""
    row, whose = GrantRow, _tell_whose()
    given = (row.granted_on >= first_on, row.granted_on <= last_on)
    keys = (row.scenario, whose)
    by_state = select(
        *(*keys, row.state, func.count()),
        *(func.sum(amount) for amount in (row.agreed_fen, row.held_fen, func.coalesce(row.final_fen, 0))),
    )
    tallies: dict[tuple[str, str], Counter[str]] = {}
    for scenario, of, state, grants, *amounts in session.execute(by_state.where(*given).group_by(*keys, row.state)):
        tally = tallies.setdefault((scenario, of), Counter())
        tally[f"state:{state}"] += grants
        tally.update(dict(zip(("agreed", "held", "final"), map(int, amounts), strict=True)))
    people = select(*keys, func.count(row.subject_id.distinct())).where(*given).group_by(*keys)
    counted = {(scenario, of): number for scenario, of, number in session.execute(people)}
    return tuple(_close(key, tallies[key], counted[key]) for key in sorted(tallies))


def count_benefit_people(session: Session) -> Counter[Cell]:
    """Count people by scenario, whose it is, and how their latest grant of it stands: each person once a scenario."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))  # a whole city takes longer than a request may
    row, whose = GrantRow, _tell_whose().label("whose")
    latest = func.row_number().over(
        partition_by=(row.subject_id, row.scenario), order_by=(row.granted_at.desc(), row.grant_id.desc())
    )
    grants = select(row.scenario, whose, row.state, latest.label("place")).subquery()
    keys = (grants.c.scenario, grants.c.whose, grants.c.state)
    found = session.execute(select(*keys, func.count()).where(grants.c.place == 1).group_by(*keys))
    cells: Counter[Cell] = Counter()
    for scenario, of, state, people in found:
        cells[name_cell(scenario, Whose(of), FATES[GrantState(state)])] += people
    return cells


def name_cell(scenario: str, whose: Whose, fate: Fate) -> Cell:
    """Name the cell of people whose latest grant of a scenario stands so."""
    return Cell(FigureKind.BENEFIT, f"{scenario}:{whose}:{fate}")


def _tell_whose() -> ColumnElement[Any]:
    noted = exists().where(VisitorUseRow.subject_id == GrantRow.subject_id, VisitorUseRow.grant_id == GrantRow.grant_id)
    is_visitor = or_(GrantRow.via == Via.VISITOR.value, noted)
    return case((is_visitor, Whose.VISITOR.value), else_=Whose.RESIDENT.value)


def _close(key: tuple[str, str], tally: Counter[str], people: int) -> BenefitFigures:
    states = {state: tally[f"state:{state}"] for state in GrantState}
    return BenefitFigures(
        scenario=key[0],
        whose=Whose(key[1]),
        people=people,
        granted=sum(states.values()),
        states=states,
        agreed_fen=tally["agreed"],
        held_fen=tally["held"],
        final_fen=tally["final"],
    )
