"""Parties, rights, maps and duties of a treaty from their tables; what each says by itself is checked here."""

import re
from collections.abc import Iterator
from datetime import timedelta
from types import MappingProxyType
from typing import TypeGuard, cast

from scenarios.catalogue import Wording
from scenarios.entry_document import read_wording
from scenarios.treaty import (
    BEST_TIER,
    LOWEST_TIER,
    Duties,
    Duty,
    Party,
    PartyLevel,
    PartyList,
    Right,
    ScaleMap,
    name_tier,
)
from scoring.documents import Table

TIERS = {name_tier(tier): tier for tier in range(BEST_TIER, LOWEST_TIER - 1, -1)}
FEWEST_POINTS = 2
# Ours: PIPL Art. 47 and 57 want both without delay and name no number of hours.
LONGEST_TERM_HOURS = MappingProxyType({Duty.DELETION: 7 * 24, Duty.BREACH_NOTICE: 72})


def read_parties(document: Table) -> dict[str, Party]:
    """Read the parties by their city; a city that stands twice is a fault."""
    parties: dict[str, Party] = {}
    for table in document.tables("parties", "city"):
        party = _read_party(table)
        if party.city in parties:
            table.fault("city", f"{party.city} stands twice; each city is a party once")
        parties[party.city] = party
    return parties


def read_rights(document: Table) -> tuple[Right, ...]:
    """Read the rights in the order of the document."""
    return tuple(_read_right(table) for table in document.tables("rights", "scenario"))


def read_maps(document: Table) -> tuple[ScaleMap, ...]:
    """Read the maps between scales in the order of the document."""
    return tuple(_read_map(table) for table in document.tables("maps", "home"))


def read_duties(document: Table) -> Duties:
    """Read the duties; each has its words, and a term stands in the words as it stands in hours."""
    if not document.has("duties"):
        document.fault("duties", f"is missing; say what both cities owe: {', '.join(Duty)}")
    table = document.table("duties")
    texts = {duty: read_wording(table, duty) for duty in Duty}
    terms = {duty: _read_term(table, duty, texts[duty]) for duty in LONGEST_TERM_HOURS}
    table.finish()
    return Duties(texts=MappingProxyType(texts), deletion=terms[Duty.DELETION], breach_notice=terms[Duty.BREACH_NOTICE])


def _read_term(table: Table, duty: Duty, wording: Wording) -> timedelta:
    key, longest = f"{duty}_hours", LONGEST_TERM_HOURS[duty]
    hours = table.integer(key)
    if not 1 <= hours <= longest:
        if table.has(key):
            table.fault(key, f"{hours} is not from 1 to {longest}")
        return timedelta()
    if not all(str(hours) in re.findall(r"\d+", text) for text in (wording.zh, wording.en)):
        table.fault(duty, f"does not name the term of {hours} hours in both languages; let words and {key} agree")
    return timedelta(hours=hours)


def _read_party(table: Table) -> Party:
    floor, ceiling = _read_scale(table)
    levels = tuple(_read_level(each) for each in table.tables("levels", "code"))
    party = Party(
        city=table.text("city"),
        title=read_wording(table, "title"),
        authority=read_wording(table, "authority"),
        contact=read_wording(table, "contact"),
        region=table.text("region"),
        floor=floor,
        ceiling=ceiling,
        levels=levels,
        lists=_read_lists(table),
    )
    for key, fault in _find_faults(party):
        table.fault(key, fault)
    table.finish()
    return party


def _read_scale(table: Table) -> tuple[int | None, int | None]:
    if not table.has("scale"):
        return None, None
    scale = table.table("scale")
    floor, ceiling = scale.integer("floor"), scale.integer("ceiling")
    if floor >= ceiling:
        scale.fault("ceiling", f"{ceiling} does not lie above the floor, {floor}")
    scale.finish()
    return floor, ceiling


