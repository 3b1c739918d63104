"""The fixed people of a sandbox: who they are and what each is for. Every one of them is invented."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.tables import Row


class SandboxPersonRow(Row):
    """A fixed person, by number. The number of an identity card stands here in clear: it belongs to nobody.

    `subject_id` is NULL for a person whom the sandbox does not know, so that merchants can ask about one.
    """

    __tablename__ = "sandbox_person"

    person_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    identity_number: Mapped[str]
    purpose: Mapped[dict[str, Any]]
    subject_id: Mapped[UUID | None] = mapped_column(ForeignKey("subject.subject_id"))


def list_people(session: Session) -> Sequence[SandboxPersonRow]:
    """List all of them by number."""
    return session.scalars(select(SandboxPersonRow).order_by(SandboxPersonRow.person_no)).all()


def find_person_row(session: Session, person_no: int) -> SandboxPersonRow | None:
    """Find one of them."""
    return session.get(SandboxPersonRow, person_no)
