"""The agreement, and the account of the person who asks."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import current_context
from backend.people.account import Account, open_account, read_account
from backend.people.agreement import Agreement, agreement_on
from backend.people.schemas import AccountSchema, AgreementSchema, NewAccountSchema
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.messages import get_message
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

blueprint = Blueprint("people", __name__, description="The agreement, the account")

ACCOUNT_BODY_LIMIT = 1024
ACCOUNT_EXAMPLE = {
    "status": "enrolled",
    "status_text": "已开通",
    "what_next": "您可以查看分值、明细和查询记录，也可以随时退出。",
    "opened_on": "2026-11-22",
    "agreement_version": "2026-01",
    "current_agreement_version": "2026-01",
    "consents": [
        {
            "consent_id": "019a0000-0000-7000-8000-000000000000",
            "purpose": "score",
            "recipient": "credit_centre",
            "scope": "score",
            "agreement_version": "2026-01",
            "given_at": "2026-11-22T04:00:00Z",
            "expires_at": None,
            "withdrawn_at": None,
        }
    ],
}


@blueprint.operation(
    "GET",
    "/agreement",
    kinds={PrincipalKind.ANYONE},
    summary="Read the agreement in force",
    response=AgreementSchema,
    example={
        "version": "2026-01",
        "effective_on": "2026-01-01",
        "language": "zh-CN",
        "title": "商鼎分用户协议与个人信息处理告知",
        "sections": [{"heading": "七、自愿参加", "text": "是否开通完全由您决定。"}],
    },
)
def read_agreement(*, now: datetime) -> Agreement:
    """Give the edition that a new account has to agree to."""
    return agreement_on(today(now))


@blueprint.operation(
    "GET",
    "/account",
    kinds={PrincipalKind.CITIZEN},
    scope="account:read",
    summary="See how one stands, and what one has consented to",
    response=AccountSchema,
    example=ACCOUNT_EXAMPLE,
)
def show_account(*, principal: Principal, session: Session, now: datetime) -> Reply:
    """Give the account of the person who asks, also when there is none."""
    sealer = current_context().sealer
    return _describe(read_account(session, UUID(principal.id), sealer=sealer, now=now))


@blueprint.operation(
    "POST",
    "/account",
    kinds={PrincipalKind.CITIZEN},
    scope="account:write",
    summary="Open an account: agree, and consent to having a score",
    body=NewAccountSchema,
    body_example={"agreement_version": "2026-01", "consent": {"score": True}},
    body_limit=ACCOUNT_BODY_LIMIT,
    status=HTTPStatus.CREATED,
    response=AccountSchema,
    example=ACCOUNT_EXAMPLE,
    repeats=Repeats.BY_KEY,
    fresh=True,
    problems={
        ProblemCode.UNDER_AGE,
        ProblemCode.IDENTITY_IN_DOUBT,
        ProblemCode.ALREADY_ENROLLED,
        ProblemCode.AGREEMENT_OUTDATED,
        ProblemCode.CONSENT_MISSING,
    },
)
def create_account(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Open the account of the person who asks."""
    opened = open_account(
        session,
        UUID(principal.id),
        agreement_version=body["agreement_version"],
        consents_to_score=body["consent"]["score"],
        sealer=current_context().sealer,
        now=now,
    )
    return opened if isinstance(opened, Refusal) else _describe(opened, location="/v1/account")


def _describe(account: Account, location: str | None = None) -> Reply:
    language = current_notes().language
    value = asdict(account) | {
        "status_text": get_message(f"status.{account.status}.text", language),
        "what_next": get_message(f"status.{account.status}.what_next", language),
    }
    headers = {"Content-Language": language.value}
    return Reply(value=value, headers=headers if location is None else {**headers, "Location": location})
