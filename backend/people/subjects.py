"""From an identity number to a subject, and back to none: what is kept is a pseudonym, a keyed hash and sealed text.

A name proves who is meant. One that real-name sign-in vouched for outranks one that a department handed in, and where
a vouched one disagrees with an earlier one the subject is in doubt until somebody has looked into it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import happened_before_birth
from backend.people.names import fold_name
from backend.people.standing import IDENTITY_FIELD
from backend.people.tables import (
    NewSubject,
    SubjectRow,
    add_subject_unless_known,
    find_subject,
    find_subject_by_index,
    lock_subject,
    put_in_doubt,
    put_name,
    take_turn_to_add,
)
from backend.storage.identifiers import new_id

NAME_FIELD = "name"
NAME_DIFFERS = "name_differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSubject:
    """A subject, and whether the kind and the name that came along are no other than those on file.

    Where the kind is another one, names are not compared and do not agree.
    """

    subject_id: UUID
    kind_agrees: bool
    name_agrees: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """A subject with what identifies it, opened; it leaves the house masked or not at all."""

    kind: str
    number: str = field(repr=False)
    name: str | None = field(repr=False)
    name_is_verified: bool
    is_in_doubt: bool


def find_or_add_subject(
    session: Session,
    *,
    kind: str,
    identity_number: str,
    name: str | None,
    verified: bool,
    pseudonyms: Pseudonyms,
    sealer: Sealer,
    now: datetime,
) -> KnownSubject:
    """Find the subject with an identity number (as `read_identity` gave it), or add it.

    `verified` means that real-name sign-in vouched for the name. A verified name replaces any other; where it
    disagrees with the earlier one, verified or not, the subject is put in doubt (`name_differs`). So once the doubt is
    settled, whoever has changed his name is known by the new one. An unverified name that disagrees changes nothing,
    and neither does anything that comes under another kind.
    """
    digests = [index.digest for index in pseudonyms.all_indexes(identity_number)]
    row = find_subject_by_index(session, digests)
    if row is None and pseudonyms.is_changing:
        take_turn_to_add(session)
        row = find_subject_by_index(session, digests)
    if row is None:
        subject = _make_subject(kind, identity_number, pseudonyms, sealer, now)
        row = add_subject_unless_known(session, subject, now=now)
    if row.kind != kind:
        return KnownSubject(subject_id=row.subject_id, kind_agrees=False, name_agrees=False)
    if name is None or not fold_name(name):
        return KnownSubject(subject_id=row.subject_id, kind_agrees=True, name_agrees=True)
    agrees = _agree_on_name(session, row, name, verified=verified, pseudonyms=pseudonyms, sealer=sealer)
    return KnownSubject(subject_id=row.subject_id, kind_agrees=True, name_agrees=agrees)


def find_subject_id(session: Session, identity_number: str, *, pseudonyms: Pseudonyms) -> UUID | None:
    """Find the subject with an identity number (as `read_identity` gave it); None when there is none."""
    row = find_subject_by_index(session, [index.digest for index in pseudonyms.all_indexes(identity_number)])
    return None if row is None else row.subject_id


def identify_subject(session: Session, subject_id: UUID, *, sealer: Sealer) -> Identified:
    """Open what identifies a subject; an unknown one is a LookupError."""
    row = find_subject(session, subject_id)
    if row is None:
        raise LookupError(f"there is no subject {subject_id}")
    sealed = row.name_sealed
    return Identified(
        kind=row.kind,
        number=sealer.open(row.identity_sealed, subject_id=subject_id, field=IDENTITY_FIELD),
        name=None if sealed is None else sealer.open(sealed, subject_id=subject_id, field=NAME_FIELD),
        name_is_verified=row.name_verified,
        is_in_doubt=row.in_doubt,
    )


def was_born_by(session: Session, subject_id: UUID, day: date, *, sealer: Sealer) -> bool:
    """Tell whether a subject was born on or before a day, as far as its number tells; organisations always were."""
    row = find_subject(session, subject_id)
    if row is None:
        return True
    number = sealer.open(row.identity_sealed, subject_id=subject_id, field=IDENTITY_FIELD)
    return not happened_before_birth(number, day)


def _make_subject(kind: str, identity_number: str, pseudonyms: Pseudonyms, sealer: Sealer, now: datetime) -> NewSubject:
    subject_id = new_id(now)
    index = pseudonyms.index(identity_number)
    return NewSubject(
        subject_id=subject_id,
        kind=kind,
        identity_index=index.digest,
        identity_key_id=index.key_id,
        identity_sealed=sealer.seal(identity_number, subject_id=subject_id, field=IDENTITY_FIELD),
    )


def _agree_on_name(
    session: Session, row: SubjectRow, name: str, *, verified: bool, pseudonyms: Pseudonyms, sealer: Sealer
) -> bool:
    folded = fold_name(name)
    if _is_settled(row, folded, verified=verified, pseudonyms=pseudonyms):
        return _is_same(row, folded, pseudonyms)
    # Something is to be written, so look again at a row that nobody else can change meanwhile.
    held = lock_subject(session, row.subject_id) or row
    agrees = held.name_index is None or _is_same(held, folded, pseudonyms)
    if verified and not agrees:
        put_in_doubt(held, NAME_DIFFERS)
    if held.name_index is None or (verified and not (held.name_verified and agrees)):
        index = pseudonyms.index_name(folded, subject_id=held.subject_id)
        sealed = sealer.seal(name.strip(), subject_id=held.subject_id, field=NAME_FIELD)
        put_name(held, index=index.digest, sealed=sealed, verified=verified)
    session.flush()
    return agrees


def _is_settled(row: SubjectRow, folded: str, *, verified: bool, pseudonyms: Pseudonyms) -> bool:
    if row.name_index is None:
        return False
    return not verified or (row.name_verified and _is_same(row, folded, pseudonyms))


def _is_same(row: SubjectRow, folded: str, pseudonyms: Pseudonyms) -> bool:
    return row.name_index is not None and pseudonyms.is_name(folded, row.name_index, subject_id=row.subject_id)
