"""The plan: everybody's score of a city day, as one expression over the tables of records, later words and accounts."""

from datetime import date, datetime

import ibis
from ibis.expr.types import IntegerScalar, IntegerValue, Table

from scoring.days import new_year_after
from scoring.population.bounding import bound_lines
from scoring.population.columns import list_content
from scoring.population.knowing import know
from scoring.population.lining import (
    OF_RECORD,
    begins_or_lapses,
    draw_clean_years,
    draw_lines,
    keep_one_of_each_act,
    list_vetoes,
)
from scoring.population.weighing import weigh
from scoring.rulebook import Rulebook

NOT_CAPPED = -1


def plan_scores(
    records: Table, events: Table, accounts: Table, rulebook: Rulebook, *, as_of: date, known_at: datetime
) -> Table:
    """Say how the score of each account is found: what `evaluate` gives for it, a row each.

    The tables are as `columns` describes them. Columns: subject, points, level, incentives_suspended, changes_on, and
    `points_` with the code of each dimension. Records of whoever has no account count for nothing.
    """
    known = know(records, events, list_content(rulebook.catalogue), known_at)
    found = weigh(known, rulebook, as_of)
    weighed = found.filter(found.is_begun)
    lines = draw_lines(keep_one_of_each_act(weighed, rulebook), rulebook, as_of)
    years = draw_clean_years(weighed, accounts, rulebook, as_of)
    bounded = bound_lines(lines if years is None else lines.union(years), rulebook)
    sums = _add_up(bounded, rulebook)
    changes = begins_or_lapses(found, as_of).rename(changing="subject")
    summed = accounts.left_join(sums, accounts.subject == sums.summed).select(
        "subject", "since", *(name for name in sums.columns if name != "summed")
    )
    joined = summed.left_join(changes, summed.subject == changes.changing)
    points = {name: joined[name].fill_null(0) for name in _name_dimensions(rulebook)}
    total = sum(points.values(), start=ibis.literal(rulebook.base, "int64"))
    score = ibis.greatest(ibis.least(total, rulebook.ceiling), rulebook.floor)
    scored = joined.select(
        "subject",
        points=score.cast("int64"),
        cap=joined.cap.fill_null(NOT_CAPPED),
        incentives_suspended=joined.vetoes.fill_null(0) > 0,
        changes_on=_find_change(joined, rulebook, as_of),
        **{name: value.cast("int64") for name, value in points.items()},
    )
    rank = ibis.greatest(_find_rank(scored.points, rulebook), scored.cap)
    level = ibis.cases(*((rank == each.rank, each.code) for each in rulebook.levels))
    return scored.mutate(level=level).drop("cap")


def _name_dimensions(rulebook: Rulebook) -> dict[str, str]:
    return {f"points_{dimension.code}": dimension.code for dimension in rulebook.dimensions}


def _add_up(lines: Table, rulebook: Rulebook) -> Table:
    """Sum what is left by dimension; while a veto stands only what is below nothing (`bounds.freeze`)."""
    severities = list_vetoes(rulebook)
    is_veto = lines.rule_no.isin(list(severities)) & (lines.turn == OF_RECORD)
    caps = [(is_veto & (lines.rule_no == number), rank) for number, rank in severities.items()]
    cap: IntegerValue | IntegerScalar = ibis.cases(*caps, else_=NOT_CAPPED) if caps else ibis.literal(NOT_CAPPED)
    marked = lines.mutate(is_veto=is_veto, cap=cap)
    sums = {}
    for name, code in _name_dimensions(rulebook).items():
        rules = [number for number, rule in enumerate(rulebook.rules) if rule.dimension == code]
        inside = marked.rule_no.isin(rules)
        sums[f"{name}_all"] = marked.left.sum(where=inside)
        sums[f"{name}_minus"] = marked.left.sum(where=inside & (marked.left < 0))
    found = marked.group_by(summed="subject").aggregate(vetoes=marked.is_veto.sum(), cap=marked.cap.max(), **sums)
    return found.select(
        "summed",
        "vetoes",
        "cap",
        **{
            name: (found.vetoes > 0).ifelse(found[f"{name}_minus"].fill_null(0), found[f"{name}_all"].fill_null(0))
            for name in _name_dimensions(rulebook)
        },
    )


def _find_rank(points: IntegerValue, rulebook: Rulebook) -> IntegerValue:
    bands = [(points >= level.at_least, level.rank) for level in rulebook.levels if level.at_least is not None]
    lowest = next((level for level in rulebook.levels if level.at_least is None), rulebook.levels[-1])
    return ibis.cases(*bands, else_=lowest.rank) if bands else ibis.literal(lowest.rank)


def _find_change(joined: Table, rulebook: Rulebook, as_of: date) -> ibis.expr.types.DateValue:
    if not rulebook.streaks:
        return joined.changes_on
    new_year = joined.since.notnull().ifelse(ibis.literal(new_year_after(as_of)), ibis.null("date"))
    return ibis.least(joined.changes_on, new_year)
