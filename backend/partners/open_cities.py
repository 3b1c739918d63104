"""The cities that may be asked and answered now: partners with a treaty in force."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.clock import today
from backend.partners.partners import Partner, find_partner, list_partners
from backend.partners.treaties import find_treaty
from scenarios.treaty import Treaty


class OpenCity(NamedTuple):
    """A partner with a treaty in force."""

    partner: Partner
    treaty: Treaty


def find_open_city(session: Session, city: str, *, now: datetime) -> OpenCity | None:
    """Find the treaty in force with a city; None for a city that is no partner, or no longer, or is suspended."""
    partner = find_partner(session, city)
    return None if partner is None else _open(session, partner, now)


def list_open_cities(session: Session, *, now: datetime) -> list[OpenCity]:
    """List the cities with which a treaty is in force now, by code."""
    found = (_open(session, partner, now) for partner in list_partners(session))
    return [each for each in found if each is not None]


def _open(session: Session, partner: Partner, now: datetime) -> OpenCity | None:
    treaty = None if partner.is_ended else find_treaty(session, partner.code, today(now))
    return None if treaty is None else OpenCity(partner, treaty)
