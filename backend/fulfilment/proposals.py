"""Broken promises, as merchants report them and as the person they are about answers.

A report is no record: it is shown to the person at once, who has fifteen days to pay, answer or object. A promise kept
needs no report: the completed grant says it. What always follows from a broken one follows without any record: no new
benefit that holds an amount until it is paid.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, record_look
from backend.clock import today
from backend.fulfilment.proposal_states import (
    ANSWER_DAYS,
    LASTING,
    Reason,
    State,
    Turn,
    find_deadline,
    find_state,
    hide_end,
    take_turn,
)
from backend.fulfilment.proposal_tables import (
    FoundProposal,
    ProposalRow,
    add_proposal_row,
    add_turn_row,
    find_proposal_row,
    list_proposal_rows,
    list_round_rows,
    lock_proposal_row,
)
from backend.fulfilment.proposal_views import Confirmation, NewProposal, Proposal, read_proposal, show_proposal
from backend.fulfilment.sealed_texts import (
    PROPOSAL_ANSWER,
    PROPOSAL_OBJECTION,
    PROPOSAL_STATEMENT,
    seal_text,
)
from backend.gateways.sealing import Sealer
from backend.grants.grant import Actor, GrantState
from backend.grants.life import Mover, settle
from backend.grants.queries import find_grant
from backend.merchants.events import EventKind, leave_event
from backend.principals import Principal
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal


def add_proposal(
    session: Session, new: NewProposal, *, principal: Principal, sealer: Sealer, now: datetime
) -> Proposal | Refusal:
    """Propose a record about a grant of the merchant's own that is broken.

    Refusals: `grant_not_found`; `proposal_refused` where the grant is not broken, or nothing is owed;
    `document_day_refused`; `proposal_exists` where there was one about it before, however it ended.
    """
    grant = find_grant(session, new.grant_id, merchant=principal.id)
    if grant is None:
        return Refusal(ProblemCode.GRANT_NOT_FOUND)
    if grant.state != GrantState.BROKEN or not grant.final_fen or grant.ended_at is None:
        return Refusal(ProblemCode.PROPOSAL_REFUSED)
    proposal_id, found = new_id(now), new.confirmation
    refusal = None if found is None else refuse_day(found, today(grant.ended_at), now)
    if refusal is not None:
        return refusal
    row = ProposalRow(
        subject_id=grant.subject_id,
        proposal_id=proposal_id,
        merchant=grant.merchant,
        grant_id=grant.grant_id,
        kind=new.kind.value,
        amount_fen=grant.final_fen,
        broken_on=today(grant.ended_at),
        slip_no=new.slip_no,
        statement_sealed=seal_text(
            new.statement, of=proposal_id, subject_id=grant.subject_id, field=PROPOSAL_STATEMENT, sealer=sealer
        ),
        clerk=principal.acting,
        proposed_at=now,
        answer_until=find_deadline(now, ANSWER_DAYS),
        lapses_at=now + LASTING,
        state=State.PROPOSED.value,
        confirmed_by=None if found is None else found.confirmed_by,
        confirmation_no=None if found is None else found.document_no,
        confirmed_on=None if found is None else found.decided_on,
        finality=None if found is None else found.finality,
    )
    if not add_proposal_row(session, row):
        return Refusal(ProblemCode.PROPOSAL_EXISTS)
    add_turn_row(session, row, turn="propose", by=Actor.MERCHANT.value, actor=principal.acting, now=now)
    return read_proposal(session, proposal_id, sealer=sealer, now=now)


def refuse_day(confirmation: Confirmation, broken_on: date, now: datetime) -> Refusal | None:
    """Refuse a document that is older than what it is to confirm, or of a day that has not come."""
    if broken_on <= confirmation.decided_on <= today(now):
        return None
    days = {"broken_on": broken_on.isoformat(), "today": today(now).isoformat()}
    return Refusal(ProblemCode.DOCUMENT_DAY_REFUSED, days)


def withdraw_proposal(
    session: Session, proposal_id: UUID, *, principal: Principal, sealer: Sealer, now: datetime
) -> Proposal | Refusal:
    """Take a report back; under an open objection it counts as a false one in the merchant's own figure.

    Whoever takes it back asks nothing of the person any more: what was owed is let go.
    """
    found = lock_proposal_row(session, proposal_id, merchant=principal.id)
    row = hold_turn(found, Turn.WITHDRAW, now)
    if isinstance(row, Refusal):
        return row
    under_objection = row.state == State.OBJECTED
    row.state, row.ended_at, row.ended_by = State.WITHDRAWN.value, now, principal.acting or principal.id
    row.end_code = (Reason.WITHDRAWN_UNDER_OBJECTION if under_objection else Reason.WITHDRAWN).value
    add_turn_row(session, row, turn=Turn.WITHDRAW, by=Actor.MERCHANT.value, actor=principal.acting, now=now)
    let_go(session, row, Mover(by=Actor.MERCHANT, merchant=principal.id, clerk=principal.acting), now=now)
    return read_proposal(session, proposal_id, sealer=sealer, now=now)


def let_go(session: Session, row: ProposalRow, mover: Mover, *, now: datetime) -> None:
    """Settle the grant of a proposal at nothing, so that it bars the person from no benefit; a settled one stays so."""
    settle(session, row.grant_id, mover, 0, now=now)


def answer_proposal(
    session: Session, proposal_id: UUID, text: str, *, subject_id: UUID, sealer: Sealer, now: datetime
) -> Proposal | Refusal:
    """Keep what the person has to say beside the report; it decides nothing."""
    row = hold_turn(lock_proposal_row(session, proposal_id, subject_id=subject_id), Turn.ANSWER, now)
    if isinstance(row, Refusal):
        return row
    row.state, row.answered_at = State.ANSWERED.value, now
    row.answer_sealed = seal_text(text, of=proposal_id, subject_id=subject_id, field=PROPOSAL_ANSWER, sealer=sealer)
    add_turn_row(session, row, turn=Turn.ANSWER, by=Actor.CITIZEN.value, actor=None, now=now)
    return read_proposal(session, proposal_id, sealer=sealer, now=now)


def object_to_proposal(
    session: Session, proposal_id: UUID, text: str, *, subject_id: UUID, sealer: Sealer, now: datetime
) -> Proposal | Refusal:
    """Object at any time before it ends, once, and once more about each further document.

    Until the steward has decided, it never counts, and no day runs.
    """
    row = hold_turn(lock_proposal_row(session, proposal_id, subject_id=subject_id), Turn.OBJECT, now)
    if isinstance(row, Refusal):
        return row
    if row.objected_at is not None:
        return Refusal(ProblemCode.OBJECTED_BEFORE)
    row.state, row.objected_at = State.OBJECTED.value, now
    row.objection_sealed = seal_text(
        text, of=proposal_id, subject_id=subject_id, field=PROPOSAL_OBJECTION, sealer=sealer
    )
    add_turn_row(session, row, turn=Turn.OBJECT, by=Actor.CITIZEN.value, actor=None, now=now)
    return read_proposal(session, proposal_id, sealer=sealer, now=now)


def list_proposals(
    session: Session,
    *,
    subject_id: UUID | None = None,
    merchant: str | None = None,
    only_open: bool = False,
    before: UUID | None = None,
    limit: int,
    sealer: Sealer | None,
    now: datetime,
) -> Sequence[Proposal]:
    """List at most `limit` proposals of a person or a merchant, or all; without a sealer no texts are told."""
    rows = list_proposal_rows(
        session, subject_id=subject_id, merchant=merchant, only_open=only_open, before=before, limit=limit
    )
    rounds = [] if sealer is None else list_round_rows(session, [found.row.proposal_id for found in rows])
    return [show_proposal(found, rounds, sealer=sealer, now=now) for found in rows]


def look_at_proposal(
    session: Session, proposal_id: UUID, *, principal: Principal, merchant: str | None, sealer: Sealer, now: datetime
) -> Proposal | Refusal:
    """Show a proposal whole to its merchant or to an officer, and note the look for the person to see."""
    found = find_proposal_row(session, proposal_id, merchant=merchant)
    if found is None:
        return Refusal(ProblemCode.PROPOSAL_NOT_FOUND)
    record_look(
        session,
        subject_id=found.row.subject_id,
        principal=principal,
        purpose=Purpose.PROMISE_HANDLING,
        asker_name=None if merchant is None else found.merchant_name,
        answered={"kind": "proposal", "state": found.row.state},
        case_no=str(proposal_id),
        now=now,
    )
    return show_proposal(found, list_round_rows(session, [proposal_id]), sealer=sealer, now=now)


def hold_turn(found: FoundProposal | None, turn: Turn, now: datetime) -> ProposalRow | Refusal:
    """Give the row of a held proposal if the turn can be taken now; the caller takes it."""
    if found is None:
        return Refusal(ProblemCode.PROPOSAL_NOT_FOUND)
    row = found.row
    state = find_state(row.state, grant_state=found.grant_state, lapses_at=row.lapses_at, now=now)
    if take_turn(state, turn, kept=row.state) is None:
        is_merchants = turn in {Turn.CONFIRM, Turn.WITHDRAW}
        return Refusal(ProblemCode.PROPOSAL_CLOSED, {"state": (hide_end(state) if is_merchants else state).value})
    return row


def tell_merchant(session: Session, row: ProposalRow, *, now: datetime) -> None:
    """Leave the event that a proposal has been decided on; it names no person, and tells no merchant how it ended."""
    payload = {"grant_id": str(row.grant_id), "state": hide_end(State(row.state)).value}
    event = EventKind.PROPOSAL_DECIDED
    leave_event(session, merchant=row.merchant, event=event, about=row.proposal_id, payload=payload, now=now)
