"""What would leave, before anything leaves; and what has left. For the person alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.disclosures.consents import ConsentOrder, find_asked
from backend.disclosures.person_tables import KnownPerson, find_person
from backend.disclosures.scopes import find_limit, name_scope
from backend.disclosures.tables import DisclosureRow, list_disclosures
from backend.disclosures.telling import Telling, Tools, Wanted, tell
from backend.partners.open_cities import OpenCity, find_open_city
from backend.partners.partners import list_partners
from backend.web.problems import ProblemCode, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a city would be told if it asked now and the person consented; `is_consented` says whether he has."""

    found: OpenCity
    wanted: Wanted
    telling: Telling
    is_consented: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Something that a city was told, as the person sees it: `told` as it stood last."""

    question_id: UUID
    city: str
    city_title: str
    treaty_id: str
    treaty_version: str
    via: str
    scope: str
    purpose: str
    role: str
    acting: str | None
    acting_name: str | None
    case_no: str | None
    consent_id: UUID
    told: dict[str, Any]
    told_at: datetime
    until: datetime
    corrected_at: datetime | None
    ended_at: datetime | None
    ended_because: str | None
    deleted_at: datetime | None


def preview(
    session: Session, subject_id: UUID, order: ConsentOrder, *, tools: Tools, now: datetime
) -> Preview | Refusal:
    """Say exactly what would leave.

    Refusals: `city_not_found`, `not_in_treaty`. An unknown subject is a LookupError.
    """
    found = find_open_city(session, order.city, now=now)
    if found is None:
        return Refusal(ProblemCode.CITY_NOT_FOUND)
    wanted = find_asked(found, order, home=tools.city)
    if isinstance(wanted, Refusal):
        return wanted
    person = find_person(session, subject_id, wanted.name_consents(order.purpose), now=now)
    if person is None:
        raise LookupError(f"there is no subject {subject_id}; only who has signed in can look")
    telling = tell(session, person, wanted, limits=_find_limits(wanted, person, now), tools=tools, now=now)
    is_consented = len(person.consents) == len(wanted.list_parts())
    return Preview(found=found, wanted=wanted, telling=telling, is_consented=is_consented)


def list_my_disclosures(
    session: Session, subject_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Disclosure]:
    """List at most `limit` disclosures about a person, the latest told first; only those before a moment and id."""
    titles = {partner.code: partner.title for partner in list_partners(session)}
    return [_show(row, titles) for row in list_disclosures(session, subject_id, before=before, limit=limit)]


def _find_limits(wanted: Wanted, person: KnownPerson, now: datetime) -> dict[str, datetime]:
    """Find until when each part could be used: as long as the consent that stands, or as one without an end."""
    ends = {part: person.consents.get(name_scope(wanted.scope, part)) for part in wanted.list_parts()}
    return {
        part: find_limit(wanted.treaty, None if consent is None else consent.expires_at, now)
        for part, consent in ends.items()
    }


def _show(row: DisclosureRow, titles: dict[str, str]) -> Disclosure:
    same = {name: getattr(row, name) for name in Disclosure.__slots__ if name not in {"city", "city_title"}}
    return Disclosure(**same, city=row.partner, city_title=titles.get(row.partner, row.partner))
