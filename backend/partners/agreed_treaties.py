"""Treaties as both cities signed them: their texts, read once, and what their suspensions mean for visitors."""

from datetime import date, datetime
from hashlib import sha256

from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import list_live_sources, switch_source
from backend.clock import today
from backend.partners.partners import find_partner, list_partners
from backend.partners.tables import TreatyRow, find_treaty_text, list_treaty_keys, list_treaty_rows, lock_treaty_row
from backend.storage.database import Database
from scenarios.treaty import OnSuspension, Treaty
from scenarios.treaty_document import read_treaty
from scoring.documents import DocumentError

MOST_PARSED = 256
# What was parsed before, by digest: a text never changes.
_parsed: dict[str, Treaty] = {}


def read_agreed(session: Session, treaty_id: str, version: str, digest: str) -> Treaty:
    """Give the parsed text of a version; it was checked against the scenarios when it was added."""
    found = _parsed.get(digest)
    if found is None:
        text = find_treaty_text(session, treaty_id, version)
        found = read_treaty(text, f"{treaty_id} {version}")
        if sha256(text.encode()).hexdigest() != digest:
            raise DocumentError(f"{treaty_id} {version}", ["its text is not the one that was signed"])
        if len(_parsed) >= MOST_PARSED:
            _parsed.clear()
        _parsed[digest] = found
    return found


def begin_suspended(database: Database, *, now: datetime) -> int:
    """End what visitors may have by the versions before one that was suspended ahead, once its first day has come.

    Gives with how many partners, each in a transaction of its own. Raises StorageUnavailableError.
    """
    day = today(now)
    with database.reading() as session:
        live = list_live_sources(session, now)
        partners = [partner.code for partner in list_partners(session)]
        late = [code for code in partners if any(not on for key, on in _find_live(session, code, day) if key in live)]
    for code in late:
        with database.transaction() as session:
            for each in list_treaty_keys(session, code):
                lock_treaty_row(session, *each)
            switch_sources(session, code, day)
    return len(late)


def switch_sources(session: Session, code: str, day: date) -> None:
    """End what visitors may have by the treaty with a partner, whose versions are held, or give it back.

    A suspended version ends it where it says so: its own, and while it has the say on `day` that of all before it. With
    a partner that has ended nothing is given back.
    """
    for (treaty_id, version), is_live in _find_live(session, code, day):
        switch_source(session, treaty_id, version, is_live=is_live)


def _find_live(session: Session, code: str, day: date) -> list[tuple[tuple[str, str], bool]]:
    """Find of each version with a partner whether visitors may have anything by it."""
    partner, rows = find_partner(session, code), list_treaty_rows(session, code)
    gives = partner is not None and not partner.is_ended
    ending = [row for row in rows if row.suspended_at is not None and _ends_at_once(session, row)]
    # In order of their first days: the last one that ends all that stands before it.
    last = max((number for number, row in enumerate(rows) if row in ending and _covers(row, day)), default=-1)
    return [
        ((row.treaty_id, row.version), gives and number > last and row not in ending) for number, row in enumerate(rows)
    ]


def _ends_at_once(session: Session, row: TreatyRow) -> bool:
    return read_agreed(session, row.treaty_id, row.version, row.digest).on_suspension is OnSuspension.END


def _covers(row: TreatyRow, day: date) -> bool:
    return row.starts_on <= day < row.ends_on
