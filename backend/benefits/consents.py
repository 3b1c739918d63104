"""What a person lets a merchant be told: a consent of its own for each merchant and scenario (PIPL Art. 23).

A standing consent lets codes that name nobody be answered. One for a single scan comes with a code that names the
merchant, and is good for nothing but that code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.consent_tables import (
    end_codes,
    list_benefit_consents,
    withdraw_benefit_consent,
)
from backend.clock import today
from backend.grants.life import cancel_reserved
from backend.merchants.tables import find_merchant_names
from backend.people.agreement import agreement_on
from backend.people.tables import ConsentRow, add_consent, lock_subject
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import ScenarioCatalogue

PURPOSE = "benefit"
PURPOSE_ONCE = "benefit_once"
ANY_SCENARIO = "*"
MOST_DAYS = 1096  # a consent for longer has no end, and is withdrawn
_RECIPIENT = "merchant:"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitConsent:
    """A consent as its giver sees it: for whom, for which scenario (None: all), until when (None: until withdrawn).

    `once` says that it covers one scan of one code.
    """

    consent_id: UUID
    merchant: str
    merchant_name: str | None
    scenario: str | None
    once: bool
    given_at: datetime
    expires_at: datetime | None
    withdrawn_at: datetime | None


def name_recipient(merchant: str) -> str:
    """Name a merchant as the recipient of a consent."""
    return f"{_RECIPIENT}{merchant}"


def give_consent(
    session: Session,
    subject_id: UUID,
    *,
    merchant: str,
    scenario: str | None,
    expires_at: datetime | None,
    catalogue: ScenarioCatalogue | None,
    now: datetime,
) -> BenefitConsent | Refusal:
    """Let a merchant be told about a scenario, or about all (None), from now until a moment or until withdrawn.

    Refusals: `merchant_not_found`, `scenario_not_found`, `window_refused` for an end that is over or years ahead.
    A person who has no account may consent as well: what is answered says nothing about that.
    """
    name = find_merchant_names(session, [merchant]).get(merchant)
    if name is None:
        return Refusal(ProblemCode.MERCHANT_NOT_FOUND)
    if scenario is not None and (catalogue is None or scenario not in catalogue.scenarios):
        return Refusal(ProblemCode.SCENARIO_NOT_FOUND)
    if expires_at is not None and not now < expires_at <= now + timedelta(days=MOST_DAYS):
        return Refusal(ProblemCode.WINDOW_REFUSED, {"most_days": MOST_DAYS})
    row = put_consent(session, subject_id, merchant=merchant, scenario=scenario, expires_at=expires_at, now=now)
    return _show(row, name)


def put_consent(
    session: Session,
    subject_id: UUID,
    *,
    merchant: str,
    scenario: str | None,
    expires_at: datetime | None,
    now: datetime,
    once: bool = False,
) -> ConsentRow:
    """Add a consent that was given just now, unchecked; `once` makes it one for a single scan."""
    row = ConsentRow(
        subject_id=subject_id,
        consent_id=new_id(now),
        purpose=PURPOSE_ONCE if once else PURPOSE,
        recipient=name_recipient(merchant),
        scope=scenario or ANY_SCENARIO,
        agreement_version=agreement_on(today(now)).version,
        given_at=now,
        expires_at=expires_at,
        withdrawn_at=None,
    )
    add_consent(session, row)
    return row


def list_consents(session: Session, subject_id: UUID, *, before: UUID | None, limit: int) -> list[BenefitConsent]:
    """List at most `limit` consents to merchants, the newest first; only those before consent `before`, if given."""
    rows = list_benefit_consents(session, subject_id, prefix=_RECIPIENT, before=before, limit=limit)
    return _show_all(session, rows)


def withdraw_consent(
    session: Session, subject_id: UUID, consent_id: UUID, *, now: datetime
) -> BenefitConsent | Refusal:
    """Withdraw one consent; one that was withdrawn before stays as it is. Refusal: `consent_not_found`.

    With a standing one, what is only reserved at the merchant within its scope is cancelled; what is in use lives on.
    With one for a single scan, the codes that name the merchant are ended. Holds the person, so that no answer that
    rests on it can be on its way when this returns.
    """
    lock_subject(session, subject_id)
    row = withdraw_benefit_consent(session, subject_id, consent_id, prefix=_RECIPIENT, now=now)
    if row is None:
        return Refusal(ProblemCode.CONSENT_NOT_FOUND)
    consent = _show_all(session, [row])[0]
    if consent.once:
        end_codes(session, subject_id, consent.merchant, now=now)
    else:
        cancel_reserved(session, subject_id, merchant=consent.merchant, scenario=consent.scenario, now=now)
    return consent


def _show_all(session: Session, rows: Sequence[ConsentRow]) -> list[BenefitConsent]:
    codes = {row.recipient.removeprefix(_RECIPIENT) for row in rows}
    names = find_merchant_names(session, codes)
    return [_show(row, names.get(row.recipient.removeprefix(_RECIPIENT))) for row in rows]


def _show(row: ConsentRow, merchant_name: str | None) -> BenefitConsent:
    return BenefitConsent(
        consent_id=row.consent_id,
        merchant=row.recipient.removeprefix(_RECIPIENT),
        merchant_name=merchant_name,
        scenario=None if row.scope == ANY_SCENARIO else row.scope,
        once=row.purpose == PURPOSE_ONCE,
        given_at=row.given_at,
        expires_at=row.expires_at,
        withdrawn_at=row.withdrawn_at,
    )
