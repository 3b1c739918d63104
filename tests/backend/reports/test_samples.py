from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from hashlib import sha256
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from backend.records.file_tables import READING_FAILED
from backend.reports import samples
from backend.reports.counts import Span
from backend.reports.samples import Draw, Finding, FoundOut, Sample, draw_sample, mark_record, note_finding, read_sample
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal
from tests.backend.reports.handing_in import (
    DONATION,
    FINE,
    HEALTH,
    MINUTE,
    TRAFFIC,
    add_receipt,
    close_file,
    noon_of,
    open_batch,
    open_file,
    open_offices,
)
from tests.databases import run_sql

OCTOBER = Span(first_on=date(2026, 10, 1), last_on=date(2026, 10, 31), department=TRAFFIC)
NOW = noon_of("2026-11-22")
RECORD_ID = UUID("019a0000-0000-7000-8000-000000000002")
CHANGES = {
    "sample": ("UPDATE sample SET seed = 'x'", "DELETE FROM sample"),
    "sample_member": ("UPDATE sample_member SET member_no = 999", "DELETE FROM sample_member"),
    "sample_finding": ("UPDATE sample_finding SET finding = 'agrees'", "DELETE FROM sample_finding"),
}


@pytest.fixture
def filled(database: Database) -> Database:
    """30 fines accepted in October, and around them what no sample of October's fines may hold."""
    open_offices(database)
    with database.transaction() as session:
        for day in ("2026-10-01", "2026-10-12", "2026-10-31"):
            batch = open_batch(session, noon_of(day))
            for _ in range(10):
                add_receipt(session, batch)
            add_receipt(session, batch, "refused")
            add_receipt(session, batch, "duplicate")
        add_receipt(session, open_batch(session, noon_of("2026-11-01")))
        add_receipt(session, open_batch(session, noon_of("2026-09-30")))
        add_receipt(session, open_batch(session, noon_of("2026-10-12"), HEALTH), indicator=DONATION)
    return database


def draw(database: Database, *, size: int = 5, seed: str = "seed-1", span: Span = OCTOBER) -> Sample | Refusal:
    with database.transaction() as session:
        order = Draw(span=span, size=size, reason="例行抽查", operator="wang", seed=seed)
        return draw_sample(session, order, now=NOW)


def draw_some(database: Database, *, size: int = 5, seed: str = "seed-1", span: Span = OCTOBER) -> Sample:
    sample = draw(database, size=size, seed=seed, span=span)
    assert isinstance(sample, Sample)
    return sample


def draw_again(database: Database, seed: str, size: int) -> list[str]:
    """Draw as the documentation tells a third person to: from the population, by SHA-256 alone."""
    query = text(
        "SELECT r.record_id FROM receipt r JOIN batch b ON b.batch_id = r.batch_id WHERE r.outcome = 'accepted'"
        " AND b.department = 'traffic_police' AND b.received_at >= '2026-09-30 16:00:00'"
        " AND b.received_at < '2026-10-31 16:00:00'"
    )
    with database.reading() as session:
        population = [str(UUID(str(record_id))) for record_id in session.scalars(query)]
    assert len(population) == 30
    return sorted(population, key=lambda each: sha256(f"{seed}:{each}".encode()).hexdigest())[:size]


def find_out(record_id: UUID, finding: Finding = Finding.AGREES, note: str | None = None) -> FoundOut:
    return FoundOut(record_id=record_id, finding=finding, note=note, found_by="wang", found_at=NOW + MINUTE)


def test_the_mark_is_what_sha256sum_says() -> None:
    # printf '%s' 'seed-1:019a0000-0000-7000-8000-000000000002' | sha256sum
    assert mark_record("seed-1", RECORD_ID) == "913f6c3374b11ecb37a8ce82c4072745f084254116637c8c1f4ffe99d7602bed"


def test_a_sample_can_be_drawn_again_by_a_third_person(filled: Database) -> None:
    sample = draw_some(filled)
    assert [str(member.record_id) for member in sample.members] == draw_again(filled, "seed-1", 5)
    assert [member.member_no for member in sample.members] == [1, 2, 3, 4, 5]
    assert (sample.population, sample.size, sample.seed) == (30, 5, "seed-1")
    with filled.reading() as session:
        assert read_sample(session, sample.sample_id) == sample


def mark_by_id_alone(_: str, record_id: UUID) -> str:
    """A planted defect: ids sort by time, so that the first rows of a period would always be the sample."""
    return str(record_id)


def mark_without_seed(_: str, record_id: UUID) -> str:
    """A planted defect: whoever knows the hash knows beforehand which rows will be looked at."""
    return sha256(str(record_id).encode()).hexdigest()


@pytest.mark.parametrize("defect", [mark_by_id_alone, mark_without_seed])
def test_a_planted_draw_by_anything_else_is_caught(
    filled: Database, monkeypatch: pytest.MonkeyPatch, defect: Callable[[str, UUID], str]
) -> None:
    monkeypatch.setattr(samples, "mark_record", defect)
    drawn = [str(member.record_id) for member in draw_some(filled).members]
    assert drawn != draw_again(filled, "seed-1", 5)


def test_the_seed_decides_and_nothing_else(filled: Database) -> None:
    first, again, other = draw_some(filled), draw_some(filled), draw_some(filled, seed="seed-2")
    assert first.members == again.members
    assert first.sample_id != again.sample_id
    assert first.members != other.members


def test_every_record_can_be_drawn(filled: Database) -> None:
    drawn = {m.record_id for number in range(100) for m in draw_some(filled, seed=f"s{number}").members}
    assert len(drawn) == 30  # of 30 records 500 draws miss one with a chance of about 30 * (5/6)**100


