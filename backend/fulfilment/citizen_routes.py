"""What a citizen does here: read what is proposed about him, answer, object; complain about a merchant."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.fulfilment import examples
from backend.fulfilment.complaint_schemas import ComplaintPageSchema, ComplaintSchema, NewComplaintSchema
from backend.fulfilment.complaints import Complaint, NewComplaint, add_complaint, list_complaints
from backend.fulfilment.presentation import present_own_proposal
from backend.fulfilment.proposal_schemas import (
    FulfilmentPageQuerySchema,
    OwnProposalPageSchema,
    OwnProposalSchema,
    OwnWordsSchema,
)
from backend.fulfilment.proposal_views import Proposal
from backend.fulfilment.proposals import answer_proposal, list_proposals, object_to_proposal
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

CITIZEN = {PrincipalKind.CITIZEN}
READ, WRITE = "benefits:read", "benefits:write"

blueprint = Blueprint("fulfilment", __name__, description="What is proposed about oneself, and one's own complaints")


@blueprint.operation(
    "GET",
    "/proposals",
    kinds=CITIZEN,
    scope=READ,
    summary="Read which records merchants propose about oneself, and what one can do until when",
    query=FulfilmentPageQuerySchema,
    response=OwnProposalPageSchema,
    example={"items": [examples.OWN_PROPOSAL], "next_cursor": None},
)
def list_my_proposals(*, query: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply:
    """Give a page of proposals, newest first, each told in plain words."""
    limit, language = query["limit"], current_notes().language
    found = list_proposals(
        session,
        subject_id=UUID(principal.id),
        only_open=query["only_open"],
        before=query["cursor"],
        limit=limit + 1,
        sealer=current_context().sealer,
        now=now,
    )
    page = cut_page(found, limit, lambda proposal: (str(proposal.proposal_id),))
    items = [present_own_proposal(each, language) for each in page.items]
    return Reply(value={"items": items, "next_cursor": page.next_cursor}, headers={"Content-Language": language.value})


@blueprint.operation(
    "POST",
    "/proposals/<uuid:proposal_id>/answers",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Say something about a proposed record; it is kept beside it",
    body=OwnWordsSchema,
    body_example={"text": "已约定下周归还。"},
    status=HTTPStatus.CREATED,
    response=OwnProposalSchema,
    example={**examples.OWN_PROPOSAL, **examples.ANSWERED, "choices": ["pay", "object"]},
    problems={ProblemCode.PROPOSAL_NOT_FOUND, ProblemCode.PROPOSAL_CLOSED},
    repeats=Repeats.BY_KEY,
)
def answer_my_proposal(
    *, proposal_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Keep the person's statement; the merchant and the credit centre read it."""
    subject_id, sealer = UUID(principal.id), current_context().sealer
    return _answer(answer_proposal(session, proposal_id, body["text"], subject_id=subject_id, sealer=sealer, now=now))


@blueprint.operation(
    "POST",
    "/proposals/<uuid:proposal_id>/objections",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Object to a proposed record; until it is decided, nothing counts",
    body=OwnWordsSchema,
    body_example={"text": "图书已于十月归还。"},
    status=HTTPStatus.CREATED,
    response=OwnProposalSchema,
    example={**examples.OWN_PROPOSAL, **examples.OBJECTED, "choices": ["pay"]},
    problems={ProblemCode.PROPOSAL_NOT_FOUND, ProblemCode.PROPOSAL_CLOSED, ProblemCode.OBJECTED_BEFORE},
    repeats=Repeats.BY_KEY,
)
def object_to_my_proposal(
    *, proposal_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Object; a steward decides with reasons."""
    subject_id, sealer = UUID(principal.id), current_context().sealer
    return _answer(
        object_to_proposal(session, proposal_id, body["text"], subject_id=subject_id, sealer=sealer, now=now)
    )


@blueprint.operation(
    "POST",
    "/complaints",
    kinds=CITIZEN,
    scope=WRITE,
    summary="Complain that a merchant did not honour a benefit, did not release a hold, or charged wrongly",
    body=NewComplaintSchema,
    body_example=examples.NEW_COMPLAINT,
    status=HTTPStatus.CREATED,
    response=ComplaintSchema,
    example=examples.COMPLAINT,
    problems={ProblemCode.GRANT_NOT_FOUND, ProblemCode.COMPLAINT_ABOUT_NOTHING, ProblemCode.COMPLAINT_OPEN},
    repeats=Repeats.BY_KEY,
)
def complain(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Complaint | Refusal:
    """Complain; the merchant is told, and what it answers and the steward decides is shown."""
    subject_id, sealer = UUID(principal.id), current_context().sealer
    return add_complaint(session, NewComplaint(**body), subject_id=subject_id, sealer=sealer, now=now)


@blueprint.operation(
    "GET",
    "/complaints",
    kinds=CITIZEN,
    scope=READ,
    summary="Read one's own complaints, with answers and decisions",
    query=FulfilmentPageQuerySchema,
    response=ComplaintPageSchema,
    example={"items": [examples.UPHELD_COMPLAINT], "next_cursor": None},
)
def list_my_complaints(*, query: dict[str, Any], principal: Principal, session: Session) -> Page[Complaint]:
    """Give a page of complaints, newest first."""
    limit, sealer = query["limit"], current_context().sealer
    found = list_complaints(
        session,
        subject_id=UUID(principal.id),
        only_open=query["only_open"],
        before=query["cursor"],
        limit=limit + 1,
        sealer=sealer,
    )
    return cut_page(found, limit, lambda complaint: (str(complaint.complaint_id),))


def _answer(outcome: Proposal | Refusal) -> Reply | Refusal:
    if isinstance(outcome, Refusal):
        return outcome
    language = current_notes().language
    return Reply(value=present_own_proposal(outcome, language), headers={"Content-Language": language.value})
