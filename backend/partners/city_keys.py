"""Public keys of cities, our own among them: learned from where they are published, and kept for ever.

Keys that a city shows no more prove nothing new; what they have signed stays provable.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sqlalchemy.orm import Session

from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.key_sets import KeySetUnreachableError
from backend.gateways.partner_keys import PartnerKeys, PartnerSealingKey, fetch_partner_keys, read_partner_keys
from backend.gateways.public_keys import load_public_key, make_jwk
from backend.gateways.sealed_messages import SEALING_ALGORITHM
from backend.gateways.sending import Send
from backend.gateways.signed_claims import ALGORITHM, KeySetError
from backend.partners.partners import Partner, list_partners
from backend.partners.protocol import KEYS_PATH
from backend.partners.tables import CityKeyRow, add_key_row, list_key_rows
from backend.storage.database import Database, write_json

LEARNT_EVERY = timedelta(seconds=15)
REFRESHED_EVERY = timedelta(hours=1)
DEADLINE_SECONDS = 2.0
SIGNING, SEALING = "sig", "enc"

log = structlog.get_logger("shangding.partners")


class CityKey(NamedTuple):
    """A public key of a city as we know it; `jwk` has use and alg as the city publishes it."""

    city: str
    key_id: str
    use: str
    jwk: Mapping[str, Any]
    is_current: bool
    first_seen_at: datetime
    last_seen_at: datetime


class _Lessons:
    """When the keys of which partner were last asked for, a database at a time, so that strangers set off no storm."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: WeakKeyDictionary[Database, dict[str, datetime]] = WeakKeyDictionary()

    def may_ask(self, database: Database, partner: str, now: datetime) -> bool:
        """Tell whether it is time to ask again; who gets True asks."""
        with self._lock:
            asked = self._asked.setdefault(database, {})
            # The distance counts: a clock that was set back must not stop the asking until it catches up.
            if partner in asked and abs(now - asked[partner]) < LEARNT_EVERY:
                return False
            asked[partner] = now
            return True


_lessons = _Lessons()


def find_signing_keys(session: Session, city: str) -> dict[str, EllipticCurvePublicKey]:
    """Find the keys by which a city proves its messages now, by their ids."""
    rows = list_key_rows(session, city)
    return {row.key_id: load_public_key(row.jwk) for row in rows if row.use == SIGNING and row.is_current}


def find_sealing_key(session: Session, city: str) -> PartnerSealingKey | None:
    """Find the key to which a city wants to have sealed what it reads; None when it has none."""
    rows = [row for row in list_key_rows(session, city) if row.use == SEALING and row.is_current]
    newest = max(rows, key=lambda row: (row.first_seen_at, row.key_id), default=None)
    return None if newest is None else PartnerSealingKey(newest.key_id, load_public_key(newest.jwk))


def list_verifying_keys(session: Session, city: str) -> dict[str, EllipticCurvePublicKey]:
    """List the keys that prove what a city has ever signed, those of the past too, by their ids."""
    return {row.key_id: load_public_key(row.jwk) for row in list_key_rows(session, city) if row.use == SIGNING}


def list_all_keys(session: Session, city: str | None = None) -> list[CityKey]:
    """List the keys of one city or of all, those of the past too, by city and when they were first seen."""
    return [_describe(row) for row in list_key_rows(session, city)]


def learn_keys(database: Database, partner: Partner, *, now: datetime, send: Send) -> bool:
    """Fetch a partner's keys and keep them; False when that failed, or was tried less than 15 seconds ago.

    Call it outside any transaction: it waits for the network, for two seconds at most.
    """
    if not _lessons.may_ask(database, partner.code, now):
        return False
    try:
        text = fetch_partner_keys(f"{partner.url}{KEYS_PATH}", deadline_seconds=DEADLINE_SECONDS, send=send)
        with database.transaction() as session:
            store_keys(session, partner.code, text, now=now)
    except (KeySetUnreachableError, KeySetError) as fault:
        log.warning("keys_not_learnt", partner=partner.code, fault=type(fault).__name__, reason=str(fault))
        return False
    return True


def refresh_keys(database: Database, *, now: datetime, send: Send) -> int:
    """Fetch the keys of every partner that were not looked at for an hour; gives of how many they were learnt.

    A key that its city shows no more, because somebody has stolen it, proves nothing from then on.
    """
    with database.reading() as session:
        seen = {key.city: key.last_seen_at for key in list_all_keys(session) if key.is_current}
        old = [each for each in list_partners(session) if not each.is_ended and _is_old(seen.get(each.code), now)]
    return sum(learn_keys(database, partner, now=now, send=send) for partner in old)


def store_keys(session: Session, city: str, text: str, *, now: datetime) -> None:
    """Keep the JWK set (JSON) of a city: keys that are not in it prove nothing new from now on.

    Raises KeySetError for an unusable set, and for one that gives the id of a known key to another key.
    """
    _store(session, city, _list_entries(read_partner_keys(text)), now)


def note_own_keys(session: Session, city: str, keys: ExchangeKeys, *, now: datetime) -> None:
    """Keep the public halves of our own keys as they are now, so that old messages can be verified for ever.

    Raises KeySetError for a key id that has become another key.
    """
    _store(session, city, {entry["kid"]: entry for entry in keys.describe(now)}, now)


def _is_old(seen_at: datetime | None, now: datetime) -> bool:
    return seen_at is None or abs(now - seen_at) >= REFRESHED_EVERY


def _list_entries(keys: PartnerKeys) -> dict[str, dict[str, str]]:
    signing = {
        key_id: {"kid": key_id, **make_jwk(key), "use": SIGNING, "alg": ALGORITHM}
        for key_id, key in keys.signing.items()
    }
    sealing = keys.sealing
    if sealing is None:
        return signing
    entry = {"kid": sealing.key_id, **make_jwk(sealing.key), "use": SEALING, "alg": SEALING_ALGORITHM}
    return {**signing, sealing.key_id: entry}


def _store(session: Session, city: str, entries: Mapping[str, dict[str, str]], now: datetime) -> None:
    known = {row.key_id: row for row in list_key_rows(session, city, hold=True)}
    for key_id, entry in entries.items():
        row = known.get(key_id)
        if row is None:
            add_key_row(session, city, key_id, use=entry["use"], jwk=entry, now=now)
        elif write_json(row.jwk) != write_json(entry):
            raise KeySetError(f"key {key_id} of {city} is another key than before; a new key needs a new kid")
        else:
            row.is_current, row.last_seen_at = True, now
    for key_id, row in known.items():
        if key_id not in entries:
            row.is_current = False
    session.flush()


def _describe(row: CityKeyRow) -> CityKey:
    return CityKey(
        city=row.city,
        key_id=row.key_id,
        use=row.use,
        jwk=row.jwk,
        is_current=row.is_current,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
    )
