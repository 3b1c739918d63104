"""What may be told of a person in one scope of a treaty, now: the content of an answer, or nothing and why.

Nothing is the same content whatever the cause. Everything is weighed before anything is left out, a stand-in like a
score that was kept, so that the work of a nothing does not tell why it is one. Only of somebody who has consented is a
score computed that was not kept right.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from backend.clock import format_moment, today
from backend.disclosures.flags import list_flags
from backend.disclosures.person_tables import ConsentsAsked, KnownPerson
from backend.disclosures.scopes import PURPOSE, name_recipient, name_scope, name_terms
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.gateways.sealing import Sealer
from backend.scores.current import Basis, compute_score, is_right, name_rules
from backend.scores.tables import NewScore
from backend.web.problems import Refusal
from scenarios.decision import list_standing
from scenarios.treaty import LOWEST_TIER_TOLD, Flag, FlagKind, Scope, Standing, Treaty, TreatyPurpose, name_tier
from scenarios.treaty_telling import describe_flags, describe_level, describe_score, find_tier, list_entitled

Content = dict[str, Any]
# What each scope says when there is nothing to tell; the one member of its content.
_NOTHING: Mapping[Scope, tuple[str, type[list[Any]] | None]] = MappingProxyType(
    {
        Scope.ENTITLEMENT: ("entitlements", list),
        Scope.LEVEL: ("level", None),
        Scope.SCORE: ("score", None),
        Scope.RECORD_FLAGS: ("flags", list),
    }
)


class Silence(StrEnum):
    """Why nothing is told; for the person alone."""

    NOT_ENROLLED = "not_enrolled"
    IDENTITY_IN_DOUBT = "identity_in_doubt"
    PAUSED = "paused"
    NO_CONSENT = "no_consent"
    LOW_TIER = "low_tier"
    SUSPENDED = "suspended"
    NOTHING_THERE = "nothing_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What it takes to weigh somebody: scenarios and rules of this city, the sealer and the pseudonyms."""

    benefits: CityBenefits
    rules: CityRules
    sealer: Sealer = field(repr=False)
    pseudonyms: Pseudonyms = field(repr=False)

    @property
    def city(self) -> str:
        """The code of this city, the home of those it answers about."""
        return self.rules.city


