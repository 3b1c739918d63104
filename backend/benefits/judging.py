"""Whether somebody gets a benefit from a merchant now: everything is read and weighed, and then there is one answer.

There is no way out before the end: what a no costs must not tell why it is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.consents import ANY_SCENARIO, PURPOSE, name_recipient
from backend.benefits.eligibility import Found, make_person
from backend.benefits.situation_tables import Situation, find_situation
from backend.clock import today
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.gateways.sealing import Sealer
from backend.grants.giving import give_grant
from backend.grants.grant import Grant, Shortage, Via, Wanted
from backend.merchants.contracts import Contract, complete_benefit, find_contract
from scenarios.catalogue import Benefit, Scenario, ScenarioCatalogue
from scenarios.decision import Person, Unmet, decide


class Bar(StrEnum):
    """Why somebody gets nothing, beyond what the scenario asks for and what is used up; for the person alone.

    `not_entitled`: the home city of a visitor who was asked about there has not said yes.
    """

    NOT_ENROLLED = "not_enrolled"
    IDENTITY_IN_DOUBT = "identity_in_doubt"
    NO_CONSENT = "no_consent"
    PAUSED = "paused"
    DECLINED = "declined"
    NOT_ENTITLED = "not_entitled"


Cause = Bar | Unmet | Shortage
_CAUSES: Mapping[str, Cause] = MappingProxyType({cause.value: cause for cause in (*Bar, *Unmet, *Shortage)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What it takes to weigh somebody: the scenarios and the rules of the city, and the sealer."""

    benefits: CityBenefits
    rules: CityRules
    sealer: Sealer = field(repr=False)

    def find_catalogue(self, now: datetime) -> ScenarioCatalogue | None:
        """Find the scenarios in force at a moment; None before the first edition."""
        return self.benefits.catalogue_on(today(now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A scenario as one merchant may give it today: `benefit` has the figures that the contract sets."""

    scenario: Scenario
    catalogue: ScenarioCatalogue
    contract: Contract
    benefit: Benefit

    @property
    def limit_fen(self) -> int | None:
        """The most that can be held, in fen."""
        return self.benefit.limit_fen

    def exceeds(self, amount_fen: int | None) -> bool:
        """Tell whether more is asked for than can be held."""
        return (
            self.scenario.benefit.is_held
            and amount_fen is not None
            and self.limit_fen is not None
            and amount_fen > self.limit_fen
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a merchant, or a person at a merchant, wants the benefit for: the merchant's own key, and an amount."""

    order_no: str
    amount_fen: int | None
    via: Via
    clerk: str | None


class Judgement(NamedTuple):
    """What came of it: the grant, or why there is none; and the consent on which it was told, if one stood."""

    outcome: Grant | Cause
    consent_id: UUID | None


def read_cause(code: str) -> Cause:
    """Read back why somebody got nothing; an unknown code is a LookupError."""
    return _CAUSES[code]


def find_offer(
    session: Session, merchant: str, scenario: str, *, catalogue: ScenarioCatalogue | None, now: datetime
) -> Offer | None:
    """Find what a merchant may offer today.

    None without a contract in force that sets what the scenario leaves to it, where the scenario is not on offer, and
    while merchant or scenario is suspended.
    """
    contract = find_contract(session, merchant, scenario, today(now))
    return None if contract is None else make_offer(contract, catalogue=catalogue, now=now)


def make_offer(contract: Contract, *, catalogue: ScenarioCatalogue | None, now: datetime) -> Offer | None:
    """Make of a contract in force what may be offered by it; None as for `find_offer`."""
    found = None if catalogue is None else catalogue.scenarios.get(contract.scenario)
    if catalogue is None or found is None or not found.is_open_on(today(now)):
        return None
    benefit = complete_benefit(found.benefit, contract.figures)
    has_figure = (benefit.limit_fen, benefit.charged_percent, benefit.free_minutes) != (None, None, None)
    if (benefit.is_held and benefit.limit_fen is None) or (benefit.figure_by_contract and not has_figure):
        return None
    return Offer(scenario=found, catalogue=catalogue, contract=contract, benefit=benefit)


def judge(
    session: Session,
    subject_id: UUID,
    offer: Offer,
    order: Order,
    *,
    consents: bool,
    tools: Tools,
    now: datetime,
) -> Judgement:
    """Give the benefit, or say why not: as `find_cause`, and what is used up.

    `consents` says that the person has just consented to exactly this. Holds the person as `find_situation` does.
    """
    cause, consent_id = find_cause(session, subject_id, offer, order.via, consents=consents, tools=tools, now=now)
    if cause is not None:
        return Judgement(cause, consent_id)
    return Judgement(give_grant(session, make_wanted(subject_id, offer, order), now=now), consent_id)


def find_cause(
    session: Session,
    subject_id: UUID,
    offer: Offer,
    via: Via,
    *,
    consents: bool,
    tools: Tools,
    now: datetime,
) -> tuple[Cause | None, UUID | None]:
    """Say why somebody gets nothing, whatever is used up, and by which consent it may be told; nothing is given.

    Where the visitor was asked about at home (`Via.VISITOR`), the consent given there covers what the home city said
    and nothing else: without its yes there is neither consent nor benefit, whatever stands here. Holds the person as
    `find_situation` does.
    """
    situation = find_situation(
        session,
        subject_id,
        scenario=offer.scenario.code,
        recipient=name_recipient(offer.contract.merchant),
        purpose=PURPOSE,
        any_scenario=ANY_SCENARIO,
        now=now,
    )
    if situation is None:
        return Bar.NOT_ENROLLED, None
    is_strange = via is Via.VISITOR and not situation.is_entitled
    found = make_person(
        session,
        situation.person,
        catalogue=offer.catalogue,
        rules=tools.rules,
        sealer=tools.sealer,
        now=now,
        computes=not is_strange,  # whether somebody has a score here would show in the time
    )
    cause = weigh(situation, found, offer, consents=consents or via is Via.VISITOR, now=now)
    if is_strange:
        cause = Bar.NOT_ENTITLED
    return cause, None if via is Via.VISITOR else situation.consent_id


def weigh(situation: Situation, found: Found, offer: Offer, *, consents: bool, now: datetime) -> Cause | None:
    """Say why somebody gets nothing, whatever is used up; None if nothing stands against it."""
    known = situation.person
    unmet = decide(offer.catalogue, offer.scenario, found.person, day=today(now), region=offer.contract.region)
    unmet = leave_out_met(unmet, offer.scenario, found.person, is_entitled=situation.is_entitled)
    bars = {
        Bar.IDENTITY_IN_DOUBT: known.in_doubt,
        Bar.NOT_ENROLLED: not (found.has_score or situation.is_entitled),
        Bar.NO_CONSENT: not consents and situation.consent_id is None,
        Bar.PAUSED: situation.paused_until is not None and situation.paused_until > now,
        Bar.DECLINED: situation.has_declined,
    }
    causes: list[Cause] = [bar for bar, holds in bars.items() if holds]
    causes.extend(unmet)
    return causes[0] if causes else None


def leave_out_met(
    unmet: tuple[Unmet, ...], scenario: Scenario, person: Person, *, is_entitled: bool
) -> tuple[Unmet, ...]:
    """Leave out what the yes of a home city stands in for: level and list, but no list that speaks against somebody."""
    is_clear = person.lists.isdisjoint(scenario.condition.on_none_of)
    met = {Unmet.LEVEL, Unmet.LIST} if is_clear else {Unmet.LEVEL}
    return tuple(each for each in unmet if not (is_entitled and each in met))


def make_wanted(subject_id: UUID, offer: Offer, order: Order) -> Wanted:
    """Say what grant an order comes to."""
    return Wanted(
        subject_id=subject_id,
        merchant=offer.contract.merchant,
        order_no=order.order_no,
        scenario=offer.scenario,
        bounds=offer.catalogue.bounds,
        catalogue_version=offer.catalogue.version,
        amount_fen=order.amount_fen if offer.scenario.benefit.is_held else None,
        limit_fen=offer.limit_fen,
        via=order.via,
        clerk=order.clerk,
    )
