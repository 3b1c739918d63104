"""Proposed records of broken promises, and every turn that one has taken: rows and their named queries.

`subject_id` leads every key. A proposal that was paid needs no turn: the grant says so, and the grant is the truth.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Select, func, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.grants.tables import GrantRow
from backend.merchants.tables import MerchantRow
from backend.storage.inserts import insert_into
from backend.storage.tables import Row

# What the database itself holds: nothing counts before its day, while an objection is open, or by one officer alone.
_COUNTED = (
    "state <> 'counted' OR (ended_at >= answer_until AND (objected_at IS NULL) = (objection_decided_at IS NULL)"
    " AND original_seen_by IS NOT NULL AND ended_by IS NOT NULL AND original_seen_by <> ended_by"
    " AND (objection_decided_by IS NULL OR objection_decided_by <> ended_by))"
)


class ProposalRow(Row):
    """What a merchant says about a broken grant. What it and the person tell in their own words is sealed.

    `slip_no` is the merchant's own paper, `confirmation_no` the effective document of a court or an arbitral body.
    `original_seen_by` has seen that document's original. What was said before a further one stands in the rounds.
    A proposal that counts is the record `record_id`; one that ended otherwise has none, and `end_code` says why.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "grant_id"], ["benefit_grant.subject_id", "benefit_grant.grant_id"]),
        CheckConstraint(
            "state IN ('proposed', 'answered', 'objected', 'withdrawn', 'dismissed', 'counted')", name="state"
        ),
        CheckConstraint("kind IN ('not_returned', 'not_paid', 'damaged')", name="kind"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("(state IN ('proposed', 'answered', 'objected')) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(ended_at IS NULL) = (end_code IS NULL)", name="end_code"),
        CheckConstraint("(state = 'counted') = (record_id IS NOT NULL)", name="record"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmation_no IS NULL)", name="confirmation"),
        CheckConstraint("confirmed_on >= broken_on", name="confirmed_on"),
        CheckConstraint("(original_seen_by IS NULL) = (original_seen_at IS NULL)", name="original_seen"),
        CheckConstraint(_COUNTED, name="counted"),
        Index("uq_proposal_proposal_id", "proposal_id", unique=True),
        Index("uq_proposal_grant", "subject_id", "grant_id", unique=True),
        Index("ix_proposal_merchant", "merchant", "proposal_id"),
        Index("ix_proposal_confirmation_no", "confirmation_no"),
        Index(
            "ix_proposal_open",
            "proposal_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant: Mapped[str] = mapped_column(ForeignKey("merchant.code"))
    grant_id: Mapped[UUID]
    kind: Mapped[str]
    amount_fen: Mapped[int]
    broken_on: Mapped[date]
    slip_no: Mapped[str]
    statement_sealed: Mapped[bytes | None]
    clerk: Mapped[str | None]
    proposed_at: Mapped[datetime]
    answer_until: Mapped[datetime]
    lapses_at: Mapped[datetime]
    state: Mapped[str]
    answer_sealed: Mapped[bytes | None]
    answered_at: Mapped[datetime | None]
    objection_sealed: Mapped[bytes | None]
    objected_at: Mapped[datetime | None]
    objection_decided_at: Mapped[datetime | None]
    objection_decided_by: Mapped[str | None]
    objection_reason: Mapped[str | None]
    confirmed_by: Mapped[str | None]
    confirmation_no: Mapped[str | None]
    confirmed_on: Mapped[date | None]
    finality: Mapped[str | None]
    original_seen_by: Mapped[str | None]
    original_seen_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_code: Mapped[str | None]
    end_ground: Mapped[str | None]
    end_law: Mapped[str | None]
    end_reason: Mapped[str | None]
    record_id: Mapped[UUID | None]


class ProposalTurnRow(Row):
    """One turn of a proposal; append-only. `by` is `merchant`, `citizen` or `operator`."""

    __tablename__ = "proposal_turn"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "proposal_id"], ["proposal.subject_id", "proposal.proposal_id"]),
        CheckConstraint("by IN ('merchant', 'citizen', 'operator')", name="by"),
        CheckConstraint("turn_no >= 1", name="turn_no"),
    )

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(primary_key=True)
    turn_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    turn: Mapped[str]
    state: Mapped[str]
    by: Mapped[str]
    actor: Mapped[str | None]
    happened_at: Mapped[datetime]


class ProposalRoundRow(Row):
    """What was handed in and said about a proposal before a further document opened it anew; numbered from 1."""

    __tablename__ = "proposal_round"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "proposal_id"], ["proposal.subject_id", "proposal.proposal_id"]),
        CheckConstraint("round_no >= 1", name="round_no"),
    )

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(primary_key=True)
    round_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answer_sealed: Mapped[bytes | None]
    answered_at: Mapped[datetime | None]
    objection_sealed: Mapped[bytes | None]
    objected_at: Mapped[datetime | None]
    objection_decided_at: Mapped[datetime | None]
    objection_decided_by: Mapped[str | None]
    objection_reason: Mapped[str | None]
    confirmed_by: Mapped[str | None]
    confirmation_no: Mapped[str | None]
    confirmed_on: Mapped[date | None]
    finality: Mapped[str | None]


DOCUMENT = ("confirmed_by", "confirmation_no", "confirmed_on", "finality")
_WORDS = ("answer_sealed", "answered_at", "objection_sealed", "objected_at")
_OBJECTION = ("objection_decided_at", "objection_decided_by", "objection_reason")
SAID = (*_WORDS, *_OBJECTION)

_Selected: TypeAlias = Select[ProposalRow, str, str, str, str]


