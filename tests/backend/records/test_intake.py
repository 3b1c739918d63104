"""Thousands of rows at once against the same rows one by one: whatever comes, both leave the same behind."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from stdnum.cn import uscc

from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.held_subjects import HeldSubject
from backend.people.identity_numbers import SubjectKind
from backend.people.subjects import NAME_FIELD, find_or_add_subject, find_subject_id
from backend.people.tables import SubjectRow, find_subject, lock_subject, put_in_doubt
from backend.records import intake
from backend.records.departments import register_departments
from backend.records.intake import settle_rows
from backend.records.ledger import Report
from backend.records.quarantine_tables import QuarantinedRow
from backend.records.receipts import Receipt
from backend.records.rows import AnyRow, Desk, HandedInRow, MalformedRow
from backend.records.tables import BatchRow, LedgerEntryRow, add_batch, find_batch, list_entries, list_receipts_behind
from backend.storage.database import Database
from scoring.admission import LegalFacts
from scoring.records import Content
from tests.backend.city import make_resident_id
from tests.backend.records.row_by_row import Model, Told
from tests.databases import migrated_database
from tests.scoring.small_city import CATALOGUE as SMALL

START = datetime(2026, 6, 1, 4, tzinfo=UTC)
KEYS = {"k1": bytes(32), "k2": bytes(31) + b"2"}
OLDER, PSEUDONYMS = Pseudonyms({"k1": KEYS["k1"]}, "k1"), Pseudonyms(KEYS, "k2")
SEALER = Sealer(KEYS, "k1")
DEPARTMENT = "civil_affairs"
OF_BOTH = ("natural_person", "enterprise")
CATALOGUE = replace(
    SMALL,
    indicators={**SMALL.indicators, **{c: replace(SMALL.indicators[c], subjects=OF_BOTH) for c in ("HOURS", "BLOOD")}},
)
NAMES = ("林一舟", "林 一舟", "周海")
_numbers = count(1)


@dataclass(frozen=True)
class Somebody:
    """Whom rows are about, and what is known of him before: nothing, no name, a vouched name, or a doubt."""

    kind: SubjectKind
    before: str


@dataclass(frozen=True)
class Sketch:
    """A row before it is known who exactly it is about."""

    who: int
    kind: SubjectKind | None
    name: str
    indicator: str
    source_key: str
    hours: int


def make_number(kind: SubjectKind) -> str:
    """A valid number that no other example has."""
    number = next(_numbers)
    if kind is SubjectKind.NATURAL_PERSON:
        return make_resident_id(date(1940, 1, 1) + timedelta(days=number // 900), sequence=number % 900)
    first = f"91410100MA{number:07}"
    return first + uscc.calc_check_digit(first)


somebodies = st.builds(
    Somebody,
    st.sampled_from([SubjectKind.NATURAL_PERSON, SubjectKind.NATURAL_PERSON, SubjectKind.ENTERPRISE]),
    st.sampled_from(["unknown", "unknown", "nameless", "vouched", "doubted"]),
)
sketches = st.builds(
    Sketch,
    st.integers(0, 2),
    st.sampled_from([None, None, None, SubjectKind.SOLE_TRADER]),
    st.sampled_from(NAMES),
    st.sampled_from(["HOURS", "HOURS", "BLOOD", "NOWHERE"]),
    st.sampled_from("ab"),
    st.integers(0, 2),
)
chunks = st.lists(st.lists(sketches | st.just(None), min_size=1, max_size=12), min_size=1, max_size=3)


def make_report(sketch: Sketch) -> Report:
    fields: dict[str, str | int | bool] = {"hours": sketch.hours} if sketch.indicator == "HOURS" else {}
    return Report(Content(date(2026, 5, 1), None, fields, None), LegalFacts())


def make_row(sketch: Sketch | None, people: Sequence[Somebody], numbers: Sequence[str]) -> AnyRow:
    if sketch is None:
        return MalformedRow(())
    return HandedInRow(
        source_key=sketch.source_key,
        subject_kind=sketch.kind or people[sketch.who].kind,
        id_number=numbers[sketch.who],
        name=sketch.name,
        indicator=sketch.indicator,
        report=make_report(sketch),
    )


def make_desk(now: datetime = START, pseudonyms: Pseudonyms = PSEUDONYMS) -> Desk:
    return Desk(
        department=DEPARTMENT,
        clerk="clerk-7",
        batch_id=uuid4(),
        catalogue=CATALOGUE,
        pseudonyms=pseudonyms,
        sealer=SEALER,
        now=now,
    )


def open_batch(session: Session, desk: Desk) -> None:
    batch = BatchRow(
        batch_id=desk.batch_id,
        department=desk.department,
        clerk=desk.clerk,
        batch_no=str(desk.batch_id),
        received_at=desk.now,
    )
    assert add_batch(session, batch)


def introduce(session: Session, somebody: Somebody, number: str) -> None:
    """Let somebody be known as he is before the rows come, under the older of two keys."""
    if somebody.before == "unknown":
        return
    name = None if somebody.before == "nameless" else NAMES[0]
    known = find_or_add_subject(
        session,
        kind=somebody.kind,
        identity_number=number,
        name=name,
        verified=name is not None,
        pseudonyms=OLDER,
        sealer=SEALER,
        now=START,
    )
    if somebody.before == "doubted":
        row = lock_subject(session, known.subject_id)
        assert row is not None
        put_in_doubt(row, "name_differs")


def tell(receipt: Receipt) -> Told:
    return receipt.outcome.value, receipt.code


def describe_subject(session: Session, number: str) -> object:
    """All that is kept of somebody, without what chance made."""
    subject_id = find_subject_id(session, number, pseudonyms=PSEUDONYMS)
    subject = None if subject_id is None else find_subject(session, subject_id)
    if subject is None:
        return None
    sealed = subject.name_sealed
    name = None if sealed is None else SEALER.open(sealed, subject_id=subject.subject_id, field=NAME_FIELD)
    ledger = [
        (entry.ledger_no, entry.kind, entry.indicator, entry.source_key, entry.content, entry.clerk, entry.known_at)
        for entry in list_entries(session, subject.subject_id)
    ]
    return subject.kind, name, subject.name_verified, subject.doubt_code, subject.facts_version, ledger


def count_quarantined(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(QuarantinedRow)) or 0


@pytest.fixture
def registered(database: Database) -> Database:
    """A database with the departments of the small city."""
    with database.transaction() as session:
        register_departments(session, CATALOGUE)
    return database


@pytest.fixture
def model_database(tmp_path: Path) -> Iterator[Database]:
    """Where the model keeps its rows."""
    with migrated_database(f"sqlite:///{tmp_path / 'model.sqlite'}") as database:
        with database.transaction() as session:
            register_departments(session, CATALOGUE)
        yield database


def compare(ours: Database, models: Database, people: Sequence[Somebody], given: Sequence[list[Sketch | None]]) -> None:
    """Settle the same chunks both ways, while the clock goes on and back, and compare all that is left."""
    numbers, model = [make_number(somebody.kind) for somebody in people], Model()
    for database in (ours, models):
        with database.transaction() as session:
            for somebody, number in zip(people, numbers, strict=True):
                introduce(session, somebody, number)
    for sketched, step in zip(given, (0, 3600, -1800), strict=False):
        rows = [make_row(sketch, people, numbers) for sketch in sketched]
        desk = make_desk(START + timedelta(seconds=step))
        with models.transaction() as session:
            told = model.settle(session, rows, desk)
        with ours.reading() as session:
            numbered = list(enumerate(rows, start=1))
            dry = settle_rows(session, numbered, desk, dry_run=True)
        with ours.transaction() as session:
            waited = count_quarantined(session)
            open_batch(session, desk)
            receipts = settle_rows(session, numbered, desk)
            assert count_quarantined(session) - waited == told.count(("quarantined", "identity_in_doubt"))
        assert [tell(receipt) for receipt in receipts] == told
        assert [tell(receipt) for receipt in dry] == told
        check_batch(ours, desk, told)
        with ours.reading() as mine, models.reading() as theirs:
            assert [describe_subject(mine, number) for number in numbers] == [
                describe_subject(theirs, number) for number in numbers
            ]


def check_batch(database: Database, desk: Desk, told: Sequence[Told]) -> None:
    with database.reading() as session:
        batch = find_batch(session, desk.batch_id)
        assert batch is not None
        outcomes = [outcome for outcome, _ in told]
        counted = [batch.accepted, batch.duplicate, batch.refused, batch.quarantined]
        assert counted == [outcomes.count(each) for each in ("accepted", "duplicate", "refused", "quarantined")]
        kept = list_receipts_behind(session, desk.batch_id, after=0, limit=len(told) + 1)
        assert [(receipt.outcome, receipt.code) for receipt in kept] == list(told)


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
SEARCH = settings(max_examples=60, deadline=None, suppress_health_check=QUIET, database=None)


@pytest.mark.timeout(300)
def test_many_rows_at_once_leave_what_they_leave_one_by_one(registered: Database, model_database: Database) -> None:
    @SEARCH
    @given(st.tuples(somebodies, somebodies, somebodies), chunks)
    def search(people: tuple[Somebody, ...], given: list[list[Sketch | None]]) -> None:
        compare(registered, model_database, people, given)

    search()


DEFECTS: dict[str, tuple[object, str, object]] = {
    "facts forgotten": (intake, "find_facts", lambda *_: {}),
    "quarantine forgotten": (intake, "find_waiting", lambda *_: {}),
    "the past forgotten": (intake, "find_latest_moments", lambda *_: {}),
    "names unread": (HeldSubject, "agrees_on_name", lambda *_: True),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(
    sqlite_url: str, model_database: Database, defect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough = settings(SEARCH, max_examples=300, phases=[Phase.generate])
    owner, name, replacement = DEFECTS[defect]

    @seed(1)  # those from 0 to 5 all find each of them, within 110 examples; this one soonest
    @enough
    @given(st.tuples(somebodies, somebodies, somebodies), chunks)
    def search(people: tuple[Somebody, ...], given: list[list[Sketch | None]]) -> None:
        compare(ours, model_database, people, given)

    with migrated_database(sqlite_url) as ours:
        with ours.transaction() as session:
            register_departments(session, CATALOGUE)
        monkeypatch.setattr(owner, name, replacement)
        with pytest.raises((AssertionError, IntegrityError)):
            search()


def send_chunks(database: Database, seed: int, rows: Sequence[tuple[int, AnyRow]], times: int) -> list[Receipt]:
    receipts = []
    for _ in range(times):
        desk = make_desk(START + timedelta(seconds=seed))
        with database.transaction() as session:
            open_batch(session, desk)
            receipts += settle_rows(session, rows, desk)
    return receipts


def test_chunks_about_the_same_people_at_once_end_well(registered: Database) -> None:
    numbers = [make_number(SubjectKind.NATURAL_PERSON) for _ in range(60)]

    def send(seed: int) -> list[Receipt]:
        ordered = numbers[seed:] + numbers[:seed]
        if seed % 2:
            ordered.reverse()
        rows = [
            HandedInRow(
                source_key=key,
                subject_kind=SubjectKind.NATURAL_PERSON,
                id_number=number,
                name=NAMES[0],
                indicator="HOURS",
                report=make_report(Sketch(0, None, NAMES[0], "HOURS", key, 2)),
            )
            for number in ordered
            for key in ("shared", f"own-{seed}")
        ]
        return send_chunks(registered, seed, list(enumerate(rows, start=1)), 3)

    with ThreadPoolExecutor(6) as pool:
        told = [tell(receipt) for receipts in pool.map(send, range(6)) for receipt in receipts]
    assert told.count(("accepted", None)) == len(numbers) * 7
    assert told.count(("duplicate", "duplicate")) == len(told) - len(numbers) * 7
    with registered.reading() as session:
        for number in numbers:
            subject_id = find_subject_id(session, number, pseudonyms=PSEUDONYMS)
            assert subject_id is not None
            entries = list_entries(session, subject_id)
            assert [entry.ledger_no for entry in entries] == list(range(1, 8))
            assert [entry.known_at for entry in entries] == sorted(entry.known_at for entry in entries)
        assert session.scalar(select(func.count()).select_from(SubjectRow)) == len(numbers)
        assert session.scalar(select(func.count()).select_from(LedgerEntryRow)) == len(numbers) * 7


def test_the_number_of_statements_does_not_grow_with_the_chunk(registered: Database) -> None:
    def count_statements(size: int) -> int:
        numbers = [make_number(SubjectKind.NATURAL_PERSON) for _ in range(size)]
        rows = [
            make_row(Sketch(0, None, NAMES[0], "HOURS", "a", 2), [Somebody(SubjectKind.NATURAL_PERSON, "")], [number])
            for number in numbers
        ]
        seen: list[str] = []

        def listen(*given: object) -> None:
            seen.append(str(given[2]))

        event.listen(registered.engine, "before_cursor_execute", listen)
        send_chunks(registered, 0, list(enumerate(rows, start=1)), 2)
        event.remove(registered.engine, "before_cursor_execute", listen)
        return len(seen)

    assert count_statements(3) == count_statements(300)
