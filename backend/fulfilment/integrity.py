"""How far merchants keep what they promise, measured over 90 days from what is established, each part explained.

The figure proposes; whether a merchant is suspended, a steward decides (`merchants.suspensions`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from backend.clock import today
from backend.fulfilment.complaint_tables import count_upheld
from backend.fulfilment.complaints import Grievance
from backend.fulfilment.integrity_tables import count_benefits, count_let_go
from backend.fulfilment.proposal_tables import count_false_reports
from backend.merchants.registration import Merchant, find_merchant, list_merchants
from scenarios.integrity import WEIGHTS, Conduct, Deeds, judge_conduct, measure_integrity

WINDOW = timedelta(days=90)
_UNHONOURED = (Grievance.NOT_HONOURED, Grievance.CHARGED_WRONGLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of fault: how often it was established, and the weight of one."""

    kind: str
    count: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrity:
    """The figure of a merchant (0 to 100) with the benefits and faults it is made of, and what it proposes."""

    merchant: str
    merchant_name: str
    since_at: datetime
    grants: int
    parts: tuple[Part, ...]
    figure: int
    conduct: Conduct
    is_suspended: bool


def read_integrity(session: Session, code: str, *, now: datetime) -> Integrity | None:
    """Measure a merchant as of now; None for an unknown one."""
    merchant = find_merchant(session, code)
    return None if merchant is None else _measure_all(session, [merchant], now)[0]


def list_integrity(session: Session, *, after: str | None, limit: int, now: datetime) -> Sequence[Integrity]:
    """Measure at most `limit` merchants in order of their codes; only those behind `after`, if given."""
    return _measure_all(session, list_merchants(session, after=after, limit=limit), now)


def _measure_all(session: Session, merchants: Sequence[Merchant], now: datetime) -> list[Integrity]:
    """Measure some merchants by as many questions as one takes."""
    codes, since = [merchant.code for merchant in merchants], now - WINDOW
    grants = count_benefits(session, codes, since_on=today(since))
    upheld, let_go = count_upheld(session, codes, since=since), count_let_go(session, codes, since=since)
    false_reports = count_false_reports(session, codes, since=since)

    def measure(merchant: Merchant) -> Integrity:
        code = merchant.code
        deeds = Deeds(
            grants=grants.get(code, 0),
            unhonoured=sum(upheld.get((code, kind), 0) for kind in _UNHONOURED),
            late_releases=upheld.get((code, Grievance.NOT_RELEASED), 0) + let_go.get(code, 0),
            false_reports=false_reports.get(code, 0),
        )
        return _show(merchant, deeds, since)

    return [measure(each) for each in merchants]


def _show(merchant: Merchant, deeds: Deeds, since: datetime) -> Integrity:
    figure = measure_integrity(deeds)
    return Integrity(
        merchant=merchant.code,
        merchant_name=merchant.name,
        since_at=since,
        grants=deeds.grants,
        parts=tuple(Part(kind=kind, count=getattr(deeds, kind), weight=weight) for kind, weight in WEIGHTS.items()),
        figure=figure,
        conduct=judge_conduct(figure),
        is_suspended=merchant.suspension is not None,
    )
