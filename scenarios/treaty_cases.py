"""Cases within a treaty, in the words of those who sign it: a standing at home, and what the host is told of it."""

from typing import NamedTuple

from scenarios.treaty import Flag, FlagKind, Scope, Standing, Treaty, name_tier
from scenarios.treaty_parts import TIERS
from scenarios.treaty_telling import describe_flags, describe_level, describe_score, list_entitled
from scoring.documents import Table


class Told(NamedTuple):
    """What is told in each scope; empty and None where nothing is. `equivalent` is on the host's scale."""

    entitlement: tuple[str, ...]
    level: str | None
    points: int | None
    equivalent: int | None
    flags: tuple[str, ...]


# Which scope tells which part of a case.
SCOPE_OF = {
    "entitlement": Scope.ENTITLEMENT,
    "level": Scope.LEVEL,
    "points": Scope.SCORE,
    "equivalent": Scope.SCORE,
    "flags": Scope.RECORD_FLAGS,
}


class TreatyCase(NamedTuple):
    """One case; `flags` are those that the home city has of the person."""

    name: str
    home: str
    host: str
    standing: Standing
    flags: tuple[FlagKind, ...]
    told: Told


def read_cases(document: Table) -> tuple[TreatyCase, ...]:
    """Read the cases of a treaty; names and codes in them are checked when they run."""
    tables = document.tables("cases", "name")
    if not tables:
        document.fault("cases", "is missing or empty; a treaty shows in cases what is told")
    return tuple(_read_case(table) for table in tables)


def find_case_faults(case: TreatyCase, treaty: Treaty) -> list[str]:
    """Say where a case cannot be or does not hold, each with its place; empty when it holds."""
    place = f"cases[{case.name}]"
    if {case.home, case.host} != set(treaty.cities):
        return [f"{place}.home: {case.home} to {case.host} is not between the two cities, {', '.join(treaty.cities)}"]
    faults = [f"{place}.person.{fault}" for fault in _find_person_faults(case, treaty)]
    if faults:
        return faults
    found = tell_all(treaty, case)
    for part, scope in SCOPE_OF.items():
        expected, given = getattr(case.told, part), getattr(found, part)
        if scope not in treaty.scopes and expected not in (None, ()):
            faults.append(f"{place}.told.{part}: the treaty has no scope {scope}; leave it out")
        elif expected != given:
            faults.append(f"{place}.told.{part}: the treaty tells {_show(given)}, and the case says {_show(expected)}")
    return faults


def tell_all(treaty: Treaty, case: TreatyCase) -> Told:
    """Give what would be told of the person of a case in every scope, every consent given."""
    home, host, standing = case.home, case.host, case.standing
    wanted = treaty.list_scenarios(home=home, host=host)
    level = describe_level(treaty, home=home, standing=standing)
    score = describe_score(treaty, home=home, host=host, standing=standing)
    flags = [Flag(kind, treaty.basis, None) for kind in case.flags]
    return Told(
        entitlement=list_entitled(treaty, home=home, host=host, standing=standing, wanted=wanted),
        level=None if level is None else name_tier(level.tier),
        points=None if score is None else score.points,
        equivalent=None if score is None else score.equivalent,
        flags=tuple(str(flag.kind) for flag in describe_flags(treaty, home=home, standing=standing, flags=flags)),
    )


def _read_case(table: Table) -> TreatyCase:
    case = TreatyCase(
        name=table.text("name"),
        home=table.text("home"),
        host=table.text("host"),
        standing=_read_standing(table.table("person")),
        flags=tuple(FlagKind(kind) for kind in _read_flags(table)),
        told=_read_told(table),
    )
    table.finish()
    return case


def _read_standing(table: Table) -> Standing:
    standing = Standing(
        level=table.text("level") if table.has("level") else None,
        points=table.optional_integer("points"),
        lists=frozenset(table.texts("lists")),
        incentives_suspended=table.flag("incentives_suspended", default=False),
    )
    table.finish()
    return standing


def _read_told(case: Table) -> Told:
    if not case.has("told"):
        case.fault("told", "is missing; say what the host is told, `told = {}` when it is nothing")
    table = case.table("told")
    told = Told(
        entitlement=tuple(sorted(table.texts("entitlement"))),
        level=table.one_of("level", tuple(TIERS)) if table.has("level") else None,
        points=table.optional_integer("points"),
        equivalent=table.optional_integer("equivalent"),
        flags=tuple(sorted(_read_flags(table))),
    )
    table.finish()
    return told


def _read_flags(table: Table) -> tuple[str, ...]:
    flags = table.texts("flags")
    unknown = sorted(set(flags) - set(FlagKind))
    if unknown:
        table.fault("flags", f"{', '.join(unknown)} is not one of {', '.join(FlagKind)}")
    return tuple(flag for flag in flags if flag in set(FlagKind))


def _find_person_faults(case: TreatyCase, treaty: Treaty) -> list[str]:
    """Say what of a person cannot be in the home city: a level, list or number of points that it does not have."""
    party, standing = treaty.party(case.home), case.standing
    faults = []
    if standing.level is not None and party.level(standing.level) is None:
        named = ", ".join(level.code for level in party.levels) or "none"
        faults.append(f"level: {standing.level!r} is no level of {case.home}; there are {named}")
    unknown = sorted(standing.lists - party.lists.keys())
    faults.extend(f"lists: {code!r} is no list of {case.home} in this treaty" for code in unknown)
    if standing.points is not None and not any(low <= standing.points <= top for _, low, top in party.list_bands()):
        faults.append(f"points: {standing.points} lie on no scale of {case.home}")
    return faults


def _show(part: tuple[str, ...] | str | int | None) -> str:
    if isinstance(part, tuple):
        return ", ".join(part) or "nothing"
    return "nothing" if part is None else str(part)
