"""Announcing and withdrawing editions: the documents are read beside everything that they will be in force with.

Who may do it, after which checks and by whose signatures, is the affair of whoever calls this, and so is that nobody
else decides about editions meanwhile (`take_turn`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.published_editions import (
    ShippedEditions,
    find_clashes,
    put_together,
    read_announced,
    read_content,
)
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.storage.editions import (
    Announcement,
    Edition,
    EditionKind,
    NewEdition,
    NotDone,
    announce_edition,
    find_deadline,
    list_editions,
    withdraw_edition,
)
from scenarios.catalogue import ScenarioCatalogue
from scoring.documents import DocumentError
from scoring.rulebook import Rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """An edition that was announced or withdrawn, and all rules and scenarios of the city as they will be."""

    edition: Edition
    rules: CityRules
    benefits: CityBenefits


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why nothing was done; `faults` say it in sentences where the documents are refused."""

    code: NotDone | Literal["documents_refused"]
    faults: tuple[str, ...] = ()


def announce(
    session: Session,
    shipped: ShippedEditions,
    kind: EditionKind,
    documents: Mapping[str, str],
    announcement: Announcement,
    *,
    now: datetime,
) -> Announced | Refused:
    """Announce the edition that some documents hold; they say themselves which version it is and from when.

    Refused are documents that cannot be read, are of another city, or do not go with what stands beside them, and what
    `announce_edition` refuses; a day or a version of a shipped edition is taken, too. Cases are not run.
    """
    standing = read_announced(list_editions(session), shipped)
    try:
        content = read_content(kind, documents, standing.rules)
    except DocumentError as refused:
        return Refused(code="documents_refused", faults=refused.faults)
    if content.city != shipped.rules.city:
        return Refused(code="documents_refused", faults=(f"are of {content.city}, not of {shipped.rules.city}",))
    new = NewEdition(
        kind=kind,
        version=content.version,
        effective_on=content.effective_on,
        digest=content.digest,
        documents=documents,
        announcement=announcement,
    )
    taken = _find_taken(new, shipped)
    if taken is not None:
        return Refused(code=taken)
    published = put_together(shipped, standing.announced, tried=(documents, content))
    faults = find_clashes(published, since=content.effective_on)
    if faults:
        return Refused(code="documents_refused", faults=faults)
    done = announce_edition(session, new, now=now)
    if isinstance(done, NotDone):
        return Refused(code=done)
    return Announced(edition=done, rules=published.rules, benefits=published.benefits)


def _find_taken(new: NewEdition, shipped: ShippedEditions) -> NotDone | None:
    """Tell whether a shipped edition has the day or the version."""
    ships: Iterable[Rulebook | ScenarioCatalogue] = shipped.rules.editions
    if new.kind is EditionKind.SCENARIOS:
        ships = shipped.benefits.editions
    for each in ships:
        if each.effective_on == new.effective_on:
            return NotDone.DAY_TAKEN
        if each.version == new.version:
            return NotDone.VERSION_TAKEN
    return None


def withdraw(
    session: Session, shipped: ShippedEditions, edition_id: UUID, *, because: str, now: datetime
) -> Announced | Refused:
    """Withdraw an announced edition before its day, and tell everybody why.

    Refused is what `withdraw_edition` refuses; and with `documents_refused`, where other editions cannot stand without
    this one.
    """
    known = list_editions(session)
    for each in known:
        if each.edition_id == edition_id and each.withdrawn_at is None and now < find_deadline(each.effective_on):
            faults = _find_orphans(known, each, shipped, now=now)
            if faults:
                return Refused(code="documents_refused", faults=faults)
    done = withdraw_edition(session, edition_id, because=because, now=now)
    if isinstance(done, NotDone):
        return Refused(code=done)
    published = read_announced(list_editions(session), shipped)
    return Announced(edition=done, rules=published.rules, benefits=published.benefits)


def _find_orphans(
    known: Iterable[Edition], gone: Edition, shipped: ShippedEditions, *, now: datetime
) -> tuple[str, ...]:
    """Find what could not stand without an edition, such as scenarios written for a level that only it has."""
    rest = [replace(each, withdrawn_at=now) if each == gone else each for each in known]
    try:
        return find_clashes(read_announced(rest, shipped), since=gone.effective_on)
    except DocumentError as refused:
        return refused.faults
