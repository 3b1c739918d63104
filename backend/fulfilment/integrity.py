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
from backend.fulfilment.integrity_tables import count_benefits
from backend.fulfilment.proposal_tables import count_false_reports
from backend.merchants.registration import Merchant, find_merchant, list_merchants
from scenarios.integrity import WEIGHTS, Conduct, Deeds, judge_conduct, measure_integrity

WINDOW = timedelta(days=90)


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
    return None if merchant is None else _measure(session, merchant, now)


def list_integrity(session: Session, *, after: str | None, limit: int, now: datetime) -> Sequence[Integrity]:
    """Measure at most `limit` merchants in order of their codes; only those behind `after`, if given."""
    return [_measure(session, each, now) for each in list_merchants(session, after=after, limit=limit)]


def _measure(session: Session, merchant: Merchant, now: datetime) -> Integrity:
    code, since = merchant.code, now - WINDOW
    deeds = Deeds(
        grants=count_benefits(session, code, since_on=today(since)),
        unhonoured=count_upheld(session, code, (Grievance.NOT_HONOURED, Grievance.CHARGED_WRONGLY), since=since),
        late_releases=count_upheld(session, code, (Grievance.NOT_RELEASED,), since=since),
        false_reports=count_false_reports(session, code, since=since),
    )
    figure = measure_integrity(deeds)
    return Integrity(
        merchant=code,
        merchant_name=merchant.name,
        since_at=since,
        grants=deeds.grants,
        parts=tuple(Part(kind=kind, count=getattr(deeds, kind), weight=weight) for kind, weight in WEIGHTS.items()),
        figure=figure,
        conduct=judge_conduct(figure),
        is_suspended=merchant.suspension is not None,
    )
