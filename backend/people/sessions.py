"""Sessions: what a person who has signed in goes on with, and how that ends.

A session gives access tokens of 15 minutes. Its refresh token is good for one use; using one a second time means that
two hold it, and as nobody can tell the owner from the thief, the session ends for both (RFC 9700, section 4.14).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.refresh_tokens import RefreshClaim, RefreshTokens
from backend.gateways.signed_claims import LEEWAY
from backend.gateways.tokens import TokenIssuer
from backend.people.session_tables import (
    NewSession,
    SignInSessionRow,
    add_session,
    end_sessions,
    find_link,
    find_session,
    list_sessions,
    mark_proven,
    raise_generation,
)
from backend.people.sign_in import CITIZEN_SCOPES
from backend.principals import Principal, PrincipalKind
from backend.storage.identifiers import new_id
from backend.storage.revocations import revoke
from backend.web.problems import ProblemCode, Refusal

ACCESS_LIFETIME = timedelta(minutes=15)
IDLE_LIFETIME = timedelta(days=30)
LONGEST_LIFETIME = timedelta(days=90)
REPEATED_WITHIN = timedelta(seconds=10)
MOST_SHOWN = 100


class Method(StrEnum):
    """How a person proved who he is when the session began."""

    TICKET = "ticket"
    MINI_PROGRAM = "mini_program"


class Ending(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    REUSED = "reused"
    UNLINKED = "unlinked"


class Issuers(NamedTuple):
    """What makes the two tokens of a session."""

    access: TokenIssuer
    refresh: RefreshTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """An access token (RFC 6750) and the refresh token to follow it, each with the seconds for which it is valid."""

    access_token: str = field(repr=False)
    token_type: str
    expires_in: int
    refresh_token: str = field(repr=False)
    refresh_expires_in: int
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSession:
    """A session as its owner sees it; `last_used_at` is when tokens were last issued."""

    session_id: UUID
    method: Method
    device: str | None
    opened_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_because: Ending | None
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSessions:
    """The newest sessions of a person, and since when a mini-program account is linked to him."""

    items: tuple[ShownSession, ...]
    mini_program_linked_at: datetime | None


def open_session(
    session: Session,
    subject_id: UUID,
    *,
    method: Method,
    device: str | None,
    proven_at: datetime | None,
    issuers: Issuers,
    now: datetime,
) -> IssuedTokens:
    """Open a session of a person who was let in; `proven_at` is None where only an account was shown, no identity."""
    new = NewSession(
        subject_id=subject_id,
        session_id=new_id(now),
        method=method,
        device=device,
        opened_at=now,
        proven_at=proven_at,
        expires_at=now + IDLE_LIFETIME,
    )
    add_session(session, new)
    claim = RefreshClaim(subject_id=subject_id, session_id=new.session_id, generation=1)
    return _issue(claim, proven_at, new.expires_at, issuers, now)


def refresh_session(session: Session, token: str, *, issuers: Issuers, now: datetime) -> IssuedTokens | Refusal:
    """Exchange a refresh token for the next pair of tokens; `refresh_refused` when it is not, or no longer, good.

    The same token within ten seconds gives the same next one: on a phone answers get lost. Later, or any older token,
    ends the session. Of calls at the same moment the database lets one take the step; the others find it taken.
    """
    claim = issuers.refresh.read(token)
    row = None if claim is None else find_session(session, claim.subject_id, claim.session_id)
    if claim is None or row is None or not _is_live(row, now) or claim.generation > row.generation:
        return Refusal(ProblemCode.REFRESH_REFUSED)
    expires_at = min(now + IDLE_LIFETIME, row.opened_at + LONGEST_LIFETIME)
    following = RefreshClaim(subject_id=claim.subject_id, session_id=claim.session_id, generation=claim.generation + 1)
    if raise_generation(
        session, row.subject_id, row.session_id, generation=claim.generation, expires_at=expires_at, now=now
    ):
        return _issue(following, row.proven_at, expires_at, issuers, now)
    row = find_session(session, claim.subject_id, claim.session_id)
    if row is None or not _is_live(row, now):
        return Refusal(ProblemCode.REFRESH_REFUSED)
    if row.generation == following.generation and now - row.used_at <= REPEATED_WITHIN:
        return _issue(following, row.proven_at, row.expires_at, issuers, now)
    end_session(session, row.subject_id, row.session_id, because=Ending.REUSED, now=now)
    return Refusal(ProblemCode.REFRESH_REFUSED)


def resume_session(
    session: Session, token: str, subject_id: UUID, *, issuers: Issuers, now: datetime
) -> IssuedTokens | None:
    """Go on with the session of a refresh token after a person proved who he is; None where it is not his, or over."""
    claim = issuers.refresh.read(token)
    if claim is None or claim.subject_id != subject_id:
        return None
    if isinstance(refresh_session(session, token, issuers=issuers, now=now), Refusal):
        return None
    mark_proven(session, subject_id, claim.session_id, now=now)
    row = find_session(session, subject_id, claim.session_id)
    if row is None:
        return None
    following = RefreshClaim(subject_id=subject_id, session_id=row.session_id, generation=row.generation)
    return _issue(following, row.proven_at, row.expires_at, issuers, now)


def show_sessions(session: Session, subject_id: UUID, *, current: UUID | None, now: datetime) -> ShownSessions:
    """Show the newest 100 sessions of a person, those that ended within 30 days included."""
    link = find_link(session, subject_id)
    rows = list_sessions(session, subject_id, MOST_SHOWN)
    return ShownSessions(
        items=tuple(_show(row, current, now) for row in rows),
        mini_program_linked_at=None if link is None else link.linked_at,
    )


def end_session(session: Session, subject_id: UUID, session_id: UUID, *, because: Ending, now: datetime) -> bool:
    """End a session, and with it every access token of it; False when the person has no such session.

    One that has ended already stays as it is.
    """
    if find_session(session, subject_id, session_id) is None:
        return False
    _revoke_sessions(session, end_sessions(session, subject_id, because=because, session_id=session_id, now=now), now)
    return True


def end_sessions_by(session: Session, subject_id: UUID, method: Method, *, because: Ending, now: datetime) -> None:
    """End every session of a person that began by one method."""
    _revoke_sessions(session, end_sessions(session, subject_id, because=because, method=method, now=now), now)


def end_all_sessions(session: Session, subject_id: UUID, *, now: datetime) -> None:
    """Sign a person out everywhere: no session and no access token issued until now is good any more."""
    _revoke_sessions(session, end_sessions(session, subject_id, because=Ending.SIGNED_OUT_EVERYWHERE, now=now), now)
    revoke(session, f"{PrincipalKind.CITIZEN}:{subject_id}", now=now, until=_find_last_expiry(now))


def _issue(
    claim: RefreshClaim, proven_at: datetime | None, expires_at: datetime, issuers: Issuers, now: datetime
) -> IssuedTokens:
    principal = Principal(
        kind=PrincipalKind.CITIZEN,
        id=str(claim.subject_id),
        scopes=CITIZEN_SCOPES,
        session=claim.session_id,
        proven_at=proven_at,
    )
    return IssuedTokens(
        access_token=issuers.access.issue(principal, ACCESS_LIFETIME, now),
        token_type="Bearer",  # noqa: S106 - the name of a scheme
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        refresh_token=issuers.refresh.write(claim),
        refresh_expires_in=int((expires_at - now).total_seconds()),
        subject_id=claim.subject_id,
    )


def _revoke_sessions(session: Session, session_ids: Sequence[UUID], now: datetime) -> None:
    # A call that began later may end earlier and issue a token of a later moment, so all of them are revoked.
    until = _find_last_expiry(now)
    for session_id in session_ids:
        revoke(session, f"session:{session_id}", now=until, until=until)


def _find_last_expiry(now: datetime) -> datetime:
    return now + ACCESS_LIFETIME + LEEWAY + REPEATED_WITHIN


def _is_live(row: SignInSessionRow, now: datetime) -> bool:
    return row.ended_at is None and row.expires_at > now


def _show(row: SignInSessionRow, current: UUID | None, now: datetime) -> ShownSession:
    return ShownSession(
        session_id=row.session_id,
        method=Method(row.method),
        device=row.device,
        opened_at=row.opened_at,
        last_used_at=row.used_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        ended_because=None if row.ended_because is None else Ending(row.ended_because),
        is_current=row.session_id == current and _is_live(row, now),
    )
