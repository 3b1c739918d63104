"""What the points are good for: the scenarios of a city, dated and versioned like its rulebook.

A scenario offers a benefit under conditions, within quotas, and says what everybody else gets. Amounts are in fen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class BenefitKind(StrEnum):
    """What is given. The kinds that `HELD` names live on after the scan and are given back or settled."""

    DEPOSIT_WAIVER = "deposit_waiver"
    CREDIT_LINE = "credit_line"
    DISCOUNT = "discount"
    PRIORITY = "priority"
    FREE_USE = "free_use"
    REFERRAL = "referral"


HELD = frozenset({BenefitKind.DEPOSIT_WAIVER, BenefitKind.CREDIT_LINE})
OVERDUE_DAYS = 90  # no city published one; our own choice, where an edition makes none


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A sentence for people, in Chinese first."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Whom a scenario is for. A person meets it when every part holds; a part that is left out always holds.

    `level` is the lowest level (a code of the rulebook), `least_points` the lowest number on the city's own scale; a
    condition names one of the two at most. `on_any_of` names lists one of which the person must be on,
    `on_none_of` lists that exclude. Ages are whole years, inclusive. `regions` are district codes (GB/T 2260) in which
    the benefit is used, never where a person comes from.
    """

    level: str | None = None
    least_points: int | None = None
    on_any_of: tuple[str, ...] = ()
    on_none_of: tuple[str, ...] = ()
    least_age: int | None = None
    greatest_age: int | None = None
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What is given: `limit_fen` bounds what is waived or lent, `charged_percent` is what is left of a price.

    `reserved_minutes` is how long a held benefit waits to be begun, `lasting_days` how long it may stay in use, and
    `overdue_days` how long its merchant may leave it overdue before time lets it go. With `figure_by_contract` limit,
    percentage and minutes are None here: the contract with each merchant sets them, and without a contract that does,
    nothing is given.
    """

    kind: BenefitKind
    description: Wording
    limit_fen: int | None = None
    charged_percent: int | None = None
    free_minutes: int | None = None
    reserved_minutes: int = 15
    lasting_days: int = 0
    overdue_days: int = OVERDUE_DAYS
    figure_by_contract: bool = False

    @property
    def is_held(self) -> bool:
        """Tell whether it lives on after the scan."""
        return self.kind in HELD


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How often it is given at most; None is without bound. Days are days of the city."""

    citizen_day: int | None = None
    citizen_total: int | None = None
    merchant_day: int | None = None
    scenario_day: int | None = None
    scenario_total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One benefit on offer. `excludes` are scenarios of which no open grant may stand beside one of this.

    `service` is the kind of service; `is_basic` says that it is a basic public one, which nobody may be refused or
    get worse for a score. `owner` answers for it. `source` tells where its figures come from: `published`,
    `published_elsewhere`, `own`. `starts_on` is included, `ends_on` excluded.
    """

    code: str
    title: Wording
    family: str
    service: str
    is_basic: bool
    owner: str
    basis: str
    source: str
    note: str
    starts_on: date
    ends_on: date | None
    condition: Condition
    benefit: Benefit
    quotas: Quotas
    excludes: frozenset[str]
    otherwise: Wording

    def is_open_on(self, day: date) -> bool:
        """Tell whether it is on offer on a day."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one person may have at once, over all scenarios; a person with `overdue_grants` overdue gets no new one."""

    open_grants: int
    overdue_grants: int
    held_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioCatalogue:
    """An edition of a city's scenarios, in force from `effective_on`.

    `lists` map a list to the indicators that put a person on it while such a record is in force. `levels` are the level
    codes of the city, the highest first; none where the city has only lists. `region` is the city's own code (GB/T
    2260). `basis` and `note` say what the edition rests on and what in it is our own choice.
    """

    city: str
    version: str
    effective_on: date
    digest: str
    title: Wording
    bounds: Bounds
    levels: tuple[str, ...]
    lists: Mapping[str, frozenset[str]]
    scenarios: Mapping[str, Scenario]
    list_titles: Mapping[str, Wording] = field(default_factory=dict)
    region: str = ""
    basis: str = ""
    note: str = ""


def catalogue_on(editions: Iterable[ScenarioCatalogue], day: date) -> ScenarioCatalogue | None:
    """Give the edition in force on a day: the latest that took effect by then; None before the first."""
    in_force = [edition for edition in editions if edition.effective_on <= day]
    return max(in_force, key=lambda edition: edition.effective_on, default=None)


def covers_region(whole: str, part: str) -> bool:
    """Tell whether a region (GB/T 2260, six digits) is another or holds it: 410100 holds 410105, 410000 both."""
    stem = whole.removesuffix("00").removesuffix("00")
    return part.startswith(stem)
