"""Proposed records as merchants report them and stewards decide on them."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.fulfilment import examples
from backend.fulfilment.deciding import Bench, Verdict, decide_proposal
from backend.fulfilment.documents import add_confirmation, find_same_document
from backend.fulfilment.presentation import present_proposal, present_report
from backend.fulfilment.proposal_schemas import (
    ConfirmationSchema,
    FulfilmentPageQuerySchema,
    HeardProposalSchema,
    ListedProposalPageSchema,
    ListedReportPageSchema,
    NewProposalSchema,
    ProposalSchema,
    ReportedProposalSchema,
    VerdictSchema,
)
from backend.fulfilment.proposal_views import Confirmation, NewProposal, Proposal
from backend.fulfilment.proposals import (
    add_proposal,
    list_proposals,
    look_at_proposal,
    withdraw_proposal,
)
from backend.principals import Principal, PrincipalKind
from backend.web.answers import Reply
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

MERCHANT, OPERATOR = {PrincipalKind.MERCHANT}, {PrincipalKind.OPERATOR}
REPORT, READ = "reports:write", "grants:read"
PAGE_EXAMPLE = {"items": [examples.LISTED_PROPOSAL], "next_cursor": None}

blueprint = Blueprint("proposals", __name__, description="Broken promises, and the records that they may become")


@blueprint.operation(
    "POST",
    "/merchant/proposals",
    kinds=MERCHANT,
    scope=REPORT,
    summary="Report that a promise was broken; the person is shown it at once, and it is no record",
    body=NewProposalSchema,
    body_example=examples.NEW_PROPOSAL,
    status=HTTPStatus.CREATED,
    response=ReportedProposalSchema,
    example=examples.REPORT,
    problems={
        ProblemCode.GRANT_NOT_FOUND,
        ProblemCode.PROPOSAL_REFUSED,
        ProblemCode.PROPOSAL_EXISTS,
        ProblemCode.DOCUMENT_DAY_REFUSED,
    },
    repeats=Repeats.BY_KEY,
)
def propose_record(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Propose a record about a grant that is broken; a kept promise needs no report."""
    found = body["confirmation"]
    new = NewProposal(**{**body, "confirmation": None if found is None else Confirmation(**found)})
    return _answer_merchant(add_proposal(session, new, principal=principal, sealer=current_context().sealer, now=now))


