"""What two cities signed: who may ask whom, for what, how long an answer lasts, and what a home level is worth away.

Home is the city that answers about its citizen, host the city in which the visitor is. Tiers are the common language of
two scales, from 5, the best, to 1; on the wire T5 to T1. Amounts of points are whole numbers on each city's own scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from scenarios.catalogue import Wording

BEST_TIER = 5
LOWEST_TIER = 1
# Below this tier a person is answered like an unknown one: a low score is used against nobody, here or away.
LOWEST_TIER_TOLD = 3
# What a proposal says where only those who sign can say who they are.
OPEN = Wording(zh="待双方签署时填写", en="to be filled in when both sign")


class Scope(StrEnum):
    """How much is told; each needs the treaty and the person's own consent."""

    ENTITLEMENT = "entitlement"
    LEVEL = "level"
    SCORE = "score"
    RECORD_FLAGS = "record_flags"


class TreatyPurpose(StrEnum):
    """What for: to give a benefit to the visitor, or to show the visitor what is said."""

    BENEFIT = "benefit"
    OWN_VIEW = "own_view"


class Role(StrEnum):
    """Who in the host city sets off a question."""

    MERCHANT = "merchant"
    CITIZEN = "citizen"
    CLERK = "clerk"


class OnSuspension(StrEnum):
    """What becomes of what was told before the suspension; in both cases nothing new is told, and grants go on."""

    FINISH = "finish"
    END = "end"


class FlagKind(StrEnum):
    """What of a person's records may be told as yes or no."""

    RED_LIST = "red_list"
    VETO = "veto"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyLevel:
    """A level of a party's own and the tier it stands for; it begins at `at_least`, None without a scale."""

    code: str
    title: Wording
    tier: int
    at_least: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyList:
    """A list of honour; it stands for a tier only in a city that has no levels."""

    title: Wording
    tier: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One of the two cities. `levels` stand best first; floor and ceiling are inclusive, None without a scale.

    `authority` is the legal name of who processes personal data for the city, and `contact` how to reach it: both are
    told to everybody who is asked for consent (PIPL Art. 17, 23).
    """

    city: str
    title: Wording
    authority: Wording
    contact: Wording
    region: str
    floor: int | None
    ceiling: int | None
    levels: tuple[PartyLevel, ...]
    lists: Mapping[str, PartyList]

    @property
    def is_named(self) -> bool:
        """Tell whether authority and contact are filled in; in a proposal they are open."""
        return not any(OPEN.zh in wording.zh or OPEN.en in wording.en for wording in (self.authority, self.contact))

    @property
    def has_scale(self) -> bool:
        """Tell whether the city has points at all."""
        return self.floor is not None and self.ceiling is not None

    def level(self, code: str | None) -> PartyLevel | None:
        """Give the level with a code; None when the party has none such."""
        return next((level for level in self.levels if level.code == code), None)

    def list_bands(self) -> tuple[tuple[PartyLevel, int, int], ...]:
        """Give each level with its lowest and highest number of points, best first; none without a scale."""
        bands, above = [], self.ceiling
        for level in self.levels:
            if level.at_least is not None and above is not None:
                bands.append((level, level.at_least, above))
                above = level.at_least - 1
        return tuple(bands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A scenario of the host for visitors from home who stand at a level or above, or on a list: one of the two."""

    host: str
    scenario: str
    home: str
    from_level: str | None
    on_list: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleMap:
    """How points at home read on the host's scale: straight lines between points (home, host), ascending."""

    home: str
    host: str
    points: tuple[tuple[int, int], ...]


class Duty(StrEnum):
    """What each city owes the other and the person for what it was told."""

    PURPOSE_LIMIT = "purpose_limit"
    DELETION = "deletion"
    NO_PASSING_ON = "no_passing_on"
    SECURITY = "security"
    BREACH_NOTICE = "breach_notice"
    COMPLAINTS = "complaints"
    LIABILITY = "liability"
    AUDIT = "audit"
    ON_ENDING = "on_ending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """The duties of both cities in words; two have a term: deletion with its confirmation, and notice of a breach."""

    texts: Mapping[Duty, Wording]
    deletion: timedelta
    breach_notice: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Treaty:
    """One version. In force from `starts_on` to the day before `ends_on`; its id is that of its two cities.

    An answer may be kept for `data_life`. One person may be asked about `questions_person_day` times a day in each
    direction, all persons together `questions_day` times, None without bound. `digest` is the SHA-256 of the document's
    UTF-8 bytes in hexadecimal, the very bytes that both cities sign.
    """

    id: str
    version: str
    title: Wording
    cities: tuple[str, str]
    starts_on: date
    ends_on: date
    scopes: frozenset[Scope]
    flags: frozenset[FlagKind]
    purposes: frozenset[TreatyPurpose]
    data_life: timedelta
    questions_person_day: int
    questions_day: int | None
    on_suspension: OnSuspension
    parties: Mapping[str, Party]
    rights: tuple[Right, ...]
    maps: tuple[ScaleMap, ...]
    duties: Duties
    basis: str
    note: str
    digest: str

    def party(self, city: str) -> Party:
        """Give a party by its code; KeyError for a city that did not sign."""
        return self.parties[city]

    def is_in_force_on(self, day: date) -> bool:
        """Tell whether its dates cover a day; whether it is suspended is not known here."""
        return self.starts_on <= day < self.ends_on

    def scale_map(self, home: str, host: str) -> ScaleMap | None:
        """Give the map from one scale to the other; None where one of the two has no scale."""
        return next((each for each in self.maps if (each.home, each.host) == (home, host)), None)

    def list_scenarios(self, *, home: str, host: str) -> tuple[str, ...]:
        """List the host's scenarios that some visitor from home may have, in order of their codes."""
        return tuple(sorted({each.scenario for each in self.rights if (each.home, each.host) == (home, host)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the home city knows of a person today; of an unknown one, nothing.

    `level` and `points` are those of the city's own rulebook, `lists` the lists on which the person stands.
    `incentives_suspended` says that a veto record is in force.
    """

    level: str | None = None
    points: int | None = None
    lists: frozenset[str] = frozenset()
    incentives_suspended: bool = False


class Flag(NamedTuple):
    """A yes to a kind of flag: what it rests on, and the first day on which it is no more; None while that is open."""

    kind: FlagKind
    basis: str
    ends_on: date | None


def treaty_id(one: str, other: str) -> str:
    """Give the id of the treaty between two cities, the same from either side."""
    return "-".join(sorted((one, other)))


def partner_of(treaty: Treaty, city: str) -> str:
    """Give the other city; KeyError for a city that did not sign."""
    one, other = treaty.cities
    partners = {one: other, other: one}
    return partners[city]


def name_tier(tier: int) -> str:
    """Give a tier as documents and messages write it: T4."""
    return f"T{tier}"