def _read_level(table: Table) -> PartyLevel:
    level = PartyLevel(
        code=table.code("code"),
        title=read_wording(table, "title"),
        tier=TIERS[table.one_of("tier", tuple(TIERS))],
        at_least=table.optional_integer("at_least"),
    )
    table.finish()
    return level


def _read_lists(party: Table) -> dict[str, PartyList]:
    lists: dict[str, PartyList] = {}
    for table in party.tables("lists", "code"):
        code = table.code("code")
        if code in lists:
            table.fault("code", f"{code} stands twice; each list needs a code of its own")
        tier = TIERS[table.one_of("tier", tuple(TIERS))] if table.has("tier") else None
        lists[code] = PartyList(title=read_wording(table, "title"), tier=tier)
        table.finish()
    return lists


def _find_faults(party: Party) -> Iterator[tuple[str, str]]:
    """Give what is wrong within a party, each with its key."""
    codes = [level.code for level in party.levels]
    if len(set(codes)) != len(codes):
        yield "levels", "names one twice; each level stands once, the best first"
    if not party.levels and not party.lists:
        yield "levels", "is empty, and there is no list either; nobody from there could be told of"
    tiers = [level.tier for level in party.levels]
    if tiers != sorted(tiers, reverse=True):
        yield "levels", "rise in tier; they stand best first, each of the tier of the one before or below it"
    for code, each in party.lists.items():
        if party.levels and each.tier is not None:
            yield "lists", f"gives {code} a tier, and the city has levels; leave it out, the level decides"
        if not party.levels and each.tier is None:
            yield "lists", f"gives {code} no tier, and the city has no levels; say for which tier the list stands"
    yield from _find_scale_faults(party)


def _find_scale_faults(party: Party) -> Iterator[tuple[str, str]]:
    bounds = [level.at_least for level in party.levels]
    if party.floor is None or party.ceiling is None:
        if any(bound is not None for bound in bounds):
            yield "levels", "begin at points, and the city has no scale; give scale, or leave at_least out"
        return
    given = [bound for bound in bounds if bound is not None]
    if not party.levels or len(given) != len(bounds):
        yield "levels", "of a city with a scale say from how many points on they are reached; give each its at_least"
        return
    if given != sorted(set(given), reverse=True):
        yield "levels", "stand best first, each at_least below the one before"
    if given[-1] != party.floor or given[0] > party.ceiling:
        yield "levels", f"do not cover the scale; the last begins at {party.floor}, the first by {party.ceiling}"


def _read_right(table: Table) -> Right:
    right = Right(
        host=table.text("host"),
        scenario=table.text("scenario"),
        home=table.text("home"),
        from_level=table.text("from_level") if table.has("from_level") else None,
        on_list=table.text("on_list") if table.has("on_list") else None,
    )
    if (right.from_level is None) == (right.on_list is None):
        table.fault("from_level", "or on_list, one of the two, says which visitors have the right")
    table.finish()
    return right


def _read_map(table: Table) -> ScaleMap:
    scale_map = ScaleMap(home=table.text("home"), host=table.text("host"), points=_read_points(table))
    homes, hosts = [home for home, _ in scale_map.points], [host for _, host in scale_map.points]
    if homes != sorted(set(homes)):
        table.fault("points", "do not ascend at home; each pair begins above the one before")
    if hosts != sorted(hosts):
        table.fault("points", "fall at the host; whoever has more points at home never has less there")
    table.finish()
    return scale_map


def _read_points(table: Table) -> tuple[tuple[int, int], ...]:
    """Read pairs of points; what is not such a list is one fault and reads as none."""
    given = table.raw("points")
    pairs = cast("list[object]", given) if isinstance(given, list) else []
    points = tuple((pair[0], pair[1]) for pair in pairs if _is_pair(pair))
    if len(points) != len(pairs) or len(points) < FEWEST_POINTS:
        table.fault("points", "is not a list of at least two pairs [home, host] of whole numbers")
        return ()
    return points


def _is_pair(value: object) -> TypeGuard[list[int]]:
    wanted = 2
    return isinstance(value, list) and [type(each) for each in value] == [int] * wanted
