"""Complaints as merchants answer them and stewards decide on them, and what follows from them for merchants."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.fulfilment import examples
from backend.fulfilment.complaint_schemas import (
    ComplaintSchema,
    IntegrityPageSchema,
    IntegritySchema,
    ListedComplaintPageSchema,
    RulingSchema,
)
from backend.fulfilment.complaints import (
    Complaint,
    ComplaintVerdict,
    answer_complaint,
    decide_complaint,
    list_complaints,
    look_at_complaint,
)
from backend.fulfilment.integrity import list_integrity, read_integrity
from backend.fulfilment.presentation import present_integrity
from backend.fulfilment.proposal_schemas import FulfilmentPageQuerySchema, OwnWordsSchema
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, PageQuerySchema, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

MERCHANT, OPERATOR = {PrincipalKind.MERCHANT}, {PrincipalKind.OPERATOR}
PAGE_EXAMPLE = {"items": [examples.LISTED_COMPLAINT], "next_cursor": None}

blueprint = Blueprint(
    "complaints", __name__, description="Complaints about merchants, and how far they keep their word"
)


@blueprint.operation(
    "GET",
    "/merchant/complaints",
    kinds=MERCHANT,
    scope="grants:read",
    summary="List the complaints about oneself, newest first",
    query=FulfilmentPageQuerySchema,
    response=ListedComplaintPageSchema,
    example=PAGE_EXAMPLE,
)
def list_received_complaints(*, query: dict[str, Any], principal: Principal, session: Session) -> Page[Complaint]:
    """Give a page of complaints about the merchant, without anybody's words."""
    return _list(session, query, merchant=principal.id)


@blueprint.operation(
    "GET",
    "/merchant/complaints/<uuid:complaint_id>",
    kinds=MERCHANT,
    scope="grants:read",
    summary="Read a complaint about oneself; the person sees that",
    response=ComplaintSchema,
    example=examples.COMPLAINT,
    problems={ProblemCode.COMPLAINT_NOT_FOUND},
    writes=True,
)
def get_received_complaint(
    *, complaint_id: UUID, principal: Principal, session: Session, now: datetime
) -> Complaint | Refusal:
    """Give a complaint whole; it names nobody, and the order tells which business it is about."""
    sealer = current_context().sealer
    return look_at_complaint(session, complaint_id, principal=principal, merchant=principal.id, sealer=sealer, now=now)


@blueprint.operation(
    "POST",
    "/merchant/complaints/<uuid:complaint_id>/answers",
    kinds=MERCHANT,
    scope="reports:write",
    summary="Answer a complaint, once; person and credit centre read it",
    body=OwnWordsSchema,
    body_example={"text": "系窗口误收，已退还。"},
    status=HTTPStatus.CREATED,
    response=ComplaintSchema,
    example=examples.ANSWERED_COMPLAINT,
    problems={ProblemCode.COMPLAINT_NOT_FOUND, ProblemCode.COMPLAINT_CLOSED},
    repeats=Repeats.BY_KEY,
)
def answer_received_complaint(
    *, complaint_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Complaint | Refusal:
    """Keep the merchant's answer."""
    sealer = current_context().sealer
    return answer_complaint(session, complaint_id, body["text"], principal=principal, sealer=sealer, now=now)


@blueprint.operation(
    "GET",
    "/steward/complaints",
    kinds=OPERATOR,
    scope="complaints:read",
    summary="List complaints, newest first",
    query=FulfilmentPageQuerySchema,
    response=ListedComplaintPageSchema,
    example=PAGE_EXAMPLE,
)
def list_all_complaints(*, query: dict[str, Any], session: Session) -> Page[Complaint]:
    """Give a page of all complaints, without anybody's words."""
    return _list(session, query, merchant=None)


@blueprint.operation(
    "GET",
    "/steward/complaints/<uuid:complaint_id>",
    kinds=OPERATOR,
    scope="complaints:read",
    summary="Look at a complaint with both sides' words; the person sees that",
    response=ComplaintSchema,
    example=examples.ANSWERED_COMPLAINT,
    problems={ProblemCode.COMPLAINT_NOT_FOUND},
    writes=True,
)
def get_complaint(*, complaint_id: UUID, principal: Principal, session: Session, now: datetime) -> Complaint | Refusal:
    """Give a complaint whole."""
    sealer = current_context().sealer
    return look_at_complaint(session, complaint_id, principal=principal, merchant=None, sealer=sealer, now=now)


@blueprint.operation(
    "POST",
    "/steward/complaints/<uuid:complaint_id>/decisions",
    kinds=OPERATOR,
    scope="complaints:write",
    summary="Decide on a complaint, once the merchant has answered or had its days",
    body=RulingSchema,
    body_example=examples.RULING,
    status=HTTPStatus.CREATED,
    response=ComplaintSchema,
    example=examples.UPHELD_COMPLAINT,
    problems={
        ProblemCode.COMPLAINT_NOT_FOUND,
        ProblemCode.COMPLAINT_CLOSED,
        ProblemCode.COMPLAINT_TOO_EARLY,
        ProblemCode.SECOND_PERSON_NEEDED,
    },
    repeats=Repeats.BY_KEY,
)
def decide_on_complaint(
    *, complaint_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Complaint | Refusal:
    """Decide with reasons; an upheld complaint counts in the merchant's figure for ninety days."""
    sealer = current_context().sealer
    return decide_complaint(
        session, complaint_id, ComplaintVerdict(**body), principal=principal, sealer=sealer, now=now
    )


@blueprint.operation(
    "GET",
    "/merchant/integrity",
    kinds=MERCHANT,
    scope="statements:read",
    summary="Read one's own figure, with everything it is made of",
    response=IntegritySchema,
    example=examples.INTEGRITY,
    problems={ProblemCode.MERCHANT_NOT_FOUND},
)
def get_own_integrity(*, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Give the figure over the last ninety days."""
    language, integrity = current_notes().language, read_integrity(session, principal.id, now=now)
    if integrity is None:
        return Refusal(ProblemCode.MERCHANT_NOT_FOUND)
    return Reply(value=present_integrity(integrity, language), headers={"Content-Language": language.value})


@blueprint.operation(
    "GET",
    "/steward/integrity",
    kinds=OPERATOR,
    scope="merchants:read",
    summary="List how far merchants keep what they promised, in order of their codes",
    query=PageQuerySchema,
    response=IntegrityPageSchema,
    example={"items": [examples.INTEGRITY], "next_cursor": None},
)
def list_all_integrity(*, query: dict[str, Any], session: Session, now: datetime) -> Reply:
    """Give a page of figures; each proposes, and a steward decides."""
    limit, after, language = query["limit"], query["cursor"], current_notes().language
    found = list_integrity(session, after=None if after is None else after[0], limit=limit + 1, now=now)
    page = cut_page(found, limit, lambda integrity: (integrity.merchant,))
    items = [present_integrity(each, language) for each in page.items]
    return Reply(value={"items": items, "next_cursor": page.next_cursor}, headers={"Content-Language": language.value})


def _list(session: Session, query: dict[str, Any], *, merchant: str | None) -> Page[Complaint]:
    limit = query["limit"]
    found = list_complaints(
        session, merchant=merchant, only_open=query["only_open"], before=query["cursor"], limit=limit + 1, sealer=None
    )
    return cut_page(found, limit, lambda complaint: (str(complaint.complaint_id),))
