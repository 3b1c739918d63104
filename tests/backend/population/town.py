"""A town whose ledgers grow, to be exported: invented persons, whatever is said of them, and how accounts stand."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import SubjectKind
from backend.people.standing import IDENTITY_FIELD, find_standing
from backend.people.tables import (
    NewSubject,
    add_subject_unless_known,
    clear_doubt,
    close_enrolment,
    lock_subject,
    open_enrolment,
    put_in_doubt,
)
from backend.population.city_files import CityFiles, Kind
from backend.population.exporting import ExportCounts, Pace, Watch, export_city
from backend.population.records_of import find_subject, read_records
from backend.population.settling import read_subjects
from backend.population.traits import Traits, read_traits
from backend.records import ledger
from backend.records.ledger import REPORTED, Report, write_content
from backend.records.tables import NewEntry, append_entry, put_department
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from scoring.records import Content, EventKind, Record, Value
from tests.backend.city import make_resident_id

START = datetime(2026, 6, 1, 4, tzinfo=UTC)
SEALER = Sealer({"s1": bytes(32)}, "s1")
COURT, CITY, PARTS = "court", "zhengzhou", 3
INDICATORS = ("volunteer_hours", "blood_donation")


@dataclass
class Town:
    """Everything happens by chance, and the same seed makes it happen again."""

    database: Database
    chance: Random
    sealer: Sealer = SEALER
    index_key: str = "k1"
    now: datetime = START
    persons: dict[UUID, str] = field(default_factory=dict)
    records: dict[UUID, list[UUID]] = field(default_factory=dict)

    def add_person(self, *, kind: str = SubjectKind.NATURAL_PERSON) -> UUID:
        """Add somebody who has no account and of whom nothing is known."""
        subject_id = new_id(self.now)
        number = make_resident_id(date(1950, 1, 1) + timedelta(days=self.chance.randrange(18000)))
        subject = NewSubject(
            subject_id=subject_id,
            kind=kind,
            identity_index=subject_id.bytes,
            identity_key_id=self.index_key,
            identity_sealed=self.sealer.seal(number, subject_id=subject_id, field=IDENTITY_FIELD),
        )
        with self.database.transaction() as session:
            put_department(session, code=COURT, name="Court")
            add_subject_unless_known(session, subject, now=self.now)
        if kind == SubjectKind.NATURAL_PERSON:
            self.persons[subject_id] = number
        self.records[subject_id] = []
        return subject_id

    def say(self, subject_id: UUID, times: int = 1) -> None:
        """Report, correct, withdraw, repair, object or decide something about somebody, so many times."""
        with self.database.transaction() as session:
            for _ in range(times):
                self.now += timedelta(minutes=1)
                known = self.records[subject_id]
                kind = self.chance.choice([REPORTED, REPORTED, *EventKind]) if known else REPORTED
                record_id = new_id(self.now) if kind == REPORTED else self.chance.choice(known)
                if kind == REPORTED:
                    known.append(record_id)
                entry = NewEntry(
                    kind=kind,
                    record_id=record_id,
                    indicator=INDICATORS[record_id.int % 2],
                    department=COURT,
                    content=write_content(self._draw_report()) if kind in (REPORTED, EventKind.CORRECTED) else {},
                )
                append_entry(session, subject_id, entry, now=self.now)

    def open_or_close(self, subject_id: UUID) -> None:
        """Open an account or close it, put somebody in doubt or take the doubt back."""
        self.now += timedelta(days=self.chance.randrange(3))
        with self.database.transaction() as session:
            row = lock_subject(session, subject_id)
            assert row is not None
            if self.chance.random() < 0.3:
                clear_doubt(row) if row.in_doubt else put_in_doubt(row, "name_differs")
            elif open_enrolment(session, subject_id, agreement_version="1", now=self.now) is None:
                close_enrolment(session, subject_id, because="closed", now=self.now)

    def live(self, days: int) -> None:
        """Let something happen, so many times."""
        for _ in range(days):
            what = self.chance.random()
            if what < 0.2 or not self.persons:
                self.add_person()
            elif what < 0.5:
                self.open_or_close(self.chance.choice(list(self.persons)))
            else:
                self.say(self.chance.choice(list(self.persons)), self.chance.randint(1, 5))

    def export(self, folder: Path, *, pace: Pace | None = None, watch: Watch | None = None) -> ExportCounts:
        """Export the town, a few persons at a time."""
        slow = pace or Pace(portion=self.chance.randint(1, 4), step_subjects=self.chance.randint(1, 5))
        return export_city(
            self.database, folder, city=CITY, sealer=self.sealer, now=self.now, parts=PARTS, pace=slow, watch=watch
        )

    def check(self, files: CityFiles) -> None:
        """Check that the files say of everybody what the database says, and of nobody else."""
        held: dict[UUID, dict[str, object]] = {}
        for part in range(files.parts):
            held |= {UUID(row["subject_id"]): row for row in read_subjects(files, part).to_pylist()}
        assert held.keys() == self.persons.keys()
        with self.database.reading() as session:
            for subject_id, number in self.persons.items():
                row = held[subject_id]
                since = find_standing(session, subject_id, sealer=self.sealer, now=self.now).since
                traits = Traits() if since is None else read_traits(number, today=self.now.date())
                assert (row["since"], *(row[name] for name in Traits._fields)) == (since, *traits)
                records = ledger.read_records(session, subject_id)
                subject_no = row["subject_no"]
                assert isinstance(subject_no, int)
                assert read_records(files, subject_no) == tuple(_leave_out(record) for record in records)
                assert find_subject(files, subject_no) == subject_id
                assert row["facts_version"] == sum(1 + len(record.events) for record in records)
        assert files.count_rows(Kind.SUBJECTS) == len(self.persons)

    def _draw_report(self) -> Report:
        occurred_on = START.date() - timedelta(days=self.chance.randrange(900))
        ended_on = occurred_on + timedelta(days=self.chance.randrange(90)) if self.chance.random() < 0.3 else None
        fields: dict[str, Value] = {"鼎": self.chance.choice(["甲", "乙"]), "hours": self.chance.randrange(4)}
        if self.chance.random() < 0.5:
            fields = {"flag": self.chance.random() < 0.5, **fields}
        return Report(Content(occurred_on, ended_on, fields, self.chance.choice([None, "act-1"])))


def _leave_out(record: Record) -> Record:
    """Leave out of a record what the files do not hold."""
    events = tuple(event._replace(document_no="") for event in record.events)
    return record._replace(source="", document_no="", events=events)


class KilledError(Exception):
    """The process ends here."""


@contextmanager
def killed_at(point: int | None) -> Iterator[list[int]]:
    """End the process at its n-th wait for the disk or renaming, before or after it was done; gives those it reached.

    Nothing of ours catches what is raised, and a step that is left by it cleans nothing up: as if the power had gone.
    """
    reached: list[int] = []
    fsync, replace = os.fsync, Path.replace

    def count() -> None:
        reached.append(len(reached) + 1)
        if len(reached) == point:
            raise KilledError

    def fsync_or_die(descriptor: int) -> None:
        count()
        fsync(descriptor)

    def replace_or_die(self: Path, target: Path) -> Path:
        count()
        done = replace(self, target)
        count()
        return done

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", fsync_or_die)
        patched.setattr(Path, "replace", replace_or_die)
        yield reached
