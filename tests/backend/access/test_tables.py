from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.access.tables import AccessEntryRow, add_access_entry, list_access_entries
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from tests.backend.builders import NOON, add_person, settle


def look(session: Session, subject_id: UUID, *, minutes: int = 0, asker_kind: str = "department") -> UUID:
    asked_at = NOON + timedelta(minutes=minutes)
    entry = AccessEntryRow(
        subject_id=subject_id,
        entry_id=new_id(asked_at),
        asked_at=asked_at,
        asker_kind=asker_kind,
        asker="court",
        acting="clerk 7",
        purpose="case",
        basis="Henan Art. 30",
        answered={"kind": "record"},
        case_no="2026-1",
    )
    add_access_entry(session, entry)
    return entry.entry_id


def test_looks_are_listed_newest_first_page_by_page_and_per_person(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        made = [look(session, subject_id, minutes=number) for number in range(5)]
        look(session, add_person(session))
    with database.reading() as session:
        first = list_access_entries(session, subject_id, limit=3)
        rest = list_access_entries(session, subject_id, before=first[-1].entry_id, limit=3)
        assert [entry.entry_id for entry in (*first, *rest)] == made[::-1]
        assert first[0].answered == {"kind": "record"}
        assert first[0].asked_at == NOON + timedelta(minutes=4)


def test_an_unknown_kind_of_asker_is_refused(database: Database) -> None:
    subject_id = settle(database)
    with pytest.raises(IntegrityError), database.transaction() as session:
        look(session, subject_id, asker_kind="neighbour")
