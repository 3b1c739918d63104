"""What a merchant sees of itself: how it stands, and what it has signed with the terms of each scenario."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from backend.merchants.contracts import SignedContract
from backend.merchants.registration import find_merchant
from backend.merchants.suspensions import Suspension, find_suspended_scenarios
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import Scenario, ScenarioCatalogue


class ContractState(StrEnum):
    """How a contract stands; while its scenario is suspended or not on offer, nothing new is given under it."""

    TO_COME = "to_come"
    IN_FORCE = "in_force"
    SCENARIO_SUSPENDED = "scenario_suspended"
    NOT_ON_OFFER = "not_on_offer"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContract:
    """A contract, how it stands, and its scenario; None where the catalogue of today has it no more.

    `suspension` is why and since when its scenario is suspended for everybody, if it is.
    """

    contract: SignedContract
    state: ContractState
    suspension: Suspension | None
    scenario: Scenario | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnView:
    """A merchant as it sees itself; contracts in order of signing, ended ones too."""

    merchant: str
    name: str
    name_en: str | None
    suspension: Suspension | None
    contracts: tuple[OwnContract, ...]


def show_own_view(
    session: Session, code: str, *, catalogue: ScenarioCatalogue | None, today: date
) -> OwnView | Refusal:
    """Show a merchant its standing and its contracts on a day. Refusal: `merchant_not_found`."""
    merchant = find_merchant(session, code)
    if merchant is None:
        return Refusal(ProblemCode.MERCHANT_NOT_FOUND)
    suspended = find_suspended_scenarios(session, {each.scenario for each in merchant.contracts})
    scenarios = {} if catalogue is None else catalogue.scenarios
    return OwnView(
        merchant=code,
        name=merchant.name,
        name_en=merchant.name_en,
        suspension=merchant.suspension,
        contracts=tuple(
            _describe(each, scenarios.get(each.scenario), suspended=suspended, today=today)
            for each in merchant.contracts
        ),
    )


def _describe(
    contract: SignedContract, scenario: Scenario | None, *, suspended: Mapping[str, Suspension], today: date
) -> OwnContract:
    states = (
        (contract.ended_at is not None or (contract.ends_on is not None and contract.ends_on <= today), "ENDED"),
        (today < contract.starts_on, "TO_COME"),
        (contract.scenario in suspended, "SCENARIO_SUSPENDED"),
        (scenario is None or not scenario.is_open_on(today), "NOT_ON_OFFER"),
        (True, "IN_FORCE"),
    )
    state = next(ContractState[name] for holds, name in states if holds)
    suspension = None if state is ContractState.ENDED else suspended.get(contract.scenario)
    return OwnContract(contract=contract, state=state, suspension=suspension, scenario=scenario)
