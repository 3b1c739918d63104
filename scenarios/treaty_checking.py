"""What is wrong with a treaty as a whole: between its parties, against their catalogues, and on the calendar."""

from collections import Counter
from collections.abc import Iterator, Mapping

from scenarios.catalogue import ScenarioCatalogue
from scenarios.treaty import LOWEST_TIER_TOLD, OPEN, Party, Right, ScaleMap, Scope, Treaty, name_tier
from scenarios.treaty_telling import convert

LONGEST_YEARS = 5
REGION_DIGITS = 6
TOLD = f"{name_tier(LOWEST_TIER_TOLD)} or above"


def find_treaty_defects(treaty: Treaty, catalogues: Mapping[str, ScenarioCatalogue]) -> list[str]:
    """Say what makes a treaty unusable, each with its place and what would be right; empty when it is sound.

    A city that `catalogues` leaves out is believed what the treaty says of its levels, lists and scenarios.
    """
    found = list(_find_head_faults(treaty))
    for city, party in treaty.parties.items():
        found.extend(f"parties[{city}]{fault}" for fault in _find_party_faults(party, catalogues.get(city)))
    if set(treaty.parties) != set(treaty.cities):
        return found  # rights and maps would only repeat it
    found.extend(_find_right_faults(treaty, catalogues))
    found.extend(_find_map_faults(treaty))
    return found


def find_open_parties(treaty: Treaty) -> list[str]:
    """Say which party is not named yet, each with its place; whoever signs for a city says who processes for it."""
    return [
        f"parties[{city}]: authority or contact is open ({OPEN.en}); name who processes for {city}, and how to reach it"
        for city, party in treaty.parties.items()
        if not party.is_named
    ]


def _find_head_faults(treaty: Treaty) -> Iterator[str]:
    if set(treaty.parties) != set(treaty.cities):
        named, given = ", ".join(treaty.cities), ", ".join(treaty.parties) or "(none)"
        yield f"parties: are {given}; give exactly the two cities of the treaty, {named}"
    if treaty.ends_on <= treaty.starts_on:
        yield f"treaty.ends_on: {treaty.ends_on} is no day after its start; it would never be in force"
    elif _is_long(treaty):
        yield f"treaty.ends_on: {treaty.ends_on} is more than five years after its start; sign anew by then"
    if (Scope.RECORD_FLAGS in treaty.scopes) != bool(treaty.flags):
        yield "treaty.flags: go with the scope record_flags, and it with them; give both or neither"
    if treaty.questions_day is not None and treaty.questions_day < treaty.questions_person_day:
        least = treaty.questions_person_day
        yield f"treaty.questions_day: {treaty.questions_day} lies below what one person may be asked about, {least}"
    if (Scope.ENTITLEMENT in treaty.scopes) != bool(treaty.rights):
        yield "rights: go with the scope entitlement, and it with them; give both or neither"
    if (Scope.SCORE in treaty.scopes) and not any(party.has_scale for party in treaty.parties.values()):
        yield "treaty.scopes: names score, and neither city has a scale; leave it out"
    if len({party.region for party in treaty.parties.values()}) != len(treaty.parties):
        yield "parties: share a region; each city has a code of its own"


def _is_long(treaty: Treaty) -> bool:
    starts_on, ends_on = treaty.starts_on, treaty.ends_on
    latest = starts_on.year + LONGEST_YEARS, starts_on.month, starts_on.day
    return (ends_on.year, ends_on.month, ends_on.day) > latest


def _find_party_faults(party: Party, catalogue: ScenarioCatalogue | None) -> Iterator[str]:
    if len(party.region) != REGION_DIGITS or not party.region.isascii() or not party.region.isdigit():
        yield f".region: {party.region!r} is not a code of GB/T 2260; give six digits such as 410100"
    if party.floor is not None and party.ceiling == party.floor + 1:
        yield f".scale: from {party.floor} to {party.ceiling} is yes or no, and no score; give a list in its place"
    for code, each in party.lists.items():
        if each.tier is not None and each.tier < LOWEST_TIER_TOLD:
            yield f".lists[{code}].tier: is {name_tier(each.tier)}, of which nothing is told; give {TOLD}"
    if catalogue is not None:
        yield from _find_catalogue_faults(party, catalogue)


def _find_catalogue_faults(party: Party, catalogue: ScenarioCatalogue) -> Iterator[str]:
    if catalogue.region != party.region:
        yield f".region: {party.region} is not that of the city's catalogue, {catalogue.region}"
    codes = tuple(level.code for level in party.levels)
    if codes and codes != catalogue.levels:
        given = ", ".join(catalogue.levels) or "none; leave levels and scale out"
        yield f".levels: are not those of the city's catalogue; it has {given}"
    excluding = {code for scenario in catalogue.scenarios.values() for code in scenario.condition.on_none_of}
    for code in party.lists:
        if code not in catalogue.lists:
            yield f".lists[{code}]: is no list of the city's catalogue; it has {', '.join(catalogue.lists) or 'none'}"
        elif code in excluding:
            yield f".lists[{code}]: keeps people from benefits at home; name a list of honour"


