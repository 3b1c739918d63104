"""What can I get now: every scenario on offer with what is missing, where it is given, and what the next level adds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.eligibility import find_person, find_visitor
from backend.benefits.judging import Cause, Tools, leave_out_met
from backend.benefits.offer_tables import list_own_places, list_shared_places
from backend.benefits.pausing import find_end_of_pause
from backend.benefits.verification_tables import decline_offer, list_declined, undecline_offer
from backend.benefits.visitor_tables import list_entitlements
from backend.clock import today
from backend.grants.due import see_grants
from backend.grants.grant import OPEN, Grant, GrantState, Shortage
from backend.grants.queries import list_open_grants
from backend.merchants.contracts import Offering, list_offerings
from backend.merchants.suspensions import find_suspended_scenarios
from backend.people.standing import find_standing
from backend.scores.facts import find_refusal
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import Scenario, ScenarioCatalogue
from scenarios.decision import Gain, Person, decide, find_clash, list_gains
from scoring.rulebook import Rulebook

MERCHANTS_SHOWN = 10


class OfferState(StrEnum):
    """How an offer stands for a person: what is missing for good comes before what is over tomorrow.

    `suspended` and `no_merchant` say that nobody gets it now: it is switched off, or no contract is in force.
    """

    DECLINED = "declined"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    NO_MERCHANT = "no_merchant"
    NOT_YET = "not_yet"
    USED_UP = "used_up"
    AVAILABLE = "available"


# What can be used comes first, and what nobody gets last.
_ORDER = (
    OfferState.AVAILABLE,
    OfferState.USED_UP,
    OfferState.NOT_YET,
    OfferState.PAUSED,
    OfferState.DECLINED,
    OfferState.NO_MERCHANT,
    OfferState.SUSPENDED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalOffer:
    """A scenario as it stands for one person: `missing` is what is not met, `lacking` what is used up.

    `merchants` are the first that give it, `has_more` says that there are others.
    """

    scenario: Scenario
    state: OfferState
    missing: tuple[Cause, ...]
    lacking: tuple[Shortage, ...]
    merchants: tuple[Offering, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalOffers:
    """All offers for one person; `next_gain` is what the next level above would add, None at the top.

    Of a visitor, who has no score here, `person` is a stand-in, and the offers are those to which he is entitled.
    """

    person: Person
    is_visitor: bool
    catalogue: ScenarioCatalogue
    rulebook: Rulebook
    paused_until: datetime | None
    offers: tuple[PersonalOffer, ...]
    next_gain: Gain | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Uses:
    """What a person has in use, and which places are taken: his own and those of scenarios, by scenario and period."""

    open_grants: tuple[Grant, ...]
    own: Mapping[tuple[str, str], int]
    shared: Mapping[tuple[str, str], int]
    day: str


def list_offers(session: Session, subject_id: UUID, *, tools: Tools, now: datetime) -> PersonalOffers | Refusal:
    """List what a person can get now, and what is missing for the rest; whoever has no score is told why.

    A visitor gets what his home city has said yes to, whether or not he has a score here.

    Refusals: those of a score, `offer_not_found` in a city without scenarios.
    """
    day, catalogue = today(now), tools.find_catalogue(now)
    if catalogue is None:
        return Refusal(ProblemCode.OFFER_NOT_FOUND)
    person = find_person(session, subject_id, catalogue=catalogue, rules=tools.rules, sealer=tools.sealer, now=now)
    entitled = {each.scenario for each in list_entitlements(session, subject_id, now)}
    is_visitor = person is None and bool(entitled)
    if is_visitor:
        person = find_visitor(session, subject_id, catalogue=catalogue, rules=tools.rules, sealer=tools.sealer, now=now)
    if person is None:
        return _refuse(session, subject_id, tools, now)
    rulebook = tools.rules.rulebook_on(day)
    paused_until, declined = find_end_of_pause(session, subject_id, now=now), list_declined(session, subject_id)
    uses = _read_uses(session, subject_id, now)
    offers, suspended = [], find_suspended_scenarios(session, catalogue.scenarios)
    shown = {code: each for code, each in catalogue.scenarios.items() if code in entitled or not is_visitor}
    on_offer = {code: each for code, each in sorted(shown.items()) if each.is_open_on(day)}
    offerings = list_offerings(session, on_offer, day, limit=MERCHANTS_SHOWN + 1)
    for code, scenario in on_offer.items():
        unmet = decide(catalogue, scenario, person, day=day)
        missing = leave_out_met(unmet, scenario, person, is_entitled=code in entitled)
        lacking = tuple(_find_lacking(scenario, catalogue, uses))
        found = offerings.get(code, ())
        holds = {
            OfferState.DECLINED: code in declined,
            OfferState.PAUSED: paused_until is not None,
            OfferState.SUSPENDED: code in suspended,
            OfferState.NO_MERCHANT: not found,
            OfferState.NOT_YET: bool(missing),
            OfferState.USED_UP: bool(lacking),
            OfferState.AVAILABLE: True,
        }
        offers.append(
            PersonalOffer(
                scenario=scenario,
                state=next(state for state in OfferState if holds[state]),
                missing=missing,
                lacking=lacking,
                merchants=tuple(found[:MERCHANTS_SHOWN]),
                has_more=len(found) > MERCHANTS_SHOWN,
            )
        )
    least_points = {level.code: level.at_least or 0 for level in rulebook.levels}
    gains = () if is_visitor else list_gains(catalogue, person, day=day, least_points=least_points)
    return PersonalOffers(
        person=person,
        is_visitor=is_visitor,
        catalogue=catalogue,
        rulebook=rulebook,
        paused_until=paused_until,
        offers=tuple(sorted(offers, key=lambda offer: _ORDER.index(offer.state))),
        next_gain=gains[0] if gains else None,
    )


def _refuse(session: Session, subject_id: UUID, tools: Tools, now: datetime) -> Refusal:
    status = find_standing(session, subject_id, sealer=tools.sealer, now=now).status
    return find_refusal(status) or Refusal(ProblemCode.NOT_ENROLLED)


def decline(session: Session, subject_id: UUID, scenario: str, *, tools: Tools, now: datetime) -> Refusal | None:
    """Note that a person does not want an offer; nothing else comes of it. Refusal: `scenario_not_found`."""
    if not _is_known(scenario, tools, now):
        return Refusal(ProblemCode.SCENARIO_NOT_FOUND)
    decline_offer(session, subject_id, scenario, now=now)
    return None


def undecline(session: Session, subject_id: UUID, scenario: str, *, tools: Tools, now: datetime) -> Refusal | None:
    """Forget that a person did not want an offer; without that nothing changes. Refusal: `scenario_not_found`."""
    if not _is_known(scenario, tools, now):
        return Refusal(ProblemCode.SCENARIO_NOT_FOUND)
    undecline_offer(session, subject_id, scenario)
    return None


def _is_known(scenario: str, tools: Tools, now: datetime) -> bool:
    catalogue = tools.find_catalogue(now)
    return catalogue is not None and scenario in catalogue.scenarios


def _read_uses(session: Session, subject_id: UUID, now: datetime) -> _Uses:
    day = today(now).isoformat()
    seen = see_grants(session, list_open_grants(session, subject_id), now=now)
    return _Uses(
        open_grants=tuple(grant for grant in seen if grant.state in OPEN),
        own=list_own_places(session, subject_id, day),
        shared=list_shared_places(session, day),
        day=day,
    )


def _find_lacking(scenario: Scenario, catalogue: ScenarioCatalogue, uses: _Uses) -> Iterator[Shortage]:
    code, quotas, bounds = scenario.code, scenario.quotas, catalogue.bounds
    if sum(grant.state == GrantState.OVERDUE for grant in uses.open_grants) >= bounds.overdue_grants:
        yield Shortage.OVERDUE_GRANTS
    if scenario.benefit.is_held and len(uses.open_grants) >= bounds.open_grants:
        yield Shortage.OPEN_GRANTS
    if find_clash(scenario, (grant.scenario for grant in uses.open_grants)):
        yield Shortage.EXCLUDED
    if _is_full(uses.own, code, "", quotas.citizen_total) or _is_full(uses.own, code, uses.day, quotas.citizen_day):
        yield Shortage.CITIZEN_QUOTA
    if _is_full(uses.shared, code, "", quotas.scenario_total) or _is_full(
        uses.shared, code, uses.day, quotas.scenario_day
    ):
        yield Shortage.SCENARIO_QUOTA


def _is_full(used: Mapping[tuple[str, str], int], scenario: str, period: str, limit: int | None) -> bool:
    return limit is not None and used.get((scenario, period), 0) >= limit
