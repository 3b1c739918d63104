"""Treaties with partners: added with both signatures, found by the day, suspended and resumed.

One treaty between two cities has versions; on a day the version begun last has the say. While that one is suspended no
treaty is in force, not an older one either. Each city suspends for itself, and what it has suspended only it resumes.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import put_source
from backend.clock import today
from backend.gateways.scenario_files import CityBenefits
from backend.gateways.treaty_files import find_catalogues
from backend.partners.agreed_treaties import read_agreed, switch_sources
from backend.partners.city_keys import list_verifying_keys
from backend.partners.notices import NoticeKind, leave_notice
from backend.partners.partners import find_partner
from backend.partners.tables import (
    TreatyEventRow,
    TreatyRow,
    find_in_force,
    list_treaty_events,
    list_treaty_keys,
    list_treaty_rows,
    lock_treaty_row,
)
from backend.partners.treaty_signing import Signatures, find_signature_fault, list_level_faults
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Treaty, partner_of
from scenarios.treaty_document import read_treaty
from scoring.days import CITY_TIME
from scoring.documents import DocumentError
from scoring.rulebook import Rulebook

# Words of one city are told apart by their moments, so each is a little later than the one before.
LEAST_APART = timedelta(milliseconds=1)


class TreatyEvent(StrEnum):
    """What happens to a version of a treaty."""

    ADDED = "added"
    SUSPENDED = "suspended"
    RESUMED = "resumed"


class AgreedTreaty(NamedTuple):
    """A version that both cities signed; `suspended_by` is the code of the city that has suspended it, if one has."""

    treaty: Treaty
    partner: str
    suspended_at: datetime | None
    suspended_by: str | None
    added_at: datetime
    added_by: str


def find_treaty(session: Session, partner: str, day: date) -> Treaty | None:
    """Find the treaty in force with a partner on a day; None without one, while it is suspended, or when all ended."""
    found = find_in_force(session, partner, day)
    if found is None or found.is_suspended:
        return None
    return read_agreed(session, found.treaty_id, found.version, found.digest)


def find_version(session: Session, treaty_id: str, version: str) -> AgreedTreaty | None:
    """Find a version, whatever its state."""
    row = session.get(TreatyRow, (treaty_id, version))
    return None if row is None else _describe(session, row)


def list_treaties(session: Session, partner: str | None = None) -> list[AgreedTreaty]:
    """List the versions with one partner or all, by treaty and first day."""
    return [_describe(session, row) for row in list_treaty_rows(session, partner)]


def treaty_ends_at(treaty: Treaty) -> datetime:
    """Tell at which moment (UTC) the last day of a treaty is over."""
    return datetime.combine(treaty.ends_on, time(), CITY_TIME).astimezone(UTC)


def add_treaty(
    session: Session,
    text: str,
    signatures: Signatures,
    *,
    city: str,
    rulebook: Rulebook | None,
    benefits: CityBenefits | None = None,
    by: str,
    now: datetime,
) -> AgreedTreaty:
    """Add a version that both cities have signed; `rulebook` is that of our own `city` when it starts.

    `benefits` are its scenarios; without them those that ship count.
    DocumentError says why not: no treaty of ours, a city not registered, levels not ours, a signature not that of its
    city, another text under the same version. The same once more changes nothing.
    """
    treaty = read_treaty(text, "the treaty", find_catalogues(text, "the treaty", benefits))
    partner = _find_party(session, treaty, city)
    faults = list_level_faults(treaty.party(city), rulebook)
    for title, signer, signature in (("our", city, signatures.ours), ("their", partner, signatures.theirs)):
        fault = find_signature_fault(text, signature, list_verifying_keys(session, signer))
        faults += [] if fault is None else [f"{title} signature (of {signer}) is refused: {fault}"]
    if faults:
        raise DocumentError(treaty.id, faults)
    row = lock_treaty_row(session, treaty.id, treaty.version)
    if row is None:
        row = _add(session, text, treaty, partner, signatures, by=by, now=now)
        _note(session, row, TreatyEvent.ADDED, city=city, by=by, reason="", at=now)
    elif row.digest != treaty.digest:
        told = f"version {treaty.version} is there with another text; a changed treaty needs a version of its own"
        raise DocumentError(treaty.id, [told])
    return _describe(session, row)


def suspend_treaty(
    session: Session,
    treaty_id: str,
    version: str,
    *,
    city: str,
    by: str,
    reason: str,
    now: datetime,
    said_at: datetime | None = None,
) -> AgreedTreaty | Refusal:
    """Suspend a version for `city`: our own code, and the partner gets a notice; or the partner's, whose notice it is.

    For the partner's, `said_at` is when he left the notice: what is older than his last word changes nothing, as
    notices may come out of order. What the city has suspended already stays as it is. A version of which the first day
    is still to come begins suspended. Refusal: `treaty_not_found`, also where the city has no part in it.
    """
    row = _hold(session, treaty_id, version, city)
    if row is None:
        return Refusal(ProblemCode.TREATY_NOT_FOUND)
    said = _find_words(session, row)
    last, heard_at = said.get(city), said_at or now
    if _is_news(row, city, last, TreatyEvent.SUSPENDED, heard_at):
        at = _find_moment(row, city, last, heard_at)
        _note(session, row, TreatyEvent.SUSPENDED, city=city, by=by, reason=reason, at=at)
        if row.suspended_at is None:
            row.suspended_at, row.suspended_by = at, city
            switch_sources(session, row.partner, today(now))
        _tell(session, row, NoticeKind.SUSPENDED, city=city, at=at)
        session.flush()
    return _describe(session, row)


def resume_treaty(
    session: Session,
    treaty_id: str,
    version: str,
    *,
    city: str,
    by: str,
    reason: str,
    now: datetime,
    said_at: datetime | None = None,
) -> AgreedTreaty | Refusal:
    """Resume a version for `city`, as `suspend_treaty` suspends it; it stays suspended while the other city wants so.

    Refusals: `treaty_not_found`; for our own city `partner_ended`, `not_suspended`, and `treaty_suspended_by_partner`
    where only the partner has suspended it. A partner who resumes what he has not suspended changes nothing.
    """
    row = _hold(session, treaty_id, version, city)
    if row is None:
        return Refusal(ProblemCode.TREATY_NOT_FOUND)
    said = _find_words(session, row)
    last, heard_at = said.get(city), said_at or now
    is_ours = city != row.partner
    if is_ours and _has_ended(session, row.partner):
        return Refusal(ProblemCode.PARTNER_ENDED)
    if is_ours and (last is None or last.event != TreatyEvent.SUSPENDED):
        by_partner = row.suspended_by == row.partner
        return Refusal(ProblemCode.TREATY_SUSPENDED_BY_PARTNER if by_partner else ProblemCode.NOT_SUSPENDED)
    if _is_news(row, city, last, TreatyEvent.RESUMED, heard_at):
        at = _find_moment(row, city, last, heard_at)
        _note(session, row, TreatyEvent.RESUMED, city=city, by=by, reason=reason, at=at)
        _let_go(row, city, said)
        session.flush()
        switch_sources(session, row.partner, today(now))
        _tell(session, row, NoticeKind.RESUMED, city=city, at=at)
        session.flush()
    return _describe(session, row)


def _hold(session: Session, treaty_id: str, version: str, city: str) -> TreatyRow | None:
    """Hold a version with all others between both cities, in one order; None where `city` is not one of the two."""
    row = session.get(TreatyRow, (treaty_id, version))
    if row is None or city not in read_agreed(session, treaty_id, version, row.digest).cities:
        return None
    for each in list_treaty_keys(session, row.partner):
        lock_treaty_row(session, *each)
    return row


def _has_ended(session: Session, code: str) -> bool:
    partner = find_partner(session, code)
    return partner is not None and partner.is_ended


def _find_party(session: Session, treaty: Treaty, city: str) -> str:
    if city not in treaty.cities:
        raise DocumentError(treaty.id, [f"is between {' and '.join(treaty.cities)}; this city is {city}"])
    partner = find_partner(session, partner_of(treaty, city))
    if partner is None or partner.is_ended:
        code = partner_of(treaty, city)
        raise DocumentError(treaty.id, [f"{code} is not registered; see `shangding partners add {code}`"])
    return partner.code


def _add(
    session: Session, text: str, treaty: Treaty, partner: str, signatures: Signatures, *, by: str, now: datetime
) -> TreatyRow:
    row = TreatyRow(
        treaty_id=treaty.id,
        version=treaty.version,
        partner=partner,
        text=text,
        digest=treaty.digest,
        our_signature=signatures.ours,
        their_signature=signatures.theirs,
        starts_on=treaty.starts_on,
        ends_on=treaty.ends_on,
        added_at=now,
        added_by=by,
    )
    session.add(row)
    session.flush()
    put_source(session, treaty.id, treaty.version, city=partner, ends_at=treaty_ends_at(treaty))
    return row


def _find_words(session: Session, row: TreatyRow) -> Mapping[str, TreatyEventRow]:
    """Find the last word of each city on whether the treaty is suspended."""
    events = list_treaty_events(session, row.treaty_id, row.version)
    return {event.city: event for event in events if event.event != TreatyEvent.ADDED}


def _is_news(row: TreatyRow, city: str, last: TreatyEventRow | None, event: TreatyEvent, now: datetime) -> bool:
    """Tell whether a word changes what we know: the partner's if said later than his last, even the same again."""
    if last is None:
        return True
    return now > last.happened_at if city == row.partner else last.event != event