@blueprint.operation(
    "GET",
    "/merchant/proposals",
    kinds=MERCHANT,
    scope=READ,
    summary="List what one has reported, newest first",
    query=FulfilmentPageQuerySchema,
    response=ListedReportPageSchema,
    example={"items": [examples.LISTED_REPORT], "next_cursor": None},
)
def list_reported_proposals(*, query: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply:
    """Give a page of the merchant's own reports, without anybody's words."""
    return _list(session, query, merchant=principal.id, now=now)


@blueprint.operation(
    "GET",
    "/merchant/proposals/<uuid:proposal_id>",
    kinds=MERCHANT,
    scope=READ,
    summary="Read a report of one's own with what the person says; the person sees that",
    response=ReportedProposalSchema,
    example=examples.OBJECTED_REPORT,
    problems={ProblemCode.PROPOSAL_NOT_FOUND},
    writes=True,
)
def get_reported_proposal(
    *, proposal_id: UUID, principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Give the report with answer and objection."""
    sealer = current_context().sealer
    return _answer_merchant(
        look_at_proposal(session, proposal_id, principal=principal, merchant=principal.id, sealer=sealer, now=now)
    )


@blueprint.operation(
    "POST",
    "/merchant/proposals/<uuid:proposal_id>/confirmations",
    kinds=MERCHANT,
    scope=REPORT,
    summary="Add the effective document of a court or an arbitral body; the person's days begin anew",
    body=ConfirmationSchema,
    body_example=examples.CONFIRMATION,
    status=HTTPStatus.CREATED,
    response=ReportedProposalSchema,
    example=examples.CONFIRMED,
    problems={
        ProblemCode.PROPOSAL_NOT_FOUND,
        ProblemCode.PROPOSAL_CLOSED,
        ProblemCode.DOCUMENT_DAY_REFUSED,
        ProblemCode.TOO_MANY_DOCUMENTS,
    },
    repeats=Repeats.BY_KEY,
)
def confirm_proposal(
    *, proposal_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Keep the document with the report; a steward compares it with the original."""
    sealer = current_context().sealer
    return _answer_merchant(
        add_confirmation(session, proposal_id, Confirmation(**body), principal=principal, sealer=sealer, now=now)
    )


@blueprint.operation(
    "POST",
    "/merchant/proposals/<uuid:proposal_id>/withdrawals",
    kinds=MERCHANT,
    scope=REPORT,
    summary="Take a report back; nothing is recorded",
    status=HTTPStatus.CREATED,
    response=ReportedProposalSchema,
    example=examples.WITHDRAWN,
    problems={ProblemCode.PROPOSAL_NOT_FOUND, ProblemCode.PROPOSAL_CLOSED},
    repeats=Repeats.BY_KEY,
)
def withdraw_reported_proposal(
    *, proposal_id: UUID, principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """End a report; under an objection it was a false one."""
    sealer = current_context().sealer
    return _answer_merchant(withdraw_proposal(session, proposal_id, principal=principal, sealer=sealer, now=now))


@blueprint.operation(
    "GET",
    "/steward/proposals",
    kinds=OPERATOR,
    scope="proposals:read",
    summary="List proposed records, newest first",
    query=FulfilmentPageQuerySchema,
    response=ListedProposalPageSchema,
    example=PAGE_EXAMPLE,
)
def list_all_proposals(*, query: dict[str, Any], session: Session, now: datetime) -> Reply:
    """Give a page of all proposals; nothing about the people."""
    return _list(session, query, merchant=None, now=now)


@blueprint.operation(
    "GET",
    "/steward/proposals/<uuid:proposal_id>",
    kinds=OPERATOR,
    scope="proposals:read",
    summary="Look at a proposed record with both sides' words; the person sees that",
    response=HeardProposalSchema,
    example=examples.HEARD,
    problems={ProblemCode.PROPOSAL_NOT_FOUND},
    writes=True,
)
def get_proposal(*, proposal_id: UUID, principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Give a proposal whole, and where else its document was handed in."""
    sealer, language = current_context().sealer, current_notes().language
    seen = look_at_proposal(session, proposal_id, principal=principal, merchant=None, sealer=sealer, now=now)
    if isinstance(seen, Refusal):
        return seen
    value = {**present_proposal(seen, language), "same_document": list(find_same_document(session, proposal_id))}
    return Reply(value=value, headers={"Content-Language": language.value})


@blueprint.operation(
    "POST",
    "/steward/proposals/<uuid:proposal_id>/decisions",
    kinds=OPERATOR,
    scope="proposals:write",
    summary="Note the original of a document, dismiss or keep a proposed record, or let it count if the law admits it",
    body=VerdictSchema,
    body_example=examples.VERDICT,
    status=HTTPStatus.CREATED,
    response=ProposalSchema,
    example=examples.DISMISSED,
    problems={
        ProblemCode.PROPOSAL_NOT_FOUND,
        ProblemCode.PROPOSAL_CLOSED,
        ProblemCode.PROPOSAL_TOO_EARLY,
        ProblemCode.SECOND_PERSON_NEEDED,
        ProblemCode.ORIGINAL_NOT_SEEN,
        ProblemCode.ORIGINAL_DIFFERS,
        ProblemCode.SUBJECT_IN_DOUBT,
        ProblemCode.DEPARTMENT_REFUSED,
    },
    repeats=Repeats.BY_KEY,
)
def decide_on_proposal(
    *, proposal_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Decide; what the admission filter refuses ends as dismissed, with its reason."""
    context = current_context()
    bench = Bench(
        principal=principal, rules=context.rules, pseudonyms=context.pseudonyms, sealer=context.sealer, now=now
    )
    return _answer(decide_proposal(session, proposal_id, Verdict(**body), bench))


def _answer_merchant(outcome: Proposal | Refusal) -> Reply | Refusal:
    return outcome if isinstance(outcome, Refusal) else Reply(value=present_report(outcome))


def _answer(outcome: Proposal | Refusal) -> Reply | Refusal:
    if isinstance(outcome, Refusal):
        return outcome
    language = current_notes().language
    return Reply(value=present_proposal(outcome, language), headers={"Content-Language": language.value})


def _list(session: Session, query: dict[str, Any], *, merchant: str | None, now: datetime) -> Reply:
    limit, language = query["limit"], current_notes().language
    found = list_proposals(
        session,
        merchant=merchant,
        only_open=query["only_open"],
        before=query["cursor"],
        limit=limit + 1,
        sealer=None,
        now=now,
    )
    page = cut_page(found, limit, lambda proposal: (str(proposal.proposal_id),))
    items = [present_proposal(each, language) if merchant is None else present_report(each) for each in page.items]
    return Reply(value={"items": items, "next_cursor": page.next_cursor}, headers={"Content-Language": language.value})
