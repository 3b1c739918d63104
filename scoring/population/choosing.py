"""Which records are poured as they are, and which must be judged one by one."""

from datetime import date, datetime
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from scoring.population.cells import list_cells
from scoring.population.columns import CityTables
from scoring.population.knowing import find_fates, follow, know_records, leave_untouched
from scoring.population.lining import judge, judge_acts
from scoring.population.pots import make_pots
from scoring.population.weighing import NO_POT, price_contents, weigh
from scoring.rulebook import Rulebook


class Stages(NamedTuple):
    """What is worth keeping on the way, as it is read more than once: `price_contents` and `judge_special`."""

    priced: Table
    judged: Table


def make_stages(tables: CityTables, rulebook: Rulebook, *, as_of: date, known_at: datetime | None = None) -> Stages:
    """Say how the first steps are made, where nobody keeps them."""
    priced = price_contents(tables.contents, rulebook, as_of)
    return Stages(priced, judge_special(tables, rulebook, priced, as_of=as_of, known_at=known_at))


def judge_special(
    tables: CityTables, rulebook: Rulebook, priced: Table, *, as_of: date, known_at: datetime | None = None
) -> Table:
    """Give the records that must be judged one by one, lapsed ones among them, and the judgement (`judge_acts`).

    They were touched by a later word, share an act, speak against the person, or are intertwined.
    """
    fates = find_fates(tables, known_at)
    marked = know_records(tables.marked, known_at)
    shared = _mark_untouched(leave_untouched(marked.filter(marked.act.notnull()), fates))
    touched = follow(marked, fates)
    together = weigh(shared.union(touched.select(shared.columns)), priced, rulebook)
    alone = know_records(tables.records, known_at)
    alone = alone.filter(alone.act.isnull())
    if not make_pots(rulebook, list_cells(rulebook), as_of).intertwined:
        alone = alone.mutate(record_hi=ibis.literal(0, "int64"), record_lo=ibis.literal(0, "int64"))  # order nothing
    singled = weigh(alone, priced.filter(priced.is_adverse | (priced.pot == NO_POT)), rulebook)
    nothing = ibis.literal(False)  # noqa: FBT003 - the value of a column
    judged = judge(_mark_untouched(leave_untouched(singled, fates)).mutate(is_behind=nothing), as_of)
    return judged.union(judge_acts(together, as_of).select(judged.columns))


def _mark_untouched(weighed: Table) -> Table:
    return weighed.mutate(suspended=ibis.literal(False)).drop("known_at")  # noqa: FBT003 - the value of a column


def choose_plain(tables: CityTables, priced: Table, *, as_of: date, known_at: datetime | None = None) -> Table:
    """Choose what counts whatever else there is: plus, alone about its act, never touched, and not lapsed.

    What has not begun is among it, and marked by `is_begun`; it counts for nothing but the next change.
    """
    simple = priced.filter(~priced.is_adverse, priced.pot != NO_POT)
    records = know_records(tables.records, known_at)
    joined = records.filter(records.act.isnull()).inner_join(simple, "content_no").drop("content_no")
    day = joined.from_end.ifelse(joined.ended_on, joined.occurred_on)
    alive = joined.filter(day.isnull() | (day >= joined.alive_from) | (joined.occurred_on > as_of))
    plain = leave_untouched(alive, find_fates(tables, known_at))
    return plain.mutate(is_begun=plain.occurred_on <= as_of)
