"""The way that nearly all scans go: one question that reads everything, one chain that writes everything.

It ends in a grant or in nothing: whatever is not a plain yes goes the long way, where each no has its reason and every
no is the same work. Which way was gone makes no difference to what is kept or told.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from backend.access.tables import AccessEntryRow
from backend.benefits.answers import Answer, Verification, read_given
from backend.benefits.codes import digest_code
from backend.benefits.consents import ANY_SCENARIO, PURPOSE, name_recipient
from backend.benefits.eligibility import make_kept_person
from backend.benefits.judging import Judgement, Offer, Order, Tools, make_offer, make_wanted, weigh
from backend.benefits.probing import ALLOWANCES, Miss, find_window
from backend.benefits.scans import Outcome, Scan, make_row, make_scan_look
from backend.benefits.situation_tables import Scanned, ScannedOrder, find_scanned
from backend.benefits.verification_tables import CODE, USE_OF_CODE, VerificationRow
from backend.grants.giving import Plan, plan_grant
from backend.grants.grant import Quota, Shortage, Via
from backend.grants.places import list_links
from backend.storage.chains import Chain, Link, table_of
from backend.storage.inserts import Insert
from backend.storage.short_transactions import ShortTransaction

# With fewer misses than are free nobody has to be counted.
_FEW_MISSES: Mapping[str, int] = MappingProxyType(
    {miss.value: ALLOWANCES[miss].free for miss in (Miss.NOT_GRANTED, Miss.CODE_UNUSABLE)}
)


class NotQuickError(Exception):
    """This scan has to go the long way: what was begun is rolled back."""


def grant_quickly(transaction: ShortTransaction, scan: Scan, *, tools: Tools, now: datetime) -> Verification:
    """Give what a scan asks for where everything is as it mostly is, and keep the answer.

    Raises NotQuickError where it is not, or where somebody else was quicker; then the transaction must be rolled back.
    Holds the person as `find_situation` does.
    """
    found = find_scanned(transaction, _describe(scan), window_at=find_window(now), few_misses=_FEW_MISSES, now=now)
    offer = None if found is None else make_offer(found.contract, catalogue=tools.find_catalogue(now), now=now)
    if found is None or offer is None or offer.exceeds(scan.amount_fen):
        raise NotQuickError
    plan = _plan(found, offer, scan, tools, now)
    judgement = Judgement(plan.grant, found.consent_id or found.situation.consent_id)
    outcome = Outcome(answer=Answer.GRANTED, subject_id=plan.grant.subject_id, judgement=judgement)
    row = make_row(scan, outcome, offer, offer.catalogue.version, now)
    look = make_scan_look(scan, outcome, offer, row, now) or {}
    values = {
        **plan.values,
        **{f"verification_{name}": value for name, value in row.items()},
        **{f"look_{name}": value for name, value in look.items()},
        "given": digest_code(scan.code),
        "by": scan.merchant.id,
        "wanted": scan.scenario,
    }
    if offer.scenario.excludes:
        values["open_limit"] = values["opens"]  # with nothing open but this there is nothing that may not stand by it
    chain = _chain_of(plan.quotas, is_held=plan.grant.held_fen > 0)
    if transaction.run(chain, values) != chain.length:
        raise NotQuickError
    return _show(row, offer)


def _describe(scan: Scan) -> ScannedOrder:
    return ScannedOrder(
        code_digest=digest_code(scan.code),
        merchant=scan.merchant.id,
        scenario=scan.scenario,
        recipient=name_recipient(scan.merchant.id),
        purpose=PURPOSE,
        any_scenario=ANY_SCENARIO,
    )


def _plan(found: Scanned, offer: Offer, scan: Scan, tools: Tools, now: datetime) -> Plan:
    known = found.situation.person
    person = make_kept_person(known, catalogue=offer.catalogue, rules=tools.rules, sealer=tools.sealer, now=now)
    if person is None or weigh(found.situation, person, offer, consents=found.is_named, now=now) is not None:
        raise NotQuickError
    order = Order(order_no=scan.order_no, amount_fen=scan.amount_fen, via=Via.CODE, clerk=scan.merchant.acting)
    plan = plan_grant(make_wanted(known.subject_id, offer, order), now=now)
    if isinstance(plan, Shortage):
        raise NotQuickError
    return plan


@cache
def _chain_of(quotas: tuple[Quota, ...], *, is_held: bool) -> Chain:
    verification, look = table_of(VerificationRow).c.keys(), table_of(AccessEntryRow).c.keys()
    return Chain(
        [
            USE_OF_CODE,
            *list_links(quotas, is_held=is_held),
            Link(VerificationRow, {name: f"verification_{name}" for name in verification if name not in _UNSET}, _new),
            Link(AccessEntryRow, {name: f"look_{name}" for name in look}),
        ]
    )


_UNSET = frozenset({"expires_at", "declined_at"})  # those of an ask


def _new(insert: Insert) -> Insert:
    return insert.on_conflict_do_nothing(index_elements=["merchant", "order_no"])


def _show(row: Mapping[str, Any], offer: Offer) -> Verification:
    return Verification(
        verification_id=row["verification_id"],
        order_no=row["order_no"],
        via=CODE,
        scenario_code=row["scenario"],
        scenario=offer.scenario,
        amount_fen=row["amount_fen"],
        asked_at=row["asked_at"],
        expires_at=None,
        answer=Answer.GRANTED,
        reason=None,
        answered_at=row["answered_at"],
        grant_id=row["grant_id"],
        given=read_given(row["told"]),
    )
