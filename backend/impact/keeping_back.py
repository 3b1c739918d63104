"""Which figures of a report are cells, which sums hold between them, and the report without the ones kept back."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from backend.impact.benefits import list_levels_from
from backend.impact.figures import BenefitChange, GroupRow, Impact, Trait
from backend.impact.small_cells import Cell, Sum, hide_cells
from backend.impact.tallying import Change, find_places

_SUSPENDED = ("suspended_before", "suspended_after", "newly_suspended", "no_longer_suspended")
_HAPPENS = ("rises", "falls", "level_rises", "level_falls")
_OFFERED = ("before", "after", "gained", "lost")
_HOLDERS = ("rises", "falls")


def keep_back(impact: Impact, change: Change) -> Impact:
    """Keep back the cells of fewer people than `least_group`, and those that would give them away."""
    told, sums = dict(_list_cells(impact)), tuple(_list_sums(impact, change))
    stay = {cell for cell in told if cell[0] in {"level", "group"} or cell == ("totals", "people")}
    hidden = hide_cells(told, sums, impact.least_group, stay=stay)
    hide = partial(_hide, hidden)
    totals = replace(impact.totals, **hide(impact.totals, ("totals",), (*_HAPPENS, *_SUSPENDED)))
    knows_falls = {"falls": totals.falls is not None, "level_falls": totals.level_falls is not None}
    return replace(
        impact,
        totals=totals,
        moves=tuple(
            replace(each, people=None) if ("move", each.before, each.after) in hidden else each for each in impact.moves
        ),
        changes=tuple(
            replace(each, people=None) if ("change", str(place)) in hidden else each
            for place, each in enumerate(impact.changes)
        ),
        groupings=tuple(
            replace(each, rows=tuple(_hide_row(row, each.trait, hidden, knows_falls) for row in each.rows))
            for each in impact.groupings
        ),
        benefits=tuple(_hide_benefit(each, hidden) for each in impact.benefits),
        rules=tuple(replace(each, **hide(each, ("rule", each.rule_id), _HOLDERS)) for each in impact.rules),
    )


def _hide(hidden: Collection[Cell], figures: object, head: Cell, names: Collection[str]) -> dict[str, Any]:
    """Name the fields of some figures that are kept back."""
    return {name: None for name in names if (*head, name) in hidden and getattr(figures, name) is not None}


def _hide_row(row: GroupRow, trait: Trait, hidden: Collection[Cell], knows_falls: Mapping[str, bool]) -> GroupRow:
    """A ratio tells of the falls of a group and of all people; who stands out falls in numbers."""
    row = replace(row, **_hide(hidden, row, ("happens", trait.value, row.code), _HAPPENS))
    if row.falls is None or not knows_falls["falls"]:
        row = replace(row, fall_ratio_percent=None, falls_stand_out=False)
    if row.level_falls is None or not knows_falls["level_falls"]:
        row = replace(row, level_fall_ratio_percent=None, level_falls_stand_out=False)
    return row


def _hide_benefit(benefit: BenefitChange, hidden: Collection[Cell]) -> BenefitChange:
    gone = _hide(hidden, benefit, ("benefit", benefit.code), _OFFERED)
    return replace(benefit, **gone | {f"{name}_fen": None for name in gone})


def _list_cells(impact: Impact) -> Iterator[tuple[Cell, int | None]]:
    totals = impact.totals
    yield from ((("totals", name), getattr(totals, name)) for name in ("people", *_HAPPENS, *_SUSPENDED))
    for level in impact.levels:
        yield ("level", level.code, "before"), level.before
        yield ("level", level.code, "after"), level.after
    yield from ((("move", each.before, each.after), each.people) for each in impact.moves)
    yield from ((("change", str(place)), each.people) for place, each in enumerate(impact.changes))
    for trait, row in impact.list_rows():
        yield ("group", trait.value, row.code), row.people
        yield from ((("happens", trait.value, row.code, name), getattr(row, name)) for name in _HAPPENS)
    for benefit in impact.benefits:
        yield from ((("benefit", benefit.code, name), getattr(benefit, name)) for name in _OFFERED)
    for rule in impact.rules:
        yield from ((("rule", rule.rule_id, name), getattr(rule, name)) for name in _HOLDERS)


def _list_sums(impact: Impact, change: Change) -> Iterator[Sum]:
    people: Cell = ("totals", "people")
    for kind in ("", "level_"):
        yield Sum(people, (("totals", f"{kind}rises"), ("totals", f"{kind}falls"), ("totals", f"{kind}same")))
    yield from _list_level_sums(impact, change)
    for grouping in impact.groupings:
        trait, codes = grouping.trait.value, [row.code for row in grouping.rows]
        yield Sum(people, tuple(("group", trait, code) for code in codes))
        for name in _HAPPENS:
            yield Sum(("totals", name), tuple(("happens", trait, code, name) for code in codes))
        for code in codes:
            for kind in ("", "level_"):
                names = (f"{kind}rises", f"{kind}falls", f"{kind}same")
                yield Sum(("group", trait, code), tuple(("happens", trait, code, name) for name in names))
    for name, is_inside in (("rises", _is_gain), ("falls", _is_loss)):
        inside = [place for place, band in enumerate(impact.changes) if is_inside(band.least, band.most)]
        yield Sum(("totals", name), tuple(("change", str(place)) for place in inside))
    suspended: Cell = ("kept", "suspended")
    yield Sum(("totals", "suspended_before"), (suspended, ("totals", "no_longer_suspended")))
    yield Sum(("totals", "suspended_after"), (suspended, ("totals", "newly_suspended")))
    yield from _list_benefit_sums(impact, change)
    for rule in impact.rules:
        for name in _HOLDERS:
            yield Sum(("totals", name), (("rule", rule.rule_id, name), ("no holder", rule.rule_id, name)))


def _is_gain(least: int | None, _most: int | None) -> bool:
    return least is not None and least > 0


def _is_loss(_least: int | None, most: int | None) -> bool:
    return most is not None and most < 0


def _list_level_sums(impact: Impact, change: Change) -> Iterator[Sum]:
    places, ranks = find_places(change.old, change.new), {level.code: level.rank for level in change.new.levels}
    for when in ("before", "after"):
        yield Sum(("totals", "people"), tuple(("level", level.code, when) for level in impact.levels))
    moves: dict[Cell, list[Cell]] = {}
    for each in impact.moves:
        climb = places[each.before] - ranks[each.after]
        moves.setdefault(("level", each.before, "before"), []).append(("move", each.before, each.after))
        moves.setdefault(("level", each.after, "after"), []).append(("move", each.before, each.after))
        if climb:
            name = "level_rises" if climb > 0 else "level_falls"
            for whole in (("totals", name), ("happens", Trait.LEVEL.value, each.before, name)):
                moves.setdefault(whole, []).append(("move", each.before, each.after))
    rows = {row.code for trait, row in impact.list_rows() if trait is Trait.LEVEL}
    for code in rows:  # the same people by two names
        yield Sum(("level", code, "before"), (("group", Trait.LEVEL.value, code),))
    yield from (Sum(whole, tuple(parts)) for whole, parts in moves.items() if whole[0] != "happens" or whole[2] in rows)


def _list_benefit_sums(impact: Impact, change: Change) -> Iterator[Sum]:
    """Who keeps, gains and loses a scenario; of one from a level on that is, nearly, who moves over its edge."""
    catalogues = (change.old_benefits, change.new_benefits)
    for benefit in impact.benefits:
        code = benefit.code
        kept: Cell = ("kept", code)
        yield Sum(("benefit", code, "before"), (kept, ("benefit", code, "lost")))
        yield Sum(("benefit", code, "after"), (kept, ("benefit", code, "gained")))
        reached: list[set[str]] = []
        for catalogue in catalogues:
            scenario = None if catalogue is None else catalogue.scenarios.get(code)
            if catalogue is not None and scenario is not None and scenario.condition.level is not None:
                reached.append(set(list_levels_from(catalogue, scenario.condition.level)))
        if len(reached) == len(catalogues):
            old, new = reached
            over = [(each, each.before in old, each.after in new) for each in impact.moves]
            for name, wanted in (("gained", (False, True)), ("lost", (True, False))):
                parts = tuple(
                    ("move", each.before, each.after) for each, *crossing in over if tuple(crossing) == wanted
                )
                if parts:
                    yield Sum(("benefit", code, name), parts)
