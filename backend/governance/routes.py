"""Drafts of rules on their way to being in force: written, checked, measured, and decided by a second person."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.governance import examples
from backend.governance.checks import run_check
from backend.governance.deciding import approve_draft, reject_draft, withdraw_draft
from backend.governance.diary import Officer
from backend.governance.documents import NAMES, Kind
from backend.governance.draft_views import Draft, WholeDraft
from backend.governance.drafts import (
    NewDraft,
    NewRevision,
    create_draft,
    find_kind,
    list_drafts,
    read_draft,
    revise_draft,
)
from backend.governance.rollbacks import NewRollback, draft_rollback
from backend.governance.schemas import (
    DecisionSchema,
    NewRollbackSchema,
    NewRuleDraftSchema,
    NewRuleRevisionSchema,
    RuleDraftPageQuerySchema,
    RuleDraftPageSchema,
    RuleDraftSchema,
    RuleReasonSchema,
    WholeRuleDraftSchema,
)
from backend.governance.states import REFUSALS
from backend.principals import Principal, PrincipalKind
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, cut_page
from backend.web.problems import ProblemCode, Refusal

OPERATOR = {PrincipalKind.OPERATOR}
READ, WRITE, APPROVE = "rules:read", "rules:write", "rules:approve"
DOCUMENTS_LIMIT = 2 * 1024 * 1024
SMALL_BODY_LIMIT = 8 * 1024
_OPEN = {ProblemCode.RULE_DRAFT_NOT_FOUND, ProblemCode.DRAFT_CLOSED}

blueprint = Blueprint("governance", __name__, description="Drafts of rules, their impact, and the second person")


@blueprint.operation(
    "POST",
    "/rule-drafts",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Draft an edition of the rulebook or of the scenarios",
    body=NewRuleDraftSchema,
    body_example=examples.NEW_DRAFT,
    body_limit=DOCUMENTS_LIMIT,
    status=HTTPStatus.CREATED,
    response=RuleDraftSchema,
    example=examples.DRAFT,
    problems={ProblemCode.DOCUMENTS_REFUSED},
    repeats=Repeats.BY_KEY,
)
def add_rule_draft(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Draft | Refusal:
    """Keep the documents as they are; a check says what is wrong with them."""
    new = NewDraft(**body)
    return _refuse_documents(new.kind, new.documents) or create_draft(
        session, new, by=Officer.of(principal), city=_city(), now=now
    )


@blueprint.operation(
    "GET",
    "/rule-drafts",
    kinds=OPERATOR,
    scope=READ,
    summary="List drafts of rules with what each still lacks, newest first",
    query=RuleDraftPageQuerySchema,
    response=RuleDraftPageSchema,
    example={"items": [examples.CHECKED], "next_cursor": None},
)
def list_rule_drafts(*, query: dict[str, Any], session: Session, now: datetime) -> Page[Draft]:
    """Give a page of drafts, without their documents."""
    before = None if query["cursor"] is None else UUID(query["cursor"][0])
    rows = list_drafts(session, before=before, limit=query["limit"] + 1, city=_city(), now=now)
    return cut_page(rows, query["limit"], lambda draft: (str(draft.draft_id),))


@blueprint.operation(
    "GET",
    "/rule-drafts/<uuid:draft_id>",
    kinds=OPERATOR,
    scope=READ,
    summary="Read a draft whole: documents, findings, and who did what",
    response=WholeRuleDraftSchema,
    example=examples.WHOLE_DRAFT,
    problems={ProblemCode.RULE_DRAFT_NOT_FOUND},
)
def get_rule_draft(*, draft_id: UUID, session: Session, now: datetime) -> WholeDraft | Refusal:
    """Give the present documents; decide only by the digest that stands with them."""
    return read_draft(session, draft_id, city=_city(), notice_days=_notice_days(), now=now)


@blueprint.operation(
    "POST",
    "/rule-revisions",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Put other documents in the place of a draft's; it must be checked and measured anew",
    body=NewRuleRevisionSchema,
    body_example=examples.NEW_REVISION,
    body_limit=DOCUMENTS_LIMIT,
    status=HTTPStatus.CREATED,
    response=RuleDraftSchema,
    example=examples.REVISED,
    problems={*_OPEN, ProblemCode.DRAFT_REVISED, ProblemCode.DOCUMENTS_REFUSED},
    repeats=Repeats.BY_KEY,
)
def revise_rule_draft(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Draft | Refusal:
    """Revise what the caller has read; where somebody else was quicker, nothing is changed."""
    draft_id = body.pop("draft_id")
    kind = find_kind(session, draft_id)
    if kind is None:
        return Refusal(ProblemCode.RULE_DRAFT_NOT_FOUND)
    return _refuse_documents(kind, body["documents"]) or revise_draft(
        session, draft_id, NewRevision(**body), by=Officer.of(principal), city=_city(), now=now
    )


@blueprint.operation(
    "POST",
    "/rule-drafts/<uuid:draft_id>/checks",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Check a draft: what its readers refuse, its cases, and every part that no case exercises",
    response=RuleDraftSchema,
    example=examples.CHECKED,
    problems={*_OPEN, ProblemCode.DRAFT_REVISED, ProblemCode.CHECK_OUTDATED},
    repeats=Repeats.HARMLESS,
)
def check_rule_draft(*, draft_id: UUID, principal: Principal, now: datetime) -> Draft | Refusal:
    """Check it at once; the findings stand in the whole draft. The same found again is not kept again."""
    return run_check(current_context().database, draft_id, by=Officer.of(principal), city=_city(), now=now)


@blueprint.operation(
    "POST",
    "/rule-drafts/<uuid:draft_id>/approval",
    kinds=OPERATOR,
    scope=APPROVE,
    summary="Approve a draft as a second person; it is announced at once, and in force from its day",
    body=DecisionSchema,
    body_example=examples.DECISION,
    body_limit=SMALL_BODY_LIMIT,
    response=RuleDraftSchema,
    example=examples.ANNOUNCED,
    problems={
        *_OPEN,
        ProblemCode.DRAFT_REVISED,
        ProblemCode.OTHER_OFFICER_NEEDED,
        *REFUSALS.values(),
        ProblemCode.NOTICE_TOO_SHORT,
    },
    repeats=Repeats.BY_KEY,
)
def approve_rule_draft(
    *, draft_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Draft | Refusal:
    """Announce exactly the documents of the digest; the first thing that it lacks is said."""
    shipped, by = current_context().editions.shipped, Officer.of(principal)
    return approve_draft(session, draft_id, **body, by=by, shipped=shipped, notice_days=_notice_days(), now=now)


@blueprint.operation(
    "POST",
    "/rule-drafts/<uuid:draft_id>/rejection",
    kinds=OPERATOR,
    scope=APPROVE,
    summary="Reject a draft for good",
    body=DecisionSchema,
    body_example=examples.DECISION,
    body_limit=SMALL_BODY_LIMIT,
    response=RuleDraftSchema,
    example=examples.REJECTED,
    problems={*_OPEN, ProblemCode.DRAFT_REVISED},
    repeats=Repeats.BY_KEY,
)
def reject_rule_draft(
    *, draft_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Draft | Refusal:
    """End it, with the reason for its author to read."""
    return reject_draft(session, draft_id, **body, by=Officer.of(principal), city=_city(), now=now)


@blueprint.operation(
    "POST",
    "/rule-drafts/<uuid:draft_id>/withdrawal",
    kinds=OPERATOR,
    scope=APPROVE,
    summary="Withdraw an announced edition before its day; what is in force stays so",
    body=RuleReasonSchema,
    body_example=examples.REASON,
    body_limit=SMALL_BODY_LIMIT,
    response=RuleDraftSchema,
    example=examples.WITHDRAWN,
    problems={
        ProblemCode.RULE_DRAFT_NOT_FOUND,
        ProblemCode.DRAFT_NOT_ANNOUNCED,
        ProblemCode.EDITION_BEGUN,
        ProblemCode.EDITION_NEEDED,
    },
    repeats=Repeats.BY_KEY,
)
def withdraw_rule_draft(
    *, draft_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Draft | Refusal:
    """Take it back until 23:00 of the day before; from then on it is rolled back instead."""
    shipped = current_context().editions.shipped
    by = Officer.of(principal)
    return withdraw_draft(session, draft_id, **body, by=by, shipped=shipped, now=now)


@blueprint.operation(
    "POST",
    "/rule-rollbacks",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Draft a former edition anew under another version and day, and check it",
    body=NewRollbackSchema,
    body_example=examples.NEW_ROLLBACK,
    body_limit=SMALL_BODY_LIMIT,
    status=HTTPStatus.CREATED,
    response=RuleDraftSchema,
    example=examples.ROLLBACK,
    problems={ProblemCode.EDITION_NOT_FOUND, ProblemCode.ROLLBACK_REFUSED},
    repeats=Repeats.BY_KEY,
)
def add_rule_rollback(
    *, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Draft | Refusal:
    """Write the draft for the caller; it is measured and approved as any other."""
    return draft_rollback(session, NewRollback(**body), by=Officer.of(principal), city=_city(), now=now)


def _city() -> str:
    return current_context().city


def _notice_days() -> int:
    return current_context().settings.rule_notice_days


def _refuse_documents(kind: Kind, documents: Mapping[str, str]) -> Refusal | None:
    if set(documents) == set(NAMES[kind]):
        return None
    return Refusal(ProblemCode.DOCUMENTS_REFUSED, {"names": ", ".join(NAMES[kind])})
