"""What a steward decides about a proposed record, and the one way in which it comes to count.

A merchant's word is no legally effective document (国办发〔2020〕49号), so it can never be a record by itself. What is
handed in, by the credit centre as the provider that the catalogue names, is what the document of a court or an arbitral
body says; the admission filter decides about it as about any department's row, and what it refuses ends here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, record_look
from backend.clock import today
from backend.fulfilment.documents import note_original, open_anew
from backend.fulfilment.proposal_history import has_unheard_document, list_officers
from backend.fulfilment.proposal_states import ANSWER_DAYS, PAYING_DAYS, Reason, State, Turn, find_deadline
from backend.fulfilment.proposal_tables import (
    ProposalRow,
    add_turn_row,
    find_proposal_row,
    lock_proposal_row,
)
from backend.fulfilment.proposal_views import Proposal, read_proposal
from backend.fulfilment.proposals import hold_turn, let_go, tell_merchant
from backend.fulfilment.second_person import has_registered
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.grants.grant import Actor
from backend.grants.life import Mover
from backend.grants.places import hold_account
from backend.people.identity_numbers import SubjectKind
from backend.people.subjects import identify_subject
from backend.people.tables import lock_subjects
from backend.principals import Principal
from backend.records.batches import take_batch
from backend.records.ledger import Report
from backend.records.receipts import Outcome, Receipt
from backend.records.rows import Desk, HandedInRow
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal
from scoring.admission import OWN_GROUND, LegalFacts
from scoring.catalogue import Catalogue
from scoring.records import Content

OUTSIDE = "outside_catalogue"


class Decision(StrEnum):
    """What a steward can decide: note the original, drop it, keep it in spite of an objection, or let it count."""

    VERIFY = "verify"
    DISMISS = "dismiss"
    KEEP = "keep"
    COUNT = "count"


class Verdict(NamedTuple):
    """What was decided, in which case, and why; the person reads the reason.

    `original_no` is the number of the original document that the officer has seen, where he notes that.
    """

    decision: Decision
    case_no: str
    reason: str
    original_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Who decides at what moment, and what it takes to open a proposal and to hand a row in."""

    principal: Principal
    rules: CityRules
    pseudonyms: Pseudonyms = field(repr=False)
    sealer: Sealer = field(repr=False)
    now: datetime

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force."""
        return self.rules.catalogue_on(today(self.now))


def decide_proposal(session: Session, proposal_id: UUID, verdict: Verdict, bench: Bench) -> Proposal | Refusal:
    """Decide about a proposal; the person sees by whom and in which case.

    Refusals: not found; closed, or not to be decided so in this state; `proposal_too_early` before the person's days
    are over; `second_person_needed` where it goes in favour of a merchant whom the officer registered, or where it is
    to count and he noted the original or decided on an objection; `original_not_seen` where a document is to count that
    no officer has seen; `original_differs`; `subject_in_doubt`.
    """
    found = find_proposal_row(session, proposal_id)
    if found is not None and verdict.decision is Decision.COUNT:
        lock_subjects(session, [found.row.subject_id])  # before the row, as everybody does who holds both
    row = hold_turn(lock_proposal_row(session, proposal_id), Turn(verdict.decision.value), bench.now)
    if isinstance(row, Refusal):
        return row
    refusal = _DECISIONS[verdict.decision](session, row, verdict, bench)
    if refusal is not None:
        return refusal
    by, actor = Actor.OPERATOR.value, bench.principal.id
    add_turn_row(session, row, turn=verdict.decision, by=by, actor=actor, now=bench.now)
    if verdict.decision is not Decision.VERIFY:
        tell_merchant(session, row, now=bench.now)
    record_look(
        session,
        subject_id=row.subject_id,
        principal=bench.principal,
        purpose=Purpose.PROMISE_HANDLING,
        answered={"kind": "proposal_decided", "state": row.state},
        case_no=verdict.case_no,
        now=bench.now,
    )
    return read_proposal(session, proposal_id, sealer=bench.sealer, now=bench.now)


def find_provider(catalogue: Catalogue) -> tuple[str, str] | None:
    """Find the credit centre and the indicator under which it hands in broken promises; None where the city has none.

    What its catalogue lets the credit centre itself provide is this, and nothing else.
    """
    own = [code for code, department in catalogue.departments.items() if department.own]
    found = ((code, each.code) for code in own for each in catalogue.indicators.values() if code in each.providers)
    return next(found, None)


def make_report(row: ProposalRow) -> Report:
    """Say what the effective document says, and nothing that the merchant says; without one there is nothing.

    Credit is marred from the day of that document: before it nothing is established. The document is the act, so that
    what the court itself reports of it counts once.
    """
    content = Content(occurred_on=row.confirmed_on or row.broken_on, ended_on=None, fields={}, act=row.confirmation_no)
    legal = LegalFacts(document_no=row.confirmation_no, finality=row.finality, confirmed_by=row.confirmed_by)
    return Report(content, legal)


def _dismiss(session: Session, row: ProposalRow, verdict: Verdict, bench: Bench) -> None:
    """Dismiss it; where the person was right to object, nothing was owed, and nothing bars him any more."""
    reason = Reason.NOT_PURSUED
    if row.state == State.OBJECTED:
        _close_objection(row, verdict, bench)
        reason = Reason.OBJECTION_UPHELD
        let_go(session, row, Mover(by=Actor.OPERATOR, clerk=bench.principal.id), now=bench.now)
    _end(row, State.DISMISSED, reason, verdict, bench)


def _verify(_session: Session, row: ProposalRow, verdict: Verdict, bench: Bench) -> Refusal | None:
    return note_original(row, verdict.original_no, officer=bench.principal.id, now=bench.now)


def _keep(session: Session, row: ProposalRow, verdict: Verdict, bench: Bench) -> Refusal | None:
    """Keep it; the days that the person had left when he objected begin to run again, and some remain in any case.

    Where a document came after the objection, nobody could speak to it: all his days begin, and he may do both anew.
    """
    if has_registered(session, row.merchant, bench.principal.id):
        return Refusal(ProblemCode.SECOND_PERSON_NEEDED)
    left = row.answer_until - (row.objected_at or bench.now)
    row.answer_until = max(row.answer_until, bench.now + left, find_deadline(bench.now, PAYING_DAYS))
    row.state = State.ANSWERED.value
    _close_objection(row, verdict, bench)
    if has_unheard_document(session, row):
        row.answer_until = max(row.answer_until, find_deadline(bench.now, ANSWER_DAYS))
        open_anew(session, row, document=())
    return None


def _count(session: Session, row: ProposalRow, verdict: Verdict, bench: Bench) -> Refusal | None:
    refusal = _refuse_count(session, row, bench)
    if refusal is not None:
        return refusal
    receipt = _hand_in(session, row, bench)
    if isinstance(receipt, Refusal):
        return receipt
    if receipt.record_id is None:
        row.end_ground, row.end_law = receipt.code, receipt.law
        _end(row, State.DISMISSED, Reason.NOT_ADMITTED, verdict, bench)
        return None
    row.record_id = receipt.record_id
    _end(row, State.COUNTED, Reason.COUNTED, verdict, bench)
    return None


def _refuse_count(session: Session, row: ProposalRow, bench: Bench) -> Refusal | None:
    """Refuse what is too early, what one officer would do alone, and what has been paid by now."""
    if bench.now < row.answer_until:
        return Refusal(ProblemCode.PROPOSAL_TOO_EARLY, {"answer_until": today(row.answer_until).isoformat()})
    officer = bench.principal.id
    if officer in list_officers(session, row) or has_registered(session, row.merchant, officer):
        return Refusal(ProblemCode.SECOND_PERSON_NEEDED)
    if row.confirmation_no is not None and row.original_seen_by is None:
        return Refusal(ProblemCode.ORIGINAL_NOT_SEEN)
    # Nothing is paid any more from here on until this is committed, and what was paid a moment ago is seen.
    hold_account(session, row.subject_id)
    held = hold_turn(lock_proposal_row(session, row.proposal_id), Turn.COUNT, bench.now)
    return held if isinstance(held, Refusal) else None


def _hand_in(session: Session, row: ProposalRow, bench: Bench) -> Receipt | Refusal:
    """Hand the proposal in as the credit centre's own batch of one row."""
    provider = find_provider(bench.catalogue)
    if provider is None:
        law = bench.catalogue.laws.get(OUTSIDE, OWN_GROUND)
        return Receipt(1, Outcome.REFUSED, code=OUTSIDE, law=law)
    person = identify_subject(session, row.subject_id, sealer=bench.sealer)
    if person.is_in_doubt or person.name is None:
        return Refusal(ProblemCode.SUBJECT_IN_DOUBT)
    desk = Desk(
        department=provider[0],
        clerk=bench.principal.id,
        batch_id=new_id(bench.now),
        catalogue=bench.catalogue,
        pseudonyms=bench.pseudonyms,
        sealer=bench.sealer,
        now=bench.now,
    )
    handed_in = HandedInRow(
        source_key=f"proposal:{row.proposal_id}",
        subject_kind=SubjectKind(person.kind),
        id_number=person.number,
        name=person.name,
        indicator=provider[1],
        report=make_report(row),
    )
    batch = take_batch(session, row.proposal_id.hex, [handed_in], desk)
    if isinstance(batch, Refusal):
        return batch
    (receipt,) = batch.receipts
    return Refusal(ProblemCode.SUBJECT_IN_DOUBT) if receipt.outcome is Outcome.QUARANTINED else receipt


def _end(row: ProposalRow, state: State, reason: Reason, verdict: Verdict, bench: Bench) -> None:
    row.state, row.end_code, row.end_reason = state.value, reason.value, verdict.reason
    row.ended_at, row.ended_by = bench.now, bench.principal.id


def _close_objection(row: ProposalRow, verdict: Verdict, bench: Bench) -> None:
    row.objection_decided_at, row.objection_decided_by = bench.now, bench.principal.id
    row.objection_reason = verdict.reason


_Step = Callable[[Session, ProposalRow, Verdict, Bench], Refusal | None]
_DECISIONS: Mapping[Decision, _Step] = MappingProxyType(
    {Decision.VERIFY: _verify, Decision.DISMISS: _dismiss, Decision.KEEP: _keep, Decision.COUNT: _count}
)
