"""What the home city may tell the host about a person, scope by scope, as far as the treaty goes.

Each function gives nothing when the treaty does not have the scope or the person stands below the lowest tier told, so
that a low level, an unknown person and a scope nobody agreed on look alike. Consent, dates, suspension of the treaty
and purposes are judged where they are kept, before any of these is asked.
"""

from bisect import bisect_right
from collections.abc import Collection
from typing import NamedTuple

from scenarios.catalogue import Wording
from scenarios.treaty import LOWEST_TIER_TOLD, Flag, Party, PartyLevel, Right, ScaleMap, Scope, Standing, Treaty


class LevelTold(NamedTuple):
    """A level at home with its common tier; code and title are those of the list in a city without levels."""

    code: str
    title: Wording
    tier: int


class ScoreTold(NamedTuple):
    """Points on the home scale, the bands of that scale best first, and the equivalent on the host's scale.

    Equivalent and the ends of the host's scale are None where the host has no scale.
    """

    points: int
    floor: int
    ceiling: int
    bands: tuple[PartyLevel, ...]
    equivalent: int | None
    host_floor: int | None
    host_ceiling: int | None


def find_tier(treaty: Treaty, home: str, standing: Standing) -> int | None:
    """Give the common tier of a standing: by its level, or in a city without levels by its best list.

    None for an unknown person and for a level or list of which the treaty does not know.
    """
    party = treaty.party(home)
    if party.levels:
        level = party.level(standing.level)
        return None if level is None else level.tier
    tiers = (party.lists[code].tier for code in standing.lists & party.lists.keys())
    return max((tier for tier in tiers if tier is not None), default=None)


def list_entitled(
    treaty: Treaty, *, home: str, host: str, standing: Standing, wanted: Collection[str]
) -> tuple[str, ...]:
    """List those of the wanted scenarios of the host to which a standing entitles, in order of their codes.

    None at all while incentives are suspended: who gets nothing at home gets nothing away.
    """
    if not _may_praise(treaty, Scope.ENTITLEMENT, home, standing):
        return ()
    party = treaty.party(home)
    entitled = {
        right.scenario
        for right in treaty.rights
        if (right.home, right.host) == (home, host) and right.scenario in wanted and _entitles(right, party, standing)
    }
    return tuple(sorted(entitled))


def describe_level(treaty: Treaty, *, home: str, standing: Standing) -> LevelTold | None:
    """Give the level at home and its tier; None when nothing may be told, and while incentives are suspended.

    By a level the host may give what the treaty names: it must say no more than `list_entitled` does.
    """
    if not _may_praise(treaty, Scope.LEVEL, home, standing):
        return None
    party = treaty.party(home)
    level = party.level(standing.level)
    if level is not None:
        return LevelTold(level.code, level.title, level.tier)
    tier = find_tier(treaty, home, standing)
    code = min(each for each in standing.lists & party.lists.keys() if party.lists[each].tier == tier)
    return LevelTold(code, party.lists[code].title, tier or LOWEST_TIER_TOLD)


def describe_score(treaty: Treaty, *, home: str, host: str, standing: Standing) -> ScoreTold | None:
    """Give the points with their scale and what they are worth on the host's; None as for `describe_level`.

    The equivalent never leaves the host's band of the person's tier: where a veto keeps the level below what the points
    alone would give, it stays at the top of that lower band. ValueError for points outside the scale in the treaty.
    """
    party, points = treaty.party(home), standing.points
    if points is None or not _may_praise(treaty, Scope.SCORE, home, standing):
        return None
    if party.floor is None or party.ceiling is None:
        return None
    scale_map, away = treaty.scale_map(home, host), treaty.party(host)
    equivalent = None
    if scale_map is not None:
        tier = find_tier(treaty, home, standing)
        highest = max(top for level, _, top in away.list_bands() if level.tier == tier)
        equivalent = min(convert(scale_map, points), highest)
    return ScoreTold(points, party.floor, party.ceiling, party.levels, equivalent, away.floor, away.ceiling)


def describe_flags(treaty: Treaty, *, home: str, standing: Standing, flags: Collection[Flag]) -> tuple[Flag, ...]:
    """Give those of a person's flags that the treaty lets be told, in order of their kinds."""
    if not _may_tell(treaty, Scope.RECORD_FLAGS, home, standing):
        return ()
    return tuple(
        sorted((flag for flag in flags if flag.kind in treaty.flags), key=lambda flag: (flag.kind, flag.basis))
    )


def convert(scale_map: ScaleMap, points: int) -> int:
    """Read points at home on the host's scale: along the line between two neighbours of the map, rounded down.

    ValueError for points that the map does not cover.
    """
    homes = [home for home, _ in scale_map.points]
    if not homes[0] <= points <= homes[-1]:
        message = f"{points} points lie outside the scale of {scale_map.home}, {homes[0]} to {homes[-1]}"
        raise ValueError(message)
    after = min(bisect_right(homes, points), len(homes) - 1)
    (left, low), (right, high) = scale_map.points[after - 1 : after + 1]
    return low + (points - left) * (high - low) // (right - left)


def _may_tell(treaty: Treaty, scope: Scope, home: str, standing: Standing) -> bool:
    tier = find_tier(treaty, home, standing)
    return scope in treaty.scopes and tier is not None and tier >= LOWEST_TIER_TOLD


def _may_praise(treaty: Treaty, scope: Scope, home: str, standing: Standing) -> bool:
    return _may_tell(treaty, scope, home, standing) and not standing.incentives_suspended


def _entitles(right: Right, party: Party, standing: Standing) -> bool:
    if right.on_list is not None:
        return right.on_list in standing.lists
    codes = [level.code for level in party.levels]
    return standing.level in codes[: codes.index(right.from_level or "") + 1]
