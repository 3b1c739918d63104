"""How things stand with each partner: the treaties, what still waits for it, and when it was heard last."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.clock import today
from backend.partners.message_tables import find_last_heard
from backend.partners.notices import Waiting, list_waiting
from backend.partners.tables import PartnerRow, list_partner_rows
from backend.partners.treaties import AgreedTreaty, find_treaty, list_treaties

LISTENED_FOR = timedelta(days=30)


class TreatyState(NamedTuple):
    """A version of a treaty as officers see it; one of them at most is in force."""

    treaty_id: str
    version: str
    starts_on: date
    ends_on: date
    is_in_force: bool
    suspended_at: datetime | None
    suspended_by: str | None


class PartnerState(NamedTuple):
    """A partner as officers see it; `heard_at` is when it answered or confirmed last within thirty days.

    Of one that has ended `ended_by` is who ended it here, `ended_because` why, as far as that was noted.

    Of the notices that wait the refused ones are those that it did not take when they were sent last.
    """

    code: str
    title: str
    url: str
    is_ended: bool
    ended_at: datetime | None
    ended_by: str | None
    ended_because: str | None
    treaties: tuple[TreatyState, ...]
    waiting_notices: int
    refused_notices: int
    oldest_notice_at: datetime | None
    heard_at: datetime | None


def describe_partners(session: Session, now: datetime) -> list[PartnerState]:
    """Describe all partners in order of their codes, ended ones too."""
    waiting = {each.partner: each for each in list_waiting(session)}
    return [_describe(session, partner, waiting.get(partner.code), now) for partner in list_partner_rows(session)]


def describe_treaty(agreed: AgreedTreaty, *, is_in_force: bool) -> TreatyState:
    """Describe a version for officers."""
    treaty = agreed.treaty
    return TreatyState(
        treaty_id=treaty.id,
        version=treaty.version,
        starts_on=treaty.starts_on,
        ends_on=treaty.ends_on,
        is_in_force=is_in_force,
        suspended_at=agreed.suspended_at,
        suspended_by=agreed.suspended_by,
    )


def is_in_force(session: Session, agreed: AgreedTreaty, now: datetime) -> bool:
    """Tell whether a version is the one that has the say now."""
    found = find_treaty(session, agreed.partner, today(now))
    return found is not None and found.version == agreed.treaty.version


def _describe(session: Session, partner: PartnerRow, waiting: Waiting | None, now: datetime) -> PartnerState:
    in_force = find_treaty(session, partner.code, today(now))
    version = None if in_force is None else in_force.version
    treaties = list_treaties(session, partner.code)
    return PartnerState(
        code=partner.code,
        title=partner.title,
        url=partner.url,
        is_ended=partner.ended_at is not None,
        ended_at=partner.ended_at,
        ended_by=partner.ended_by,
        ended_because=partner.ended_because,
        treaties=tuple(describe_treaty(each, is_in_force=each.treaty.version == version) for each in treaties),
        waiting_notices=0 if waiting is None else waiting.notices,
        refused_notices=0 if waiting is None else waiting.refused,
        oldest_notice_at=None if waiting is None else waiting.oldest_at,
        heard_at=find_last_heard(session, partner.code, since=now - LISTENED_FOR),
    )
