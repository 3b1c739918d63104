"""Sign-in sessions and linked mini-program accounts: rows and their named queries.

Of a refresh token nothing is kept but its generation. A mini-program account is found by its keyed hash before it is
known whose it is; that hash is a directory, as the index of identity numbers is.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, delete, select, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.inserts import insert_into
from backend.storage.tables import Row

SHOWN_FOR = timedelta(days=30)


class SignInSessionRow(Row):
    """One device signed in: how, when, which generation of refresh tokens is the live one, and how it ended.

    A session that was ended expires at that moment, so `expires_at` alone says whether one is live.
    """

    __tablename__ = "sign_in_session"
    __table_args__ = (
        CheckConstraint("method IN ('ticket', 'mini_program')", name="method"),
        CheckConstraint("generation >= 1", name="generation"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended"),
        CheckConstraint("ended_at IS NULL OR expires_at <= ended_at", name="ended_is_expired"),
        CheckConstraint(
            "ended_because IN ('signed_out', 'signed_out_everywhere', 'reused', 'unlinked')", name="ended_because"
        ),
        Index(None, "expires_at"),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    method: Mapped[str]
    device: Mapped[str | None]
    generation: Mapped[int]
    opened_at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]


class MiniProgramLinkRow(Row):
    """The one mini-program account of a person, by keyed hash."""

    __tablename__ = "mini_program_link"

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    account_index: Mapped[bytes] = mapped_column(unique=True)
    account_key_id: Mapped[str]
    linked_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What a session begins with; its first refresh token is of generation 1."""

    subject_id: UUID
    session_id: UUID
    method: str
    device: str | None
    opened_at: datetime
    proven_at: datetime | None
    expires_at: datetime


def add_session(session: Session, new: NewSession) -> None:
    """Add a session that somebody has just opened."""
    session.add(SignInSessionRow(**asdict(new), generation=1, used_at=new.opened_at))
    session.flush()


def find_session(session: Session, subject_id: UUID, session_id: UUID) -> SignInSessionRow | None:
    """Find a session of a person as it is now, whatever this transaction has seen of it before."""
    wanted = (SignInSessionRow.subject_id == subject_id, SignInSessionRow.session_id == session_id)
    return session.scalars(
        select(SignInSessionRow).where(*wanted).execution_options(populate_existing=True)
    ).one_or_none()


def raise_generation(
    session: Session, subject_id: UUID, session_id: UUID, *, generation: int, expires_at: datetime, now: datetime
) -> bool:
    """Raise the generation of a live session by one if it still is `generation`; of several calls one gets True."""
    raised = session.scalars(
        update(SignInSessionRow)
        .where(
            SignInSessionRow.subject_id == subject_id,
            SignInSessionRow.session_id == session_id,
            SignInSessionRow.generation == generation,
            *_live(now),
        )
        .values(generation=generation + 1, used_at=now, expires_at=expires_at)
        .returning(SignInSessionRow.session_id)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(raised)


def mark_proven(session: Session, subject_id: UUID, session_id: UUID, *, now: datetime) -> None:
    """Note that the owner of a session has proven who he is once more."""
    session.execute(
        update(SignInSessionRow)
        .where(SignInSessionRow.subject_id == subject_id, SignInSessionRow.session_id == session_id)
        .values(proven_at=now)
        .execution_options(synchronize_session=False)
    )


def list_sessions(session: Session, subject_id: UUID, limit: int) -> Sequence[SignInSessionRow]:
    """List at most `limit` sessions of a person, the newest first, ended ones included."""
    return session.scalars(
        select(SignInSessionRow)
        .where(SignInSessionRow.subject_id == subject_id)
        .order_by(SignInSessionRow.session_id.desc())
        .limit(limit)
    ).all()


def end_sessions(
    session: Session,
    subject_id: UUID,
    *,
    because: str,
    now: datetime,
    session_id: UUID | None = None,
    method: str | None = None,
) -> Sequence[UUID]:
    """End the live sessions of a person, or the one with an id, or those of one method; gives which were ended."""
    narrowed = [] if session_id is None else [SignInSessionRow.session_id == session_id]
    narrowed += [] if method is None else [SignInSessionRow.method == method]
    return session.scalars(
        update(SignInSessionRow)
        .where(SignInSessionRow.subject_id == subject_id, *_live(now), *narrowed)
        .values(expires_at=now, ended_at=now, ended_because=because)
        .returning(SignInSessionRow.session_id)
        .execution_options(synchronize_session=False)
    ).all()


def purge_sessions(session: Session, now: datetime, *, limit: int) -> int:
    """Forget sessions that ended or expired 30 days ago or longer, at most `limit` at once; gives how many."""
    keys = (SignInSessionRow.subject_id, SignInSessionRow.session_id)
    old = select(*keys).where(SignInSessionRow.expires_at <= now - SHOWN_FOR).limit(limit)
    statement = delete(SignInSessionRow).where(tuple_(*keys).in_(old)).returning(SignInSessionRow.session_id)
    return len(session.scalars(statement).all())


def find_linked_subject(session: Session, digests: Sequence[bytes]) -> UUID | None:
    """Find whose a mini-program account is by its keyed hashes, one hash per key still in use."""
    wanted = select(MiniProgramLinkRow.subject_id).where(MiniProgramLinkRow.account_index.in_(digests))
    return session.scalars(wanted.order_by(MiniProgramLinkRow.subject_id).limit(1)).first()


def find_link(session: Session, subject_id: UUID) -> MiniProgramLinkRow | None:
    """Find the mini-program account of a person."""
    return session.get(MiniProgramLinkRow, subject_id)


def add_link(session: Session, subject_id: UUID, *, digest: bytes, key_id: str, now: datetime) -> bool:
    """Link a mini-program account to a person; False when either has another link already, also one made just now."""
    statement = insert_into(session, MiniProgramLinkRow).values(
        subject_id=subject_id, account_index=digest, account_key_id=key_id, linked_at=now
    )
    added = session.scalars(statement.on_conflict_do_nothing().returning(MiniProgramLinkRow.subject_id)).all()
    return bool(added)


def renew_link(session: Session, subject_id: UUID, *, digest: bytes, key_id: str) -> None:
    """Write the hash of a person's account under another key; only its owner brings what it is made of."""
    session.execute(
        update(MiniProgramLinkRow)
        .where(MiniProgramLinkRow.subject_id == subject_id, MiniProgramLinkRow.account_key_id != key_id)
        .values(account_index=digest, account_key_id=key_id)
        .execution_options(synchronize_session=False)
    )


def remove_link(session: Session, subject_id: UUID, *, key_id: str | None = None) -> bool:
    """Remove the link of a person, or only one that hangs on a certain key; False when there is none."""
    statement = delete(MiniProgramLinkRow).where(MiniProgramLinkRow.subject_id == subject_id)
    if key_id is not None:
        statement = statement.where(MiniProgramLinkRow.account_key_id == key_id)
    return bool(session.scalars(statement.returning(MiniProgramLinkRow.subject_id)).all())


def _live(now: datetime) -> tuple[ColumnElement[bool], ...]:
    # The moment alone would not do: a call that began before another one ended the session has an earlier one.
    return SignInSessionRow.ended_at.is_(None), SignInSessionRow.expires_at > now
