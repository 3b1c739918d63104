"""Sign-in tickets of the city app's identity provider: who is there, vouched for by real-name verification.

The provider's keys are fetched from the configured address only. A ticket that names an unknown key makes us
look again, at most once a minute, however many such tickets arrive.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from backend.gateways.key_sets import KeySetUnreachableError, fetch_key_set
from backend.gateways.signed_claims import (
    LEEWAY,
    Expected,
    KeySetError,
    TokenError,
    TokenFault,
    read_claims,
    read_key_id,
    read_public_keys,
    read_text,
)

TICKET_TYPE = "ticket+jwt"
LONGEST_LIFETIME = timedelta(minutes=5)
REFETCHED_AFTER = timedelta(minutes=1)
REFRESHED_AFTER = timedelta(hours=1)
TRUSTED_FOR = timedelta(hours=24)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class ProviderUnavailableError(Exception):
    """The identity provider's keys cannot be had just now, so nobody can sign in; trying later helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A verified ticket. `subject` is the provider's own reference; `usable_until` bounds every acceptance."""

    subject: str
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    assurance: str
    jti: str
    expires_at: datetime

    @property
    def usable_until(self) -> datetime:
        """Give the moment after which no clock within the leeway accepts the ticket."""
        return self.expires_at + LEEWAY


class ProviderKeys:
    """The provider's keys, kept for an hour, and for a day when they cannot be fetched anew."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = Lock()
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self._fetched_at = self._tried_at = _LONG_AGO

    def find(self, key_id: str, now: datetime) -> dict[str, EllipticCurvePublicKey]:
        """Give the keys, fetched anew if `key_id` is not among them or they are old, at most once a minute.

        Raises ProviderUnavailableError when there are none, or none younger than a day.
        """
        # While another call fetches, only who cannot go on without the new keys waits for them.
        if self._is_stale(key_id, now) and self._lock.acquire(blocking=key_id not in self._keys):
            try:
                if self._is_stale(key_id, now):
                    self._fetch(now)
            finally:
                self._lock.release()
        if not self._keys or now - self._fetched_at > TRUSTED_FOR:
            raise ProviderUnavailableError("the keys of the identity provider cannot be fetched; try again later")
        return self._keys

    def _is_stale(self, key_id: str, now: datetime) -> bool:
        is_wanted = key_id not in self._keys or now - self._fetched_at > REFRESHED_AFTER
        # The distance counts, not the direction: a clock set back must not stop fetching until it catches up.
        return is_wanted and abs(now - self._tried_at) >= REFETCHED_AFTER

    def _fetch(self, now: datetime) -> None:
        try:
            self._keys = read_public_keys(fetch_key_set(self._url))
        except (KeySetUnreachableError, KeySetError):
            pass  # the keys there are stay in use for a day; `find` raises when there are none
        else:
            self._fetched_at = now
        finally:
            # Only now: a call that came meanwhile shall wait for the keys, not take itself for refused.
            self._tried_at = now


class TicketReader:
    """Reads tickets of one issuer made out to us (`audience`, our public URL)."""

    def __init__(self, *, issuer: str, audience: str, jwks_url: str) -> None:
        self._expected = Expected(kind=TICKET_TYPE, issuer=issuer, audience=audience)
        self._keys = ProviderKeys(jwks_url)

    def read(self, ticket: str, now: datetime) -> Ticket:
        """Read a ticket; raises TokenError, or ProviderUnavailableError when no key can be had.

        That a ticket is used only once is for the caller to see to, by its `jti`.
        """
        keys = self._keys.find(read_key_id(ticket, kind=TICKET_TYPE), now)
        claims = read_claims(ticket, keys, self._expected, now)
        if not 0 < claims["exp"] - claims["iat"] <= LONGEST_LIFETIME.total_seconds():
            raise TokenError(TokenFault.LIVES_TOO_LONG)
        assurance = read_text(claims, "assurance")
        if assurance != "real_name":
            raise TokenError(TokenFault.NOT_REAL_NAME)
        return Ticket(
            subject=read_text(claims, "sub"),
            name=read_text(claims, "name"),
            id_number=read_text(claims, "id_number", longest=32),
            assurance=assurance,
            jti=read_text(claims, "jti"),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
