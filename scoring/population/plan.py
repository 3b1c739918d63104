"""The plan: everybody's score of a city day, as one expression over what a city knows.

Nearly all records are poured at once: nothing is heard of them later, no other is about their act, they are plus, and
their rule has a pot. What is left, a few in a hundred, is judged record by record as `evaluate` does.
"""

from datetime import date, datetime

import ibis
from ibis.expr.types import DateValue, IntegerValue, Table

from scoring.days import new_year_after
from scoring.population.bounding import bound_lines
from scoring.population.cells import list_cells
from scoring.population.choosing import Stages, choose_plain, make_stages
from scoring.population.clean_years import price_years
from scoring.population.columns import CityTables
from scoring.population.facts import note_facts, put_beside
from scoring.population.lining import draw_lines, find_repeating
from scoring.population.pots import Pots, make_pots
from scoring.population.pouring import Sums, add_up, name_pot, pour, take_bounded, take_plain, take_simple
from scoring.population.weighing import NO_CAP, list_sets
from scoring.pricing import Streak
from scoring.rulebook import Rulebook


def plan_scores(
    tables: CityTables,
    rulebook: Rulebook,
    *,
    as_of: date,
    known_at: datetime | None = None,
    stages: Stages | None = None,
) -> Table:
    """Say how the score of each account is found: what `evaluate` gives for it, a row each.

    The tables are as `columns` describes them; `stages` are tables in which the first steps were kept. Without
    `known_at` everything that the tables hold is known. Columns: subject_no, points, level, incentives_suspended,
    changes_on, `points_` with the code of each dimension, and the sets of `name_in_force`. Records of whoever has no
    account count for nothing.
    """
    if stages is None:
        stages = make_stages(tables, rulebook, as_of=as_of, known_at=known_at)
    judged = stages.judged
    pots = make_pots(rulebook, list_cells(rulebook), as_of)
    accounts = note_facts(tables.accounts, judged, rulebook, as_of)
    repeating = None if rulebook.repeats is None else find_repeating(judged, rulebook)
    pieces = [
        take_plain(choose_plain(tables, stages.priced, as_of=as_of, known_at=known_at), rulebook),
        *take_simple(judged, repeating, rulebook),
    ]
    if pots.intertwined:
        lines = draw_lines(judged, repeating, accounts, rulebook, pots)
        pieces.append(take_bounded(bound_lines(lines, rulebook, pots), rulebook, pots))
    return _score(put_beside(accounts, pour(pieces, rulebook, pots), "poured"), rulebook, pots, as_of)


def _score(accounts: Table, rulebook: Rulebook, pots: Pots, as_of: date) -> Table:
    filled = _read_pots(accounts, rulebook, pots)
    veto = accounts.facts_veto.fill_null(NO_CAP)
    points = {f"points_{code}": _freeze(each, veto) for code, each in add_up(filled, rulebook, pots).items()}
    sets = {
        name: accounts[f"facts_{name}"].fill_null(0) | accounts[f"poured_{name}"].fill_null(0)
        for name in list_sets(rulebook)
    }
    # A view keeps what was computed from being written out again wherever it is used.
    scored = accounts.select(
        "subject_no", veto=veto, changes_on=_find_change(accounts, rulebook, as_of), **points, **sets
    ).view()
    total = sum((scored[name] for name in points), start=ibis.literal(rulebook.base, "int64"))
    score = ibis.greatest(ibis.least(total, rulebook.ceiling), rulebook.floor)
    scored = scored.mutate(points=score.cast("int64"), incentives_suspended=scored.veto > NO_CAP).view()
    rank = ibis.greatest(_find_rank(scored.points, rulebook), scored.veto)
    level = ibis.cases(*((rank == each.rank, each.code) for each in rulebook.levels))
    return scored.mutate(level=level).drop("veto")


def _read_pots(accounts: Table, rulebook: Rulebook, pots: Pots) -> dict[str, IntegerValue]:
    """Give what each pot holds, and the points of clean years."""
    names = [name_pot(number) for pot in pots.pots for number in pot.numbers]
    filled = {name: accounts[f"poured_{name}"].fill_null(0) for name in names}
    for rule in rulebook.streaks:
        if rule.id not in pots.intertwined and isinstance(rule.pricing, Streak):
            name = name_pot(pots.find_free(rule.dimension, 1 if rule.pricing.points > 0 else -1).number)
            filled[name] += price_years(accounts.clean, rule.pricing)
    return filled


def _freeze(sums: Sums, veto: IntegerValue) -> IntegerValue:
    """Give the points of a dimension: while a veto stands, only what is below nothing (`bounds.freeze`)."""
    return ((veto > NO_CAP).ifelse(0, sums.plus) + sums.minus).cast("int64")


def _find_rank(points: IntegerValue, rulebook: Rulebook) -> IntegerValue:
    bands = [(points >= level.at_least, level.rank) for level in rulebook.levels if level.at_least is not None]
    lowest = next((level for level in rulebook.levels if level.at_least is None), rulebook.levels[-1])
    return ibis.cases(*bands, else_=lowest.rank) if bands else ibis.literal(lowest.rank)


def _find_change(accounts: Table, rulebook: Rulebook, as_of: date) -> DateValue:
    """Give the first later day on which a record begins or lapses, or a clean year may be complete."""
    days = [accounts.facts_changes_on, accounts.poured_changes_on]
    if rulebook.streaks:
        days.append(accounts.since.notnull().ifelse(ibis.literal(new_year_after(as_of)), ibis.null("date")))
    return ibis.least(*days)
