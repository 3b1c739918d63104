"""The cities that may be asked and answered now: partners with a treaty in force."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.clock import today
from backend.partners.agreed_treaties import read_agreed
from backend.partners.partners import Partner, list_partners
from backend.partners.tables import find_in_force, share_treaty_row
from scenarios.treaty import Treaty


class OpenCity(NamedTuple):
    """A partner with a treaty in force."""

    partner: Partner
    treaty: Treaty


def find_open_city(session: Session, city: str, *, now: datetime) -> OpenCity | None:
    """Find the treaty in force with a city; None for a city that is no partner, or no longer, or is suspended."""
    found = find_in_force(session, city, today(now))
    if found is None or found.is_suspended:
        return None
    partner = Partner(city, found.title, found.url, is_ended=False)
    return OpenCity(partner, read_agreed(session, found.treaty_id, found.version, found.digest))


def hold_treaty(session: Session, city: str, treaty: Treaty, *, now: datetime) -> bool:
    """Tell whether a treaty is still the one in force with a city, and keep it so until the transaction ends.

    Whoever suspends it, or ends the partner, waits; and is seen by whoever has waited for him. He holds no person, so
    it does not matter which of both is held first.
    """
    share_treaty_row(session, treaty.id, treaty.version)  # alone: what waits goes on with what it saw before it waited
    agreed = find_open_city(session, city, now=now)
    return agreed is not None and agreed.treaty.digest == treaty.digest


def list_open_cities(session: Session, *, now: datetime) -> list[OpenCity]:
    """List the cities with which a treaty is in force now, by code."""
    found = (find_open_city(session, partner.code, now=now) for partner in list_partners(session))
    return [each for each in found if each is not None]
