"""Signing in by mini-program: an account of the platform, linked once to a person by a real-name check.

An account shows that somebody holds a phone, not who he is. So it signs in the person it is linked to, but for what
needs a fresh proof the name and the number are asked for again. One account belongs to one person, and one person has
one account: whoever knows a stranger's name and number must not take over what the stranger has linked. Only a link
whose key was dropped, so that no account can be compared with it any more, gives way.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.pseudonyms import KeyedIndex, Pseudonyms
from backend.gateways.sealing import Sealer, SealError
from backend.gateways.signed_claims import LEEWAY
from backend.people.identity_numbers import SubjectKind
from backend.people.session_tables import (
    MiniProgramLinkRow,
    add_link,
    find_link,
    find_linked_subject,
    remove_link,
    renew_link,
)
from backend.people.sessions import Ending, Method, end_sessions_by
from backend.people.sign_in import Entrant, find_entrant
from backend.people.subjects import find_or_add_subject, find_subject_id
from backend.people.tables import use_ticket
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

LINK_LIFETIME = timedelta(minutes=10)
_FIELD = "mini_program_link"
_NOBODY = UUID(int=0)  # a seal is bound to a subject, and here there is none yet


class MiniProgramStatus(StrEnum):
    """How a person stands, or that nobody is linked to the account yet."""

    ENROLLED = "enrolled"
    NOT_ENROLLED = "not_enrolled"
    UNDER_AGE = "under_age"
    IDENTITY_IN_DOUBT = "identity_in_doubt"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    LINK_NEEDED = "link_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOffer:
    """An account that may be linked until a moment, once; by its keyed hashes, the current key's first."""

    indexes: tuple[KeyedIndex, ...]
    number: str
    expires_at: datetime


def write_link_token(indexes: Sequence[KeyedIndex], *, sealer: Sealer, now: datetime) -> str:
    """Write the token with which the holder of an account may link it within ten minutes."""
    offer = {
        "indexes": [[index.key_id, index.digest.hex()] for index in indexes],
        "number": new_id(now).hex,
        "expires": (now + LINK_LIFETIME).timestamp(),
    }
    return base64.urlsafe_b64encode(sealer.seal(json.dumps(offer), subject_id=_NOBODY, field=_FIELD)).decode()


def read_link_token(token: str, *, sealer: Sealer, now: datetime) -> LinkOffer | None:
    """Read what a link token offers; None when it is none of ours or its time is over."""
    try:
        sealed = base64.b64decode(token, altchars=b"-_", validate=True)
        offer = json.loads(sealer.open(sealed, subject_id=_NOBODY, field=_FIELD))
    except (binascii.Error, ValueError, SealError):
        return None
    expires_at = datetime.fromtimestamp(offer["expires"], UTC)
    if expires_at <= now:
        return None
    indexes = tuple(KeyedIndex(key_id, bytes.fromhex(digest)) for key_id, digest in offer["indexes"])
    return LinkOffer(indexes=indexes, number=offer["number"], expires_at=expires_at)


def find_account_holder(
    session: Session, indexes: Sequence[KeyedIndex], *, sealer: Sealer, now: datetime
) -> Entrant | None:
    """Find the person whom an account is linked to; None when there is none. A hash under an older key is renewed."""
    subject_id = find_linked_subject(session, [index.digest for index in indexes])
    if subject_id is None:
        return None
    renew_link(session, subject_id, digest=indexes[0].digest, key_id=indexes[0].key_id)
    return find_entrant(session, subject_id, sealer=sealer, now=now)


def link_account(
    session: Session,
    offer: LinkOffer,
    *,
    name: str,
    identity_number: str,
    pseudonyms: Pseudonyms,
    sealer: Sealer,
    now: datetime,
) -> Entrant | Refusal:
    """Link an account to the person of a name and a number (as `read_identity` gave it) that were found to match.

    A link under a key that is gone is replaced, and whoever came in by it is signed out. Refusals: `link_refused` when
    the account is another person's, or the person has another account; nothing at all is written then, also when
    another call was faster. `link_expired` when the offer was used before.
    """
    linked_to = find_linked_subject(session, [index.digest for index in offer.indexes])
    known = find_subject_id(session, identity_number, pseudonyms=pseudonyms)
    if linked_to is not None and linked_to != known:
        return Refusal(ProblemCode.LINK_REFUSED)
    former = None if linked_to is not None or known is None else find_link(session, known)
    # Keys of the offer count too: what the account was compared with and did not match is another one for certain.
    held = {index.key_id for index in (*offer.indexes, *pseudonyms.all_indexes(identity_number))}
    if former is not None and former.account_key_id in held:
        return Refusal(ProblemCode.LINK_REFUSED)
    with session.begin_nested() as savepoint:
        if not use_ticket(session, f"link:{offer.number}", expires_at=offer.expires_at + LEEWAY):
            return Refusal(ProblemCode.LINK_EXPIRED)
        subject = find_or_add_subject(
            session,
            kind=SubjectKind.NATURAL_PERSON,
            identity_number=identity_number,
            name=name,
            verified=True,
            pseudonyms=pseudonyms,
            sealer=sealer,
            now=now,
        )
        if linked_to is None and not _put_link(session, subject.subject_id, offer.indexes[0], former=former, now=now):
            savepoint.rollback()  # another call was faster
            return Refusal(ProblemCode.LINK_REFUSED)
    return find_entrant(session, subject.subject_id, sealer=sealer, now=now)


def unlink_account(session: Session, subject_id: UUID, *, now: datetime) -> None:
    """Remove the link of a person, and sign out whoever came in by it; nothing happens where there is none."""
    remove_link(session, subject_id)
    end_sessions_by(session, subject_id, Method.MINI_PROGRAM, because=Ending.UNLINKED, now=now)


def _put_link(
    session: Session, subject_id: UUID, index: KeyedIndex, *, former: MiniProgramLinkRow | None, now: datetime
) -> bool:
    """Link an account to a person, in place of a link that nothing can be compared with; False when one came before."""
    if former is not None and remove_link(session, subject_id, key_id=former.account_key_id):
        end_sessions_by(session, subject_id, Method.MINI_PROGRAM, because=Ending.UNLINKED, now=now)
    return add_link(session, subject_id, digest=index.digest, key_id=index.key_id, now=now)