def _find_moment(row: TreatyRow, city: str, last: TreatyEventRow | None, now: datetime) -> datetime:
    if city == row.partner or last is None:
        return now
    return max(now, last.happened_at + LEAST_APART)


def _note(
    session: Session, row: TreatyRow, event: TreatyEvent, *, city: str, by: str, reason: str, at: datetime
) -> None:
    number = len(list_treaty_events(session, row.treaty_id, row.version)) + 1
    session.add(
        TreatyEventRow(
            treaty_id=row.treaty_id,
            version=row.version,
            event_no=number,
            event=event.value,
            city=city,
            by=by,
            reason=reason,
            happened_at=at,
        )
    )
    session.flush()


def _let_go(row: TreatyRow, city: str, said: Mapping[str, TreatyEventRow]) -> None:
    """End the suspension by a city; where the other one has suspended too, it is its own from now on."""
    others = [each for each in said.values() if each.city != city and each.event == TreatyEvent.SUSPENDED]
    if others:
        row.suspended_at, row.suspended_by = others[0].happened_at, others[0].city
    else:
        row.suspended_at, row.suspended_by = None, None


def _tell(session: Session, row: TreatyRow, kind: NoticeKind, *, city: str, at: datetime) -> None:
    if city != row.partner:
        content = {"treaty_id": row.treaty_id, "version": row.version}
        leave_notice(session, partner=row.partner, kind=kind, about=None, subject_id=None, content=content, now=at)


def _describe(session: Session, row: TreatyRow) -> AgreedTreaty:
    return AgreedTreaty(
        treaty=read_agreed(session, row.treaty_id, row.version, row.digest),
        partner=row.partner,
        suspended_at=row.suspended_at,
        suspended_by=row.suspended_by,
        added_at=row.added_at,
        added_by=row.added_by,
    )
