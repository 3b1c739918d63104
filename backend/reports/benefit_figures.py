"""Benefits by scenario: what was given and what became of it, visitors apart.

A visitor is whoever had it by the word of a home city. How grants stand is as it was written down: what time alone has
done is written by `shangding work` within seconds.

A grant is somebody's, and an amount is of those who have one: both are told of 20 people and more, by `impact.telling`.
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
from backend.impact.telling import LEAST_GROUP, find_grain, find_step, tell_amount, tell_people
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
    """The grants of one scenario given to residents or visitors on some days, and how they stand now.

    Grants are told in whole tens, as people are; None for those of too few people. `agreed_fen` is what they began
    with, `held_fen` what they hold now, `final_fen` what was taken in the end: each of the people of whom it is more
    than nothing, None where they are too few.
    """

    scenario: str
    whose: Whose
    people: int | None
    granted: int | None
    states: Mapping[GrantState, int | None]
    agreed_fen: int | None
    held_fen: int | None
    final_fen: int | None


def measure_benefits(
    session: Session, first_on: date, last_on: date, *, least: int = LEAST_GROUP
) -> tuple[BenefitFigures, ...]:
    """Measure what was given from `first_on` to `last_on`, both city days included, by scenario and whose it was.

    Nothing is told of fewer than `least` people; with 1 everything is exact.
    """
    row, whose = GrantRow, _tell_whose()
    given = (row.granted_on >= first_on, row.granted_on <= last_on)
    keys = (row.scenario, whose)
    people = func.count(row.subject_id.distinct())
    by_state = select(*keys, row.state, func.count(), people).where(*given).group_by(*keys, row.state)
    states: dict[tuple[str, str], dict[GrantState, int | None]] = {}
    for scenario, of, state, grants, holders in session.execute(by_state):
        told = states.setdefault((scenario, of), dict.fromkeys(GrantState, 0))
        told[GrantState(state)] = tell_grants(grants, holders, least=least)
    amounts = [
        figure
        for amount in (row.agreed_fen, row.held_fen, func.coalesce(row.final_fen, 0))
        for figure in (func.sum(amount), func.count(case((amount > 0, row.subject_id)).distinct()))
    ]
    found = session.execute(select(*keys, func.count(), people, *amounts).where(*given).group_by(*keys).order_by(*keys))
    return tuple(
        BenefitFigures(
            scenario=scenario,
            whose=Whose(of),
            people=tell_people(holders, least=least),
            granted=tell_grants(grants, holders, least=least),
            states=MappingProxyType(states[scenario, of]),
            agreed_fen=tell_fen(int(agreed), agreeing, least=least),
            held_fen=tell_fen(int(held), holding, least=least),
            final_fen=tell_fen(int(final), paying, least=least),
        )
        for scenario, of, grants, holders, agreed, agreeing, held, holding, final, paying in found
    )


def tell_grants(grants: int, people: int, *, least: int = LEAST_GROUP) -> int | None:
    """Tell how many grants some people have, rounded as people are; None for those of too few people."""
    return None if tell_people(people, least=least) is None else tell_people(grants, least=least)


def tell_fen(amount: int, people: int, *, least: int = LEAST_GROUP) -> int | None:
    """Tell an amount of some people, rounded to what one of them has on average or more; None for too few people.

    Grants are of round amounts, so that an exact mean is a fraction that gives the number of people away: 33 grants of
    100 yuan to 31 people are 106.45 each, and to 30 or 32 never. So an amount is told in steps of 1, 2 or 5 by a power
    of ten, the next one above the mean.
    """
    told, counted = tell_amount(amount, people, least=least), tell_people(people, least=least)
    if not told or not counted or find_grain(least) == 1:
        return told
    step = find_step(told, counted)
    return (2 * told + step) // (2 * step) * step


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
