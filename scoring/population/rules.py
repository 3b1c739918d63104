"""What each rule gives to everybody, before anything bounds it."""

from collections.abc import Collection
from datetime import date, datetime

import ibis
from ibis.expr.types import Table

from scoring.population.choosing import Stages, choose_plain, make_stages
from scoring.population.clean_years import price_years
from scoring.population.columns import CityTables
from scoring.population.facts import note_facts
from scoring.pricing import Streak
from scoring.rulebook import Rulebook


def plan_rules(
    tables: CityTables,
    rulebook: Rulebook,
    *,
    as_of: date,
    known_at: datetime | None = None,
    stages: Stages | None = None,
    only: Collection[str] | None = None,
) -> Table:
    """Say how much each rule gives: to people with an account, by records that count, each for itself.

    Limits, groups, repeats, the freeze of a veto and what a record adds along a curve are left out: what is alone is
    compared. Columns: rule_id, people, records, points; rules that give nothing to anybody are left out, and all but
    those named in `only`. Clean years are no records. Figures of several parts of a city may be added up.
    """
    stages = make_stages(tables, rulebook, as_of=as_of, known_at=known_at) if stages is None else stages
    wanted = {number: rule for number, rule in enumerate(rulebook.rules) if only is None or rule.id in only}
    priced = stages.priced.filter(stages.priced.rule_no.isin(list(wanted)))
    plain = choose_plain(tables, priced, as_of=as_of, known_at=known_at)
    plain = plain.filter(plain.is_begun)
    judged = stages.judged.filter(stages.judged.counts, stages.judged.rule_no.isin(list(wanted)))
    columns = ("subject_no", "rule_no", "alone")
    counting = plain.select(columns).union(judged.select(columns)).semi_join(tables.accounts, "subject_no")
    by_person = counting.group_by("subject_no", "rule_no").aggregate(
        records=counting.count(), points=counting.alone.sum()
    )
    found = [_add_up(by_person)]
    accounts = note_facts(tables.accounts, stages.judged, rulebook, as_of)
    for number, rule in wanted.items():
        if isinstance(rule.pricing, Streak):
            years = accounts.filter(accounts.clean > 0)
            points = price_years(years.clean, rule.pricing)
            given = years.select(
                "subject_no", rule_no=ibis.literal(number, "int16"), records=ibis.literal(0, "int64"), points=points
            )
            found.append(_add_up(given))
    rows = ibis.union(*found) if len(found) > 1 else found[0]
    names = [(rows.rule_no == number, rule.id) for number, rule in wanted.items()]
    return rows.select("people", "records", "points", rule_id=ibis.cases(*names) if names else ibis.literal(""))


def _add_up(by_person: Table) -> Table:
    found = by_person.group_by("rule_no").aggregate(
        people=by_person.count(), records=by_person.records.sum(), points=by_person.points.sum()
    )
    return found.select("rule_no", *(found[name].cast("int64").name(name) for name in ("people", "records", "points")))
