"""A crowd of the small city in a database: its ledgers, its accounts, and the files that are made of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from pathlib import Path
from random import Random
from uuid import UUID

from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import SubjectKind
from backend.people.standing import IDENTITY_FIELD
from backend.people.tables import EnrolmentRow, SubjectRow
from backend.population.exporting import export_city
from backend.records.departments import register_departments
from backend.records.ledger import REPORTED, Report, write_content
from backend.records.tables import LedgerEntryRow
from backend.scores.current import compute_score
from backend.scores.tables import NewScore, StoredScoreRow
from backend.storage.bulk import insert_rows
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from backend.web.problems import Refusal
from scoring.days import CITY_TIME
from scoring.records import Content, Event, EventKind, Record
from scoring.rulebook import Rulebook
from tests.backend.city import make_resident_id
from tests.scoring.population.crowds import Somebody, make_crowd
from tests.scoring.small_city import RULEBOOK

CITY = "smallville"
SEALER = Sealer({"s1": bytes(32)}, "s1")
_NOON = time(12, tzinfo=CITY_TIME)
_SUBJECT = (
    *("subject_id", "kind", "identity_index", "identity_key_id", "identity_sealed"),
    *("name_verified", "in_doubt", "facts_version", "created_at"),
)
_ENROLMENT = ("subject_id", "enrolment_no", "opened_at", "agreement_version")
_ENTRY = ("subject_id", "ledger_no", "kind", "record_id", "indicator", "department", "content", "known_at")


def noon_of(day: date) -> datetime:
    """Noon of a day in the city."""
    return datetime.combine(day, _NOON)


@dataclass(frozen=True)
class Crowd:
    """People by chance, the same for the same seed; whoever has no day of opening has no account."""

    database: Database
    day: date
    rulebook: Rulebook = RULEBOOK
    subject_ids: list[UUID] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """Noon of the day."""
        return noon_of(self.day)

    @property
    def rules(self) -> CityRules:
        """The rules of the small city, in their one edition."""
        return CityRules(city=CITY, editions=(self.rulebook,))

    def gather(self, chance: Random, number: int) -> None:
        """Let so many people come, with all that is known of them."""
        self.settle(make_crowd(chance, number))

    def settle(self, people: Sequence[Somebody]) -> None:
        """Let these people come, with all that is known of them."""
        came = [(new_id(self.now), each) for each in people]
        subjects = [_make_subject(*each, self.now) for each in came]
        accounts = [(each, 1, noon_of(somebody.since), "1") for each, somebody in came if somebody.since]
        entries = [entry for each, somebody in came for entry in _list_entries(each, somebody.records)]
        with self.database.transaction() as session:
            register_departments(session, self.rulebook.catalogue)
            insert_rows(session, SubjectRow, _SUBJECT, subjects)
            insert_rows(session, EnrolmentRow, _ENROLMENT, accounts)
            insert_rows(session, LedgerEntryRow, _ENTRY, entries)
        self.subject_ids.extend(each for each, _ in came)

    def export(self, folder: Path, *, parts: int = 3) -> None:
        """Bring the files of the crowd up to date."""
        export_city(self.database, folder, city=CITY, sealer=SEALER, now=self.now, parts=parts)

    def compute(self) -> dict[UUID, NewScore]:
        """What would be kept of everybody who has a score, by `evaluate` from the ledger."""
        with self.database.reading() as session:
            found = {
                each: compute_score(session, each, rules=self.rules, sealer=SEALER, now=self.now)
                for each in self.subject_ids
            }
        return {each: score for each, score in found.items() if not isinstance(score, Refusal)}

    def read_kept(self) -> dict[UUID, NewScore]:
        """What is kept."""
        names = [each.name for each in fields(NewScore)]
        with self.database.reading() as session:
            rows = session.query(StoredScoreRow).all()
            return {row.subject_id: NewScore(**{name: getattr(row, name) for name in names}) for row in rows}


def _make_subject(subject_id: UUID, somebody: Somebody, now: datetime) -> tuple[object, ...]:
    entries = sum(1 for _ in _list_entries(subject_id, somebody.records))
    sealed = SEALER.seal(make_resident_id(), subject_id=subject_id, field=IDENTITY_FIELD)
    return (
        *(subject_id, SubjectKind.NATURAL_PERSON.value, subject_id.bytes, "k1", sealed),
        *(False, False, entries, now),
    )


def _list_entries(subject_id: UUID, records: Sequence[Record]) -> Iterator[tuple[object, ...]]:
    """List the entries of a ledger that says what the records say, in the order in which it became known."""
    told: list[tuple[datetime, int, int, Event | None]] = []
    for number, record in enumerate(records):
        told.append((record.known_at, number, 0, None))
        told += [
            (event.known_at, number, place, event)
            for place, event in enumerate(record.events, start=1)
            if event.kind is not EventKind.CORRECTED or event.content is not None
        ]
    ids = [UUID(int=UUID(record.record_id).int >> 1) for record in records]  # ours begin with a 0 bit
    for ledger_no, (known_at, number, _, event) in enumerate(sorted(told, key=lambda each: each[:3]), start=1):
        record = records[number]
        yield (
            *(subject_id, ledger_no, REPORTED if event is None else event.kind.value, ids[number]),
            *(record.indicator, _find_department(record), _write(record, event), known_at),
        )


def _find_department(record: Record) -> str:
    return RULEBOOK.catalogue.indicators[record.indicator].providers[0]


def _write(record: Record, event: Event | None) -> dict[str, object]:
    if event is None:
        return write_content(Report(Content(record.occurred_on, record.ended_on, record.fields, record.act)))
    return {} if event.content is None else write_content(Report(event.content))