class Wanted(NamedTuple):
    """What a city wants to know under a treaty: a scope, and under `entitlement` about which of its scenarios."""

    treaty: Treaty
    host: str
    scope: Scope
    scenarios: tuple[str, ...]

    def list_parts(self) -> tuple[str, ...]:
        """List what each needs a consent: every scenario, or the scope as a whole."""
        return self.scenarios if self.scope is Scope.ENTITLEMENT else (self.scope.value,)

    def name_consents(self, purpose: TreatyPurpose) -> ConsentsAsked:
        """Name the consents that let it be told for a purpose; one to the whole scope covers every part."""
        return ConsentsAsked(
            purpose=PURPOSE[purpose],
            recipient=name_recipient(self.host),
            terms=name_terms(self.treaty),
            any_scope=self.scope.value,
            scopes=[name_scope(self.scope, part) for part in self.list_parts()],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is told, and until when it may be used; `because` says why it is nothing, None where it is something.

    `computed` is a score that had to be computed for it, worth keeping.
    """

    content: Content
    until: datetime | None
    because: Silence | None
    computed: NewScore | None = field(repr=False)


def empty_content(scope: Scope) -> Content:
    """Give what a scope says when there is nothing to tell."""
    name, make = _NOTHING[scope]
    return {name: None if make is None else make()}


def tell(
    session: Session,
    person: KnownPerson,
    wanted: Wanted,
    *,
    limits: Mapping[str, datetime],
    tools: Tools,
    now: datetime,
) -> Telling:
    """Say what may be told of a person who is held.

    `limits` says of each part (`Wanted.list_parts`) that the person lets be told until when it may be used; nothing is
    told of any other.
    """
    lowest = _find_lowest(wanted, tools.city)
    weighed = _weigh(session, person, computes=bool(limits), lowest=lowest, tools=tools, now=now)
    flags: tuple[Flag, ...] = ()
    has_flags = _has_flags(wanted, weighed.standing, tools.city)  # asked of everybody, whatever it leads to
    if has_flags and weighed.has_score and limits:
        flags = list_flags(
            session,
            person.subject_id,
            lists=wanted.treaty.party(tools.city).lists,
            catalogue=tools.benefits.catalogue_on(today(now)),
            rules=tools.rules,
            sealer=tools.sealer,
            now=now,
        )
    content, until = _describe(wanted, weighed.standing, flags, limits, tools.city)
    nothing = empty_content(wanted.scope)
    silences = {
        Silence.IDENTITY_IN_DOUBT: person.in_doubt,
        Silence.NOT_ENROLLED: not weighed.has_score,
        Silence.PAUSED: person.paused_until is not None and now < person.paused_until,
        Silence.NO_CONSENT: not limits,
        Silence.LOW_TIER: _is_low(wanted, weighed.standing, tools.city),
        Silence.SUSPENDED: wanted.scope is not Scope.RECORD_FLAGS and weighed.standing.incentives_suspended,
        Silence.NOTHING_THERE: content == nothing,
    }
    because = next((silence for silence, holds in silences.items() if holds), None)
    if because is not None:
        content, until = nothing, None
    return Telling(content=content, until=until, because=because, computed=weighed.computed)


def _is_low(wanted: Wanted, standing: Standing, home: str) -> bool:
    """Tell whether somebody stands below the lowest tier of which anything is told."""
    tier = find_tier(wanted.treaty, home, standing)
    return tier is None or tier < LOWEST_TIER_TOLD


class _Weighed(NamedTuple):
    standing: Standing
    has_score: bool
    computed: NewScore | None


def _find_lowest(wanted: Wanted, home: str) -> str:
    levels = wanted.treaty.party(home).levels  # the best first; none in a city without levels
    return levels[-1].code if levels else ""


def _weigh(
    session: Session, person: KnownPerson, *, computes: bool, lowest: str, tools: Tools, now: datetime
) -> _Weighed:
    """Weigh somebody; one of whom there is nothing to weigh like one of the `lowest` level, so it takes as long."""
    day = today(now)
    basis = Basis(person.facts_version, today(person.opened_at), name_rules(tools.rules.rulebook_on(day)))
    serves = is_right(person.kept, basis, day) and person.has_kept
    score, has_score, computed = person.kept, person.is_enrolled and not person.in_doubt, None
    if has_score and computes and not serves:
        found = compute_score(session, person.subject_id, rules=tools.rules, sealer=tools.sealer, now=now)
        if isinstance(found, Refusal):
            has_score = False
        else:
            score = computed = found
    catalogue = tools.benefits.catalogue_on(day)
    standing = Standing(
        level=score.level if has_score else lowest,
        points=score.points,
        lists=frozenset() if catalogue is None else list_standing(catalogue, score.payload["in_force"]),
        incentives_suspended=score.payload["incentives_suspended"],
    )
    return _Weighed(standing, has_score, computed)


def _has_flags(wanted: Wanted, standing: Standing, home: str) -> bool:
    """Tell whether there is a flag to be told, of which only the basis and the end have to be found yet."""
    kinds = {
        FlagKind.VETO: standing.incentives_suspended,
        FlagKind.RED_LIST: bool(standing.lists & wanted.treaty.party(home).lists.keys()),
    }
    likely = [Flag(kind, "", None) for kind, holds in kinds.items() if holds]
    told = describe_flags(wanted.treaty, home=home, standing=standing, flags=likely)
    return wanted.scope is Scope.RECORD_FLAGS and bool(told)


def _describe(
    wanted: Wanted, standing: Standing, flags: Collection[Flag], limits: Mapping[str, datetime], home: str
) -> tuple[Content, datetime | None]:
    if wanted.scope is Scope.ENTITLEMENT:
        return _describe_entitlements(wanted, standing, limits, home)
    content: Content
    if wanted.scope is Scope.LEVEL:
        content = {"level": _describe_level(wanted, standing, home)}
    elif wanted.scope is Scope.SCORE:
        content = {"score": _describe_score(wanted, standing, home)}
    else:
        told = describe_flags(wanted.treaty, home=home, standing=standing, flags=flags)
        content = {"flags": [_describe_flag(flag) for flag in told]}
    return content, limits.get(wanted.scope.value)


def _describe_entitlements(
    wanted: Wanted, standing: Standing, limits: Mapping[str, datetime], home: str
) -> tuple[Content, datetime | None]:
    asked = wanted.scenarios
    entitled = list_entitled(wanted.treaty, home=home, host=wanted.host, standing=standing, wanted=asked)
    told = {scenario: limits[scenario] for scenario in entitled if scenario in limits}
    content = {"entitlements": [{"scenario": each, "until": format_moment(until)} for each, until in told.items()]}
    return content, max(told.values(), default=None)


def _describe_level(wanted: Wanted, standing: Standing, home: str) -> Content | None:
    told = describe_level(wanted.treaty, home=home, standing=standing)
    if told is None:
        return None
    return {"code": told.code, "name": told.title.zh, "name_en": told.title.en, "tier": name_tier(told.tier)}


def _describe_score(wanted: Wanted, standing: Standing, home: str) -> Content | None:
    party, points = wanted.treaty.party(home), standing.points
    if party.floor is None or party.ceiling is None or points is None or not party.floor <= points <= party.ceiling:
        return None
    told = describe_score(wanted.treaty, home=home, host=wanted.host, standing=standing)
    if told is None:
        return None
    bands = [
        {
            "code": band.code,
            "name": band.title.zh,
            "name_en": band.title.en,
            "at_least": band.at_least,
            "tier": name_tier(band.tier),
        }
        for band in told.bands
    ]
    scale = {"points": told.points, "floor": told.floor, "ceiling": told.ceiling, "bands": bands}
    away = {"equivalent_floor": told.host_floor, "equivalent_ceiling": told.host_ceiling}
    return {**scale, "equivalent": told.equivalent, **away}


def _describe_flag(flag: Flag) -> Content:
    return {"kind": flag.kind.value, "basis": flag.basis, "ends_on": _write_day(flag.ends_on)}


def read_moment(text: str) -> datetime:
    """Read back a moment of a content."""
    return datetime.fromisoformat(text)


def _write_day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
