"""What a merchant was answered under its own key, and what of it may be told: never why a person gets nothing."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from backend.benefits.judging import Offer
from backend.benefits.verification_tables import ASK, VerificationRow
from backend.grants.grant import Grant
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import BenefitKind, Scenario, ScenarioCatalogue


class Answer(StrEnum):
    """What a merchant can be answered."""

    PENDING = "pending"
    GRANTED = "granted"
    NOT_GRANTED = "not_granted"
    CANNOT_SAY = "cannot_say"


class Reason(StrEnum):
    """Why there is no benefit, as far as a merchant may know.

    `not_available` is all that has to do with this person and this order, places that are gone included: only somebody
    whom the conditions carry would ever hear of those. `home_city_unreachable` says that the home city of a visitor has
    told us nothing, whoever it is.
    """

    NOT_AVAILABLE = "not_available"
    NOT_OFFERED = "not_offered"
    CODE_UNUSABLE = "code_unusable"
    HOME_CITY_UNREACHABLE = "home_city_unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A benefit as it was told: amounts in fen, None where the kind has none. It is kept as it was told.

    `reserved_until`: until when it waits to be begun; `ends_at`: when it ends at the latest.
    """

    kind: BenefitKind
    amount_fen: int | None
    charged_percent: int | None
    free_minutes: int | None
    lasting_days: int
    reserved_until: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One question of a merchant and its answer. `scenario` is None where no edition in force knows its code."""

    verification_id: UUID
    order_no: str
    via: str
    scenario_code: str
    scenario: Scenario | None = field(repr=False)
    amount_fen: int | None
    asked_at: datetime
    expires_at: datetime | None
    answer: Answer
    reason: Reason | None
    answered_at: datetime | None
    grant_id: UUID | None
    given: Given | None


def write_given(grant: Grant, offer: Offer) -> dict[str, Any]:
    """Write what a merchant is told of a benefit, to be kept with the answer; `read_given` reads it back."""
    benefit = offer.benefit
    ends_at = None if grant.due_at is None else grant.due_at + timedelta(days=benefit.lasting_days)
    return {
        "kind": benefit.kind.value,
        "amount_fen": grant.agreed_fen if benefit.is_held else None,
        "charged_percent": benefit.charged_percent,
        "free_minutes": benefit.free_minutes,
        "lasting_days": benefit.lasting_days,
        "reserved_until": None if grant.due_at is None else grant.due_at.isoformat(),
        "ends_at": None if ends_at is None else ends_at.isoformat(),
    }


def read_given(told: Mapping[str, Any]) -> Given:
    """Read what `write_given` wrote."""
    moments = {name: told[name] and datetime.fromisoformat(told[name]) for name in ("reserved_until", "ends_at")}
    return Given(**{**told, **moments, "kind": BenefitKind(told["kind"])})


def show_verification(row: VerificationRow, editions: Iterable[ScenarioCatalogue], *, now: datetime) -> Verification:
    """Show a verification as its merchant sees it at `now`.

    An ask whose time is over is `not_granted`, whatever the person did and whether or not it was noted yet.
    """
    answer, reason, answered_at = Answer(row.answer), row.reason, row.answered_at
    if row.via == ASK and answer in {Answer.PENDING, Answer.NOT_GRANTED}:
        is_over = answer is Answer.NOT_GRANTED or (row.expires_at is not None and row.expires_at <= now)
        answer, reason = (Answer.NOT_GRANTED, Reason.NOT_AVAILABLE) if is_over else (Answer.PENDING, None)
        answered_at = row.expires_at if is_over else None
    return Verification(
        verification_id=row.verification_id,
        order_no=row.order_no,
        via=row.via,
        scenario_code=row.scenario,
        scenario=_find_scenario(row, editions),
        amount_fen=row.amount_fen,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        answer=answer,
        reason=None if reason is None else Reason(reason),
        answered_at=answered_at,
        grant_id=row.grant_id,
        given=None if row.told is None else read_given(row.told),
    )


def find_reuse(row: VerificationRow, digests: Iterable[bytes]) -> Refusal | None:
    """Say whether a key was used for a question of other members: `order_no_reused`; None for the same question.

    There are several digests of one question while keys are exchanged.
    """
    same = [hmac.compare_digest(row.digest, digest) for digest in digests]
    return None if any(same) else Refusal(ProblemCode.ORDER_NO_REUSED)


def _find_scenario(row: VerificationRow, editions: Iterable[ScenarioCatalogue]) -> Scenario | None:
    edition = next((each for each in editions if each.version == row.catalogue_version), None)
    return None if edition is None else edition.scenarios.get(row.scenario)
