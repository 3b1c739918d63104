"""Signing in by mini-program: an account of the platform, linked once to a person by a real-name check.

An account shows that somebody holds a phone, not who he is. So it signs in the person it is linked to, but for what
needs a fresh proof the name and the number are asked for again. One account belongs to one person, and one person has
one account: whoever knows a stranger's name and number must not take over what the stranger has linked.
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
from backend.people.session_tables import add_link, find_link, find_linked_subject, remove_link, renew_link
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

    Refusals: `link_refused` when the account is another person's, or the person has another account; nothing about
    the person is written then. `link_expired` when the offer was used before.
    """
    linked_to = find_linked_subject(session, [index.digest for index in offer.indexes])
    known = find_subject_id(session, identity_number, pseudonyms=pseudonyms)
    if linked_to is not None and linked_to != known:
        return Refusal(ProblemCode.LINK_REFUSED)
    if linked_to is None and known is not None and find_link(session, known) is not None:
        return Refusal(ProblemCode.LINK_REFUSED)
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
    index = offer.indexes[0]
    is_linked = linked_to is not None or add_link(
        session, subject.subject_id, digest=index.digest, key_id=index.key_id, now=now
    )
    if not is_linked:  # another call was faster
        return Refusal(ProblemCode.LINK_REFUSED)
    return find_entrant(session, subject.subject_id, sealer=sealer, now=now)


def unlink_account(session: Session, subject_id: UUID, *, now: datetime) -> None:
    """Remove the link of a person, and sign out whoever came in by it; nothing happens where there is none."""
    remove_link(session, subject_id)
    end_sessions_by(session, subject_id, Method.MINI_PROGRAM, because=Ending.UNLINKED, now=now)