def test_where_there_are_fewer_all_are_drawn_and_where_there_are_none_none(filled: Database) -> None:
    assert len(draw_some(filled, size=200).members) == 30
    empty = Span(first_on=date(2026, 8, 1), last_on=date(2026, 8, 31), department=TRAFFIC)
    assert draw(filled, span=empty) == Refusal(ProblemCode.NOTHING_TO_SAMPLE)
    donations = Span(first_on=date(2026, 10, 1), last_on=date(2026, 10, 31), department=TRAFFIC, indicator=DONATION)
    assert draw(filled, span=donations) == Refusal(ProblemCode.NOTHING_TO_SAMPLE)
    fines = Span(first_on=date(2026, 10, 12), last_on=date(2026, 10, 12), department=TRAFFIC, indicator=FINE)
    assert draw_some(filled, span=fines).population == 10
    with pytest.raises(ValueError, match="name it"):
        draw(filled, span=Span(first_on=date(2026, 10, 1), last_on=date(2026, 10, 31)))


@pytest.mark.parametrize("fault_code", [None, "not_csv"])
def test_nothing_is_drawn_while_a_file_of_the_period_is_unread(filled: Database, fault_code: str | None) -> None:
    with filled.transaction() as session:
        file = open_file(session, noon_of("2026-10-31"))
        add_receipt(session, file)
    donations = replace(OCTOBER, indicator=DONATION)  # nobody knows yet what the file holds
    for span in (OCTOBER, donations):
        assert draw(filled, span=span) == Refusal(ProblemCode.FILES_UNREAD, {"files": 1})
    with filled.transaction() as session:
        add_receipt(session, file)
        close_file(session, file, NOW, fault_code)
    sample = draw_some(filled)
    assert sample.population == 32
    assert draw_some(filled).members == sample.members


def test_nothing_is_drawn_while_a_file_is_to_be_read_on(filled: Database) -> None:
    with filled.transaction() as session:
        close_file(session, open_file(session, noon_of("2026-10-31")), NOW, READING_FAILED)
    assert draw(filled) == Refusal(ProblemCode.FILES_UNREAD, {"files": 1})


def test_files_that_add_nothing_to_the_population_hold_no_draw_up(filled: Database) -> None:
    with filled.transaction() as session:
        for received_at in (OCTOBER.since - MINUTE, OCTOBER.before):
            open_file(session, received_at)
        open_file(session, noon_of("2026-10-12"), HEALTH)
        open_file(session, noon_of("2026-10-12"), dry_run=True)
    assert draw_some(filled).population == 30


def see_no_files(*_: object, **__: object) -> int:
    """A planted defect: files that are not read yet are overlooked."""
    return 0


def test_a_planted_draw_before_the_files_are_read_cannot_be_repeated(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "count_unread_files", see_no_files)
    with filled.transaction() as session:
        file = open_file(session, noon_of("2026-10-31"))
    before = draw_some(filled, size=200)
    with filled.transaction() as session:
        add_receipt(session, file)
        close_file(session, file, NOW)
    assert draw_some(filled, size=200).members != before.members


def test_the_latest_finding_counts_and_the_earlier_stays(filled: Database) -> None:
    sample = draw_some(filled)
    record_id = sample.members[1].record_id
    with filled.transaction() as session:
        note_finding(session, sample.sample_id, find_out(record_id, Finding.DIFFERS, "金额与决定书不一致"))
        note_finding(session, sample.sample_id, find_out(record_id, Finding.AGREES))
    with filled.reading() as session:
        read = read_sample(session, sample.sample_id)
        kept = session.scalars(text("SELECT finding FROM sample_finding ORDER BY finding_no")).all()
    assert isinstance(read, Sample)
    assert [member.found for member in read.members] == [None, find_out(record_id), None, None, None]
    assert kept == ["differs", "agrees"]


def test_findings_at_the_same_time_are_all_kept(filled: Database) -> None:
    sample = draw_some(filled, size=1)

    def find_again(_: int) -> None:
        with filled.transaction() as session:
            note_finding(session, sample.sample_id, find_out(sample.members[0].record_id))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(find_again, range(16)))
    with filled.reading() as session:
        numbers = session.scalars(text("SELECT finding_no FROM sample_finding ORDER BY finding_no")).all()
    assert numbers == list(range(1, 17))


def test_nothing_is_found_about_what_was_not_drawn(filled: Database) -> None:
    sample = draw_some(filled)
    with filled.transaction() as session:
        found = find_out(RECORD_ID)
        assert note_finding(session, sample.sample_id, found) == Refusal(ProblemCode.RECORD_NOT_FOUND)
        assert note_finding(session, RECORD_ID, found) == Refusal(ProblemCode.SAMPLE_NOT_FOUND)
        assert read_sample(session, RECORD_ID) == Refusal(ProblemCode.SAMPLE_NOT_FOUND)


@pytest.mark.parametrize("table", CHANGES)
def test_samples_and_findings_are_never_changed(filled: Database, table: str) -> None:
    sample = draw_some(filled)
    with filled.transaction() as session:
        note_finding(session, sample.sample_id, find_out(sample.members[0].record_id, Finding.DIFFERS))
    for statement in CHANGES[table]:
        with pytest.raises(IntegrityError, match="is append-only"):
            run_sql(filled, statement)
    if filled.dialect_name == "postgresql":
        with pytest.raises(DBAPIError, match="is append-only"):
            run_sql(filled, f"TRUNCATE {table} CASCADE")
