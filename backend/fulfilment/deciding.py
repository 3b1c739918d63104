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
from backend.fulfilment.proposal_states import PAYING_DAYS, Reason, State, Turn, find_deadline
from backend.fulfilment.proposal_tables import ProposalRow, add_turn_row, find_proposal_row, lock_proposal_row
from backend.fulfilment.proposal_views import Proposal, read_proposal
from backend.fulfilment.proposals import hold_turn, let_go, tell_merchant
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.grants.grant import Actor
from backend.grants.life import Mover
from backend.merchants.tables import find_merchant_row
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
    """What a steward can decide: drop the proposal, keep it in spite of an objection, or let it count."""

    DISMISS = "dismiss"
    KEEP = "keep"
    COUNT = "count"


class Verdict(NamedTuple):
    """What was decided, in which case, and why; the person reads the reason."""

    decision: Decision
    case_no: str
    reason: str


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
    are over; `second_person_needed` from whoever registered the merchant or decided on the objection, where it is to
    count; `subject_in_doubt`.
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


def _keep(_session: Session, row: ProposalRow, verdict: Verdict, bench: Bench) -> None:
    """Keep it; the days that the person had left when he objected begin to run again, and some remain in any case."""
    left = row.answer_until - (row.objected_at or bench.now)
    row.answer_until = max(row.answer_until, bench.now + left, find_deadline(bench.now, PAYING_DAYS))
    row.state = State.ANSWERED.value
    _close_objection(row, verdict, bench)


def _count(session: Session, row: ProposalRow, verdict: Verdict, bench: Bench) -> Refusal | None:
    if bench.now < row.answer_until:
        return Refusal(ProblemCode.PROPOSAL_TOO_EARLY, {"answer_until": today(row.answer_until).isoformat()})
    merchant = find_merchant_row(session, row.merchant)
    if bench.principal.id in {row.objection_decided_by, None if merchant is None else merchant.registered_by}:
        return Refusal(ProblemCode.SECOND_PERSON_NEEDED)
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
    {Decision.DISMISS: _dismiss, Decision.KEEP: _keep, Decision.COUNT: _count}
)
