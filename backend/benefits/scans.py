"""A scan: what is asked with a one-time code, what came of it, and the row that is kept of both.

The same row is kept of what is asked in another way and answered at once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

from backend.benefits.answers import Answer, Reason, write_given
from backend.benefits.codes import digest_code
from backend.benefits.judging import Judgement, Offer
from backend.benefits.looks import Told, make_benefit_look
from backend.benefits.verification_tables import CODE
from backend.grants.grant import Grant
from backend.principals import Principal
from backend.storage.database import write_json
from backend.storage.identifiers import new_id


class Asked(Protocol):
    """A question of a merchant that is answered at once."""

    @property
    def merchant(self) -> Principal:
        """Who asks."""
        ...

    @property
    def order_no(self) -> str:
        """The merchant's own key."""
        ...

    @property
    def scenario(self) -> str:
        """For which scenario."""
        ...

    @property
    def amount_fen(self) -> int | None:
        """For how much, in fen."""
        ...

    @property
    def digest(self) -> bytes:
        """What tells this question from any other."""
        ...

    @property
    def via(self) -> str:
        """How it was asked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A code that a merchant scanned, for which scenario, and under which key of its own; amounts in fen."""

    merchant: Principal
    order_no: str
    scenario: str
    code: str = field(repr=False)
    amount_fen: int | None

    @property
    def via(self) -> str:
        """How it was asked: by a code."""
        return CODE

    @property
    def digest(self) -> bytes:
        """What tells this question from any other; it does not tell the code."""
        return digest_question(CODE, self.scenario, self.amount_fen, digest_code(self.code))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a scan: told to the merchant, and noted for the person (None: nobody is known)."""

    answer: Answer
    reason: Reason | None = None
    subject_id: UUID | None = None
    judgement: Judgement | None = None


def digest_question(via: str, scenario: str, amount_fen: int | None, whom: bytes) -> bytes:
    """Digest a question of a merchant; `whom` is a digest of the code, or a keyed one of the identity number."""
    return sha256(write_json([via, scenario, amount_fen, whom.hex()]).encode("utf-8")).digest()


def make_row(scan: Asked, outcome: Outcome, offer: Offer | None, version: str | None, now: datetime) -> dict[str, Any]:
    """Make the values of the row that is kept of a scan, by column; `version` is that of the catalogue in force."""
    found = None if outcome.judgement is None else outcome.judgement.outcome
    grant, cause = (found, None) if isinstance(found, Grant) else (None, found)
    return {
        "merchant": scan.merchant.id,
        "order_no": scan.order_no,
        "verification_id": new_id(now),
        "digest": scan.digest,
        "via": scan.via,
        "scenario": scan.scenario,
        "amount_fen": scan.amount_fen,
        "clerk": scan.merchant.acting,
        "asked_at": now,
        "answer": outcome.answer.value,
        "reason": outcome.reason,
        "because": None if cause is None else cause.value,
        "catalogue_version": version,
        "told": None if grant is None or offer is None else write_given(grant, offer),
        "answered_at": now,
        "subject_id": None if outcome.judgement is None else outcome.subject_id,
        "grant_id": None if grant is None else grant.grant_id,
    }


def make_scan_look(
    scan: Asked, outcome: Outcome, offer: Offer | None, row: dict[str, Any], now: datetime
) -> dict[str, Any] | None:
    """Make the values of the access entry of whoever was looked at, by column; None where nobody is known."""
    if outcome.subject_id is None:
        return None
    told = Told(
        via=scan.via,
        scenario=scan.scenario,
        about=row["verification_id"],
        answer=outcome.answer,
        because=row["because"] or outcome.reason,
        consent_id=None if outcome.judgement is None else outcome.judgement.consent_id,
    )
    name = None if offer is None else offer.contract.merchant_name
    return make_benefit_look(outcome.subject_id, told, scan.merchant, name=name, now=now)
