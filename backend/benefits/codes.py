"""One-time codes: what a citizen shows and a merchant scans, once, within a minute.

Everybody who is signed in can make one, whatever the score, so that showing one tells nothing. Only the digest of a
code is kept. A code that names a merchant is the consent for that one scan; one that names nobody is answered where a
consent to the merchant stands.
"""

import secrets
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.consents import put_consent
from backend.benefits.verification_tables import add_code
from backend.merchants.tables import find_merchant_names
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import ScenarioCatalogue

CODE_BYTES = 20  # 160 random bits; OWASP ASVS 5 (7.2.3) asks for 128
CODE_LENGTH = CODE_BYTES * 8 // 5
CODE = rf"[A-Z2-7]{{{CODE_LENGTH}}}"  # Base32 (RFC 4648), which a QR symbol holds in its shorter alphabet
USABLE_FOR = timedelta(seconds=60)
KEPT_FOR = timedelta(days=1)  # after its end, so that a late scan is noticed as one of a used code


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """A code as its maker gets it, and nobody again."""

    code: str = field(repr=False)
    scenario: str | None
    merchant: str | None
    expires_at: datetime


def digest_code(code: str) -> bytes:
    """Give what is kept of a code; it is random, so that a plain SHA-256 hides it."""
    return sha256(code.encode("ascii")).digest()


def make_code(
    session: Session,
    subject_id: UUID,
    *,
    scenario: str | None,
    merchant: str | None,
    catalogue: ScenarioCatalogue | None,
    now: datetime,
) -> OneTimeCode | Refusal:
    """Make a code for a person, bound to a scenario, a merchant, both or none.

    Refusals: `scenario_not_found`, `merchant_not_found`. An unknown subject is an IntegrityError.
    """
    if scenario is not None and (catalogue is None or scenario not in catalogue.scenarios):
        return Refusal(ProblemCode.SCENARIO_NOT_FOUND)
    if merchant is not None and not find_merchant_names(session, [merchant]):
        return Refusal(ProblemCode.MERCHANT_NOT_FOUND)
    code = b32encode(secrets.token_bytes(CODE_BYTES)).decode("ascii")
    expires_at = now + USABLE_FOR
    if merchant is not None:
        put_consent(
            session, subject_id, merchant=merchant, scenario=scenario, expires_at=expires_at, now=now, once=True
        )
    add_code(
        session,
        digest_code(code),
        subject_id=subject_id,
        scenario=scenario,
        merchant=merchant,
        now=now,
        expires_at=expires_at,
    )
    return OneTimeCode(code=code, scenario=scenario, merchant=merchant, expires_at=expires_at)
