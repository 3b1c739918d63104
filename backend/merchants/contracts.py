"""Contracts: which scenario a merchant may offer, where, from when until when, and with which figures."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.orm import Session

from backend.merchants.events import EventKind, leave_event
from backend.merchants.tables import (
    ContractRow,
    add_contract,
    end_contract_row,
    find_contract_in_force,
    has_contract_within,
    list_contract_rows,
    list_offering_rows,
    list_offering_rows_of_each,
    lock_contract,
    lock_merchant,
)
from backend.storage.identifiers import new_id
from backend.web.problems import Fault, Place, ProblemCode, Refusal
from scenarios.catalogue import Benefit, BenefitKind, Scenario, ScenarioCatalogue, covers_region

LONGEST_FREE_MINUTES = 24 * 60
# The figure that a scenario can leave to its contracts; the other kinds of benefits have none.
FIGURES: Mapping[BenefitKind, str] = MappingProxyType(
    {
        BenefitKind.DEPOSIT_WAIVER: "limit_fen",
        BenefitKind.CREDIT_LINE: "limit_fen",
        BenefitKind.DISCOUNT: "charged_percent",
        BenefitKind.FREE_USE: "free_minutes",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract in force: the district (GB/T 2260) in which the scenario is offered, and what it leaves open."""

    merchant: str
    merchant_name: str
    scenario: str
    region: str
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContract:
    """What a merchant and the credit centre agree on; `ends_on` is excluded, None is until it is ended."""

    merchant: str
    scenario: str
    region: str
    starts_on: date
    ends_on: date | None
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedContract(NewContract):
    """A contract in the register; one that was ended before its time has `ended_at`."""

    contract_id: UUID
    signed_at: datetime
    signed_by: str
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """A merchant that offers a scenario, and where, with the figures of its contract."""

    merchant: str
    name: str
    name_en: str | None
    region: str
    figures: Mapping[str, int]


def find_contract(session: Session, merchant: str, scenario: str, day: date) -> Contract | None:
    """Find the contract by which a merchant may offer a scenario on a day of the city.

    None without one, also while the merchant or the scenario is suspended: then nothing new is given.
    """
    found = find_contract_in_force(session, merchant, scenario, day)
    if found is None:
        return None
    name, region, figures = found
    return Contract(
        merchant=merchant, merchant_name=name, scenario=scenario, region=region, figures=MappingProxyType(figures)
    )


def sign_contract(
    session: Session, new: NewContract, *, catalogue: ScenarioCatalogue | None, by: str, now: datetime
) -> SignedContract | Refusal:
    """Sign a contract for a scenario of the catalogue that is in force on its first day.

    Refusals: `merchant_not_found`; `contract_refused` with what to mend: a scenario that is not on offer on the first
    day, a region outside the scenario's, an end before the beginning, figures that are missing, out of bounds or not
    left to the contract; `contract_exists` where the merchant has one for this scenario and some of these days.
    """
    if lock_merchant(session, new.merchant) is None:
        return Refusal(ProblemCode.MERCHANT_NOT_FOUND)
    faults = tuple(_find_faults(new, catalogue))
    if faults:
        return Refusal(ProblemCode.CONTRACT_REFUSED, faults=faults)
    if has_contract_within(session, new.merchant, new.scenario, starts_on=new.starts_on, ends_on=new.ends_on):
        return Refusal(ProblemCode.CONTRACT_EXISTS)
    row = ContractRow(
        contract_id=new_id(now),
        merchant=new.merchant,
        scenario=new.scenario,
        region=new.region,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        figures=dict(new.figures),
        signed_at=now,
        signed_by=by,
    )
    add_contract(session, row)
    return _describe(row)


def end_contract(session: Session, merchant: str, contract_id: UUID, *, by: str, now: datetime) -> Refusal | None:
    """End a contract of a merchant now, and tell its endpoints; what was given under it goes on.

    One that has ended stays as it ended. Refusal: `contract_not_found` when the merchant has no such contract.
    """
    row = lock_contract(session, merchant, contract_id)
    if row is None:
        return Refusal(ProblemCode.CONTRACT_NOT_FOUND)
    if row.ended_at is not None:
        return None
    end_contract_row(session, row, by=by, now=now)
    event, payload = EventKind.CONTRACT_ENDED, {"scenario": row.scenario}
    leave_event(session, merchant=merchant, event=event, about=contract_id, payload=payload, now=now)
    return None