def _find_right_faults(treaty: Treaty, catalogues: Mapping[str, ScenarioCatalogue]) -> Iterator[str]:
    times = Counter(
        (right.host, right.scenario, right.home, right.from_level is None, right.on_list) for right in treaty.rights
    )
    for (host, scenario, home, *_), count in times.items():
        if count > 1:
            yield f"rights[{scenario}]: stands {count} times in {host} for {home}; one says from where on it holds"
    for right in treaty.rights:
        place = f"rights[{right.scenario}]"
        if {right.host, right.home} != set(treaty.cities):
            named = ", ".join(treaty.cities)
            yield f"{place}.host: {right.host} for visitors from {right.home} is not between the two cities, {named}"
            continue
        yield from (f"{place}{fault}" for fault in _find_threshold_faults(right, treaty.party(right.home)))
        if right.host in catalogues:
            yield from (f"{place}{fault}" for fault in _find_scenario_faults(right, treaty, catalogues[right.host]))


def _find_threshold_faults(right: Right, home: Party) -> Iterator[str]:
    if right.on_list is not None and right.on_list not in home.lists:
        named = ", ".join(home.lists) or "none"
        yield f".on_list: {right.on_list!r} is no list of {home.city} in this treaty; there are {named}"
    if right.from_level is None:
        return
    level = home.level(right.from_level)
    told = ", ".join(each.code for each in home.levels if each.tier >= LOWEST_TIER_TOLD) or "none"
    if level is None:
        yield f".from_level: {right.from_level!r} is no level of {home.city}; there are {told}"
    elif level.tier < LOWEST_TIER_TOLD:
        yield f".from_level: {level.code} is {name_tier(level.tier)}, of which nothing is told; give one of {told}"


def _find_scenario_faults(right: Right, treaty: Treaty, catalogue: ScenarioCatalogue) -> Iterator[str]:
    scenario = catalogue.scenarios.get(right.scenario)
    if scenario is None:
        yield f".scenario: is none of {right.host}; there are {', '.join(sorted(catalogue.scenarios))}"
        return
    last = scenario.ends_on
    if scenario.starts_on >= treaty.ends_on or (last is not None and last <= treaty.starts_on):
        yield f".scenario: is never open in {right.host} while the treaty is in force; leave it out"
    if scenario.condition.least_age is not None or scenario.condition.greatest_age is not None:
        yield f".scenario: asks in {right.host} for an age, and no scope tells one; leave it out"


def _find_map_faults(treaty: Treaty) -> Iterator[str]:
    given = Counter((each.home, each.host) for each in treaty.maps)
    one, other = treaty.cities
    is_needed = Scope.SCORE in treaty.scopes and all(treaty.party(city).has_scale for city in treaty.cities)
    for home, host in ((one, other), (other, one)):
        if is_needed and (home, host) not in given:
            yield f"maps: there is none from {home} to {host}; the scope score needs both directions"
    for scale_map in treaty.maps:
        place = f"maps[{scale_map.home}]"
        if not is_needed or {scale_map.home, scale_map.host} != set(treaty.cities):
            yield f"{place}: maps go from one of the two cities to the other, with the scope score and two scales"
        elif given[scale_map.home, scale_map.host] > 1:
            yield f"{place}: stands twice for {scale_map.host}; one map says how points read there"
        else:
            yield from (f"{place}.points: {fault}" for fault in _find_point_faults(scale_map, treaty))


def _find_point_faults(scale_map: ScaleMap, treaty: Treaty) -> Iterator[str]:
    home, host = treaty.party(scale_map.home), treaty.party(scale_map.host)
    first, last = scale_map.points[0], scale_map.points[-1]
    if (first[0], last[0]) != (home.floor, home.ceiling):
        yield f"run from {first[0]} to {last[0]}; cover the whole scale of {home.city}, {home.floor} to {home.ceiling}"
        return
    if (first[1], last[1]) != (host.floor, host.ceiling):
        yield f"read there from {first[1]} to {last[1]}; {host.city} goes from {host.floor} to {host.ceiling}"
        return
    edges = _list_edges(host)
    for tier, (lowest, highest) in _list_edges(home).items():
        if tier not in edges:
            yield f"{lowest} to {highest} is {name_tier(tier)}, of which {host.city} has no level; leave score out"
            continue
        # Both maps and tiers ascend: where the ends of a tier stay within it, all points between them do.
        low, high = convert(scale_map, lowest), convert(scale_map, highest)
        if low != edges[tier][0]:
            yield (
                f"{lowest}, where {name_tier(tier)} begins, reads as {low} in {host.city}, where it begins at"
                f" {edges[tier][0]}; let the edges meet"
            )
        if high > edges[tier][1]:
            yield f"{highest} ({name_tier(tier)}) reads as {high} in {host.city}, which is a better tier; end it below"


def _list_edges(party: Party) -> dict[int, tuple[int, int]]:
    """Give the lowest and highest number of points of each tier of a city."""
    edges: dict[int, tuple[int, int]] = {}
    for level, lowest, highest in party.list_bands():
        edges[level.tier] = lowest, max(highest, edges.get(level.tier, (lowest, highest))[1])
    return edges