class FoundProposal(NamedTuple):
    """A proposal, the state and the key of its grant, and what the merchant is called."""

    row: ProposalRow
    grant_state: str
    order_no: str
    scenario: str
    merchant_name: str


def add_proposal_row(session: Session, row: ProposalRow) -> bool:
    """Add a proposal; False where there was one about this grant before."""
    columns = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    statement = insert_into(session, ProposalRow).values(columns)
    added = session.scalars(
        statement.on_conflict_do_nothing(index_elements=["subject_id", "grant_id"]).returning(ProposalRow.proposal_id)
    ).all()
    return bool(added)


def add_turn_row(session: Session, row: ProposalRow, *, turn: str, by: str, actor: str | None, now: datetime) -> None:
    """Note a turn that the proposal has just taken; whoever takes one holds the proposal."""
    key = (ProposalTurnRow.subject_id == row.subject_id, ProposalTurnRow.proposal_id == row.proposal_id)
    latest = session.scalar(select(func.max(ProposalTurnRow.turn_no)).where(*key)) or 0
    session.add(
        ProposalTurnRow(
            subject_id=row.subject_id,
            proposal_id=row.proposal_id,
            turn_no=latest + 1,
            turn=turn,
            state=row.state,
            by=by,
            actor=actor,
            happened_at=now,
        )
    )
    session.flush()


def add_round_row(session: Session, row: ProposalRow, columns: Sequence[str]) -> None:
    """Keep some columns of a held proposal as its next round; nothing where all of them are empty."""
    kept = {name: getattr(row, name) for name in columns}
    if all(value is None for value in kept.values()):
        return
    key = (ProposalRoundRow.subject_id == row.subject_id, ProposalRoundRow.proposal_id == row.proposal_id)
    latest = session.scalar(select(func.max(ProposalRoundRow.round_no)).where(*key)) or 0
    place = {"subject_id": row.subject_id, "proposal_id": row.proposal_id, "round_no": latest + 1}
    session.add(ProposalRoundRow(**place, **kept))
    session.flush()


def list_round_rows(session: Session, proposal_ids: Sequence[UUID]) -> Sequence[ProposalRoundRow]:
    """List the rounds of some proposals, earliest first."""
    wanted = select(ProposalRoundRow).where(ProposalRoundRow.proposal_id.in_(proposal_ids))
    return session.scalars(wanted.order_by(ProposalRoundRow.proposal_id, ProposalRoundRow.round_no)).all()


def find_proposal_row(
    session: Session, proposal_id: UUID, *, subject_id: UUID | None = None, merchant: str | None = None
) -> FoundProposal | None:
    """Find a proposal by its id: only this person's, or only this merchant's, where one of them asks."""
    return _find(session, proposal_id, _select_found(), subject_id, merchant)


def lock_proposal_row(
    session: Session, proposal_id: UUID, *, subject_id: UUID | None = None, merchant: str | None = None
) -> FoundProposal | None:
    """Find a proposal as `find_proposal_row` does, and hold it until the transaction ends."""
    held = _select_found().with_for_update(of=ProposalRow).execution_options(populate_existing=True)
    return _find(session, proposal_id, held, subject_id, merchant)


def list_proposal_rows(
    session: Session,
    *,
    subject_id: UUID | None = None,
    merchant: str | None = None,
    only_open: bool = False,
    before: UUID | None = None,
    limit: int,
) -> Sequence[FoundProposal]:
    """List at most `limit` proposals, newest first; only those before one, if given."""
    statement = _narrow(_select_found(), subject_id, merchant)
    if only_open:
        # An objection waits for its decision, whatever became of the grant.
        waits = or_(GrantRow.state != "settled", ProposalRow.state == "objected")
        statement = statement.where(ProposalRow.ended_at.is_(None), waits)
    if before is not None:
        statement = statement.where(ProposalRow.proposal_id < before)
    rows = session.execute(statement.order_by(ProposalRow.proposal_id.desc()).limit(limit))
    return [FoundProposal._make(row) for row in rows]


def count_false_reports(session: Session, merchants: Collection[str], *, since: datetime) -> dict[str, int]:
    """Count merchants' proposals that ended since then as false: withdrawn under objection, or objected rightly.

    Those of whom there are none are left out.
    """
    false = (
        ProposalRow.merchant.in_(sorted(merchants)),
        ProposalRow.ended_at >= since,
        ProposalRow.end_code.in_(("withdrawn_under_objection", "objection_upheld")),
    )
    counted = select(ProposalRow.merchant, func.count()).where(*false).group_by(ProposalRow.merchant)
    return {row[0]: row[1] for row in session.execute(counted)}


def _select_found() -> _Selected:
    return (
        select(ProposalRow, GrantRow.state, GrantRow.order_no, GrantRow.scenario, MerchantRow.name)
        .join(GrantRow, (GrantRow.subject_id == ProposalRow.subject_id) & (GrantRow.grant_id == ProposalRow.grant_id))
        .join(MerchantRow, MerchantRow.code == ProposalRow.merchant)
    )


def _narrow(statement: _Selected, subject_id: UUID | None, merchant: str | None) -> _Selected:
    if subject_id is not None:
        statement = statement.where(ProposalRow.subject_id == subject_id)
    return statement if merchant is None else statement.where(ProposalRow.merchant == merchant)


def _find(
    session: Session,
    proposal_id: UUID,
    statement: _Selected,
    subject_id: UUID | None,
    merchant: str | None,
) -> FoundProposal | None:
    wanted = _narrow(statement.where(ProposalRow.proposal_id == proposal_id), subject_id, merchant)
    row = session.execute(wanted).one_or_none()
    return None if row is None else FoundProposal._make(row)