def list_open_scenarios(catalogue: ScenarioCatalogue | None, day: date) -> frozenset[str]:
    """List the codes of the scenarios that are on offer on a day."""
    scenarios = () if catalogue is None else catalogue.scenarios.values()
    return frozenset(each.code for each in scenarios if each.is_open_on(day))


def complete_benefit(benefit: Benefit, figures: Mapping[str, int]) -> Benefit:
    """Give a benefit with the figure of a contract, where the scenario of the day leaves one to contracts."""
    if not benefit.figure_by_contract:
        return benefit
    return replace(
        benefit,
        limit_fen=figures.get("limit_fen"),
        charged_percent=figures.get("charged_percent"),
        free_minutes=figures.get("free_minutes"),
    )


def list_contracts(session: Session, merchants: Collection[str]) -> Sequence[SignedContract]:
    """List the contracts of some merchants in order of signing, ended ones too."""
    return [_describe(row) for row in list_contract_rows(session, merchants)]


def list_offering(
    session: Session, scenario: str, day: date, *, after: str | None = None, limit: int
) -> Sequence[Offering]:
    """List at most `limit` merchants that offer a scenario on a day, by code; none while it is suspended."""
    return [_show_offering(*row) for row in list_offering_rows(session, scenario, day, after=after, limit=limit)]


def list_offerings(
    session: Session, scenarios: Collection[str], day: date, *, limit: int
) -> Mapping[str, Sequence[Offering]]:
    """List for each of some scenarios what `list_offering` lists; one that nobody offers is left out."""
    found: dict[str, list[Offering]] = {}
    for scenario, *offering in list_offering_rows_of_each(session, scenarios, day, limit=limit):
        found.setdefault(scenario, []).append(_show_offering(*offering))
    return found


def _show_offering(merchant: str, name: str, name_en: str | None, region: str, figures: dict[str, int]) -> Offering:
    return Offering(merchant=merchant, name=name, name_en=name_en, region=region, figures=MappingProxyType(figures))


def _find_faults(new: NewContract, catalogue: ScenarioCatalogue | None) -> Iterator[Fault]:
    if new.ends_on is not None and new.ends_on <= new.starts_on:
        yield _fault("/ends_on", "not_after_start")
    scenario = None if catalogue is None else catalogue.scenarios.get(new.scenario)
    if catalogue is None or scenario is None or not scenario.is_open_on(new.starts_on):
        yield _fault("/scenario", "not_on_offer")
        return
    regions = scenario.condition.regions or (catalogue.region,)
    if not any(covers_region(region, new.region) for region in regions):
        yield _fault("/region", "outside_region", regions=", ".join(regions))
    yield from _find_figure_faults(new.figures, scenario, most_fen=catalogue.bounds.held_fen)


def _find_figure_faults(figures: Mapping[str, int], scenario: Scenario, *, most_fen: int) -> Iterator[Fault]:
    left = FIGURES.get(scenario.benefit.kind) if scenario.benefit.figure_by_contract else None
    for name in sorted(figures.keys() - {left}):
        yield _fault(f"/figures/{name}", "not_left_to_contract")
    if left is None:
        return
    figure, most = figures.get(left), {"limit_fen": most_fen, "charged_percent": 99}.get(left, LONGEST_FREE_MINUTES)
    if figure is None:
        yield _fault(f"/figures/{left}", "required")
    elif not 1 <= figure <= most:
        yield _fault(f"/figures/{left}", "out_of_range", minimum=1, maximum=most)


def _fault(pointer: str, code: str, **values: object) -> Fault:
    return Fault(place=Place.BODY, pointer=pointer, code=code, values=values)


def _describe(row: ContractRow) -> SignedContract:
    return SignedContract(
        contract_id=row.contract_id,
        merchant=row.merchant,
        scenario=row.scenario,
        region=row.region,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        figures=MappingProxyType(row.figures),
        signed_at=row.signed_at,
        signed_by=row.signed_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
