"""The quarantine as operators work through it: the queue, one row with both names, and the decision about it."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.context import current_context
from backend.principals import Principal, PrincipalKind
from backend.records import quarantine_examples as examples
from backend.records.descriptions import describe_report
from backend.records.quarantine import (
    Decided,
    QuarantinedDetail,
    Tools,
    Verdict,
    decide_quarantined,
    list_waiting,
    look_at_quarantined,
)
from backend.records.quarantine_schemas import (
    DecidedSchema,
    NewDecisionSchema,
    QuarantinedRowSchema,
    QuarantineLookSchema,
    QuarantinePageQuerySchema,
    WaitingPageSchema,
)
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import cut_page
from backend.web.problems import ProblemCode, Refusal

OPERATOR = {PrincipalKind.OPERATOR}
READ, WRITE = "quarantine:read", "quarantine:write"

blueprint = Blueprint("quarantine", __name__, description="Rows about somebody in doubt, and what is decided on them")


@blueprint.operation(
    "GET",
    "/quarantine",
    kinds=OPERATOR,
    scope=READ,
    summary="List the rows that wait for a decision, oldest first",
    query=QuarantinePageQuerySchema,
    response=WaitingPageSchema,
    example={"items": [examples.WAITING], "next_cursor": None},
)
def list_quarantine(*, query: dict[str, Any], session: Session) -> dict[str, object]:
    """Give a page of the queue; no names, and nothing about the people."""
    limit = query["limit"]
    rows = list_waiting(session, after=query["cursor"], limit=limit + 1)
    page = cut_page(rows, limit, lambda row: (str(row.quarantine_id),))
    return {"items": list(page.items), "next_cursor": page.next_cursor}


@blueprint.operation(
    "GET",
    "/quarantine/<uuid:quarantine_id>",
    kinds=OPERATOR,
    scope=READ,
    summary="Look at a row in quarantine, for a purpose; the person sees that",
    query=QuarantineLookSchema,
    response=QuarantinedRowSchema,
    example=examples.QUARANTINED,
    problems={ProblemCode.QUARANTINE_NOT_FOUND},
    writes=True,
)
def get_quarantined(
    *, quarantine_id: UUID, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, object] | Refusal:
    """Give the name in the row and the name on file side by side, and a masked number."""
    found = look_at_quarantined(
        session,
        quarantine_id,
        principal=principal,
        purpose=query["purpose"],
        case_no=query["case_no"],
        sealer=current_context().sealer,
        now=now,
    )
    return found if isinstance(found, Refusal) else _describe(found)


@blueprint.operation(
    "POST",
    "/quarantine/<uuid:quarantine_id>/decisions",
    kinds=OPERATOR,
    scope=WRITE,
    summary="Release a row from quarantine, or refuse it",
    body=NewDecisionSchema,
    body_example=examples.NEW_DECISION,
    status=HTTPStatus.CREATED,
    response=DecidedSchema,
    example=examples.DECIDED,
    problems={
        ProblemCode.QUARANTINE_NOT_FOUND,
        ProblemCode.QUARANTINE_DECIDED,
        ProblemCode.SUBJECT_IN_DOUBT,
        ProblemCode.RELEASE_REFUSED,
    },
    repeats=Repeats.BY_KEY,
)
def add_decision(
    *, quarantine_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Decided | Refusal:
    """Decide once; a row that is released becomes a record that is known from now on."""
    context = current_context()
    tools = Tools(rules=context.rules, pseudonyms=context.pseudonyms, sealer=context.sealer)
    return decide_quarantined(session, quarantine_id, Verdict(**body), principal=principal, tools=tools, now=now)


def _describe(found: QuarantinedDetail) -> dict[str, object]:
    return {
        **asdict(found.waiting),
        "state": found.state,
        "subject_id": found.subject_id,
        "subject_kind": found.subject_kind,
        "masked_number": found.masked_number,
        "name_given": found.name_given,
        "name_on_file": found.name_on_file,
        "name_is_verified": found.name_is_verified,
        "is_in_doubt": found.is_in_doubt,
        "content": describe_report(found.report),
        "decided_at": found.decided_at,
        "decided_by": found.decided_by,
        "record_id": found.record_id,
    }
