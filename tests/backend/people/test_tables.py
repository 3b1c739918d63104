from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.people.tables import (
    ConsentRow,
    EnrolmentRow,
    NewSubject,
    SubjectRow,
    add_consent,
    add_subject_unless_known,
    clear_doubt,
    close_enrolment,
    find_latest_enrolment,
    find_subject,
    find_subject_by_index,
    list_consents,
    list_in_doubt,
    lock_subject,
    open_enrolment,
    purge_tickets,
    put_in_doubt,
    put_name,
    raise_facts_version,
    share_subject,
    use_ticket,
    withdraw_consents,
)
from backend.storage.database import Database
from backend.storage.identifiers import new_id
from tests.backend.builders import NOON, add_person, settle
from tests.databases import migrated_database, run_sql

LATER = NOON + timedelta(days=1)


def give_consent(session: Session, subject_id: UUID, **changes: object) -> UUID:
    values: dict[str, object] = {
        "subject_id": subject_id,
        "consent_id": new_id(NOON),
        "purpose": "benefit",
        "recipient": "library",
        "scope": "level",
        "agreement_version": "1",
        "given_at": NOON,
    }
    row = ConsentRow(**(values | changes))
    add_consent(session, row)
    return row.consent_id


def test_a_subject_is_found_by_id_and_by_any_of_its_indexes(database: Database) -> None:
    with database.transaction() as session:
        subject_id = add_person(session, index=b"new")
    with database.reading() as session:
        by_id = find_subject(session, subject_id)
        by_index = find_subject_by_index(session, [b"old", b"new"])
        assert by_id is by_index
        assert by_id is not None
        assert (by_id.created_at, by_id.facts_version, by_id.in_doubt) == (NOON, 0, False)
        assert find_subject_by_index(session, [b"old"]) is None


def test_many_calls_at_once_add_one_subject(database: Database) -> None:
    def add(_: int) -> UUID:
        with database.transaction() as session:
            return add_person(session, index=b"same")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(add, range(16)))) == 1


def test_doubt_has_a_code(database: Database) -> None:
    subject = NewSubject(
        subject_id=uuid4(),
        kind="natural_person",
        identity_index=b"i",
        identity_key_id="k1",
        identity_sealed=b"s",
        doubt_code="name_differs",
    )
    with database.transaction() as session:
        row = add_subject_unless_known(session, subject, now=NOON)
        assert row.in_doubt
    with pytest.raises(IntegrityError):
        run_sql(database, "UPDATE subject SET doubt_code = NULL")


def test_the_first_doubt_and_the_name_on_file_stay(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        row = lock_subject(session, subject_id)
        assert row is not None
        put_name(row, index=b"index", sealed=b"sealed", verified=True)
        put_in_doubt(row, "name_differs")
        put_in_doubt(row, "two_names")
    with database.reading() as session:
        found = find_subject(session, subject_id)
        assert found is not None
        assert (found.name_index, found.name_sealed, found.name_verified) == (b"index", b"sealed", True)
        assert (found.in_doubt, found.doubt_code) == (True, "name_differs")


def test_those_in_doubt_are_listed_until_the_doubt_is_cleared(database: Database) -> None:
    with database.transaction() as session:
        people = sorted(add_person(session) for _ in range(3))
        rows = [lock_subject(session, subject_id) for subject_id in people]
        for row in rows[:2]:
            assert row is not None
            put_in_doubt(row, "name_differs")
    with database.transaction() as session:
        assert [row.subject_id for row in list_in_doubt(session, 10)] == people[:2]
        (first,) = list_in_doubt(session, 1)
        clear_doubt(first)
        session.flush()
        assert [(row.subject_id, row.doubt_code) for row in list_in_doubt(session, 10)] == [(people[1], "name_differs")]


def test_facts_versions_count_without_gap_in_many_threads(database: Database) -> None:
    subject_id = settle(database)

    def step(_: int) -> int:
        with database.transaction() as session:
            return raise_facts_version(session, subject_id)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(step, range(24))) == list(range(1, 25))


Hold = Callable[[Session, UUID], SubjectRow | None]


def can_both(database: Database, one: Hold, other: Hold) -> bool:
    """Whether a subject can be held in two ways by two transactions at once."""
    subject_id = settle(database)

    def hold() -> SubjectRow | None:
        with database.transaction() as session:
            return other(session, subject_id)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert one(session, subject_id) is not None
            beside = pool.submit(hold)
            is_held = bool(wait([beside], timeout=0.3).done)
        assert beside.result() is not None
    return is_held


def test_who_shares_a_subject_keeps_out_those_alone_who_change_it(postgresql_url: str) -> None:
    with migrated_database(postgresql_url) as database:
        kinds = (lock_subject, share_subject)
        found = {(one, other): can_both(database, one, other) for one in kinds for other in kinds}
    assert [ways for ways, both in found.items() if both] == [(share_subject, share_subject)]


def test_an_unknown_subject_has_no_facts_version(database: Database) -> None:
    with pytest.raises(LookupError, match="there is no subject"), database.transaction() as session:
        raise_facts_version(session, uuid4())


def test_enrolments_follow_each_other_and_one_is_open(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        assert find_latest_enrolment(session, subject_id) is None
        assert open_enrolment(session, subject_id, agreement_version="1", now=NOON) is not None
        assert open_enrolment(session, subject_id, agreement_version="1", now=NOON) is None
        assert close_enrolment(session, subject_id, because="consent_withdrawn", now=LATER)
        assert not close_enrolment(session, subject_id, because="closed", now=LATER)
        assert open_enrolment(session, subject_id, agreement_version="2", now=LATER) is not None
    with database.reading() as session:
        latest = find_latest_enrolment(session, subject_id)
        assert latest is not None
        assert (latest.enrolment_no, latest.agreement_version, latest.closed_at) == (2, "2", None)
        first = session.get(EnrolmentRow, (subject_id, 1))
        assert first is not None
        assert (first.closed_at, first.closed_because) == (LATER, "consent_withdrawn")


def test_many_calls_at_once_open_one_enrolment(database: Database) -> None:
    subject_id = settle(database)

    def enrol(_: int) -> bool:
        with database.transaction() as session:
            lock_subject(session, subject_id)
            return open_enrolment(session, subject_id, agreement_version="1", now=NOON) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(enrol, range(16))) == 1


def test_planted_defect_a_second_open_enrolment_is_refused_by_the_database(database: Database) -> None:
    subject_id = settle(database)
    rows = [
        EnrolmentRow(subject_id=subject_id, enrolment_no=number, opened_at=NOON, agreement_version="1")
        for number in (1, 2)
    ]
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add_all(rows)


def test_consents_are_withdrawn_all_together_and_once(database: Database) -> None:
    subject_id = settle(database)
    with database.transaction() as session:
        give_consent(session, subject_id, withdrawn_at=NOON)
        give_consent(session, subject_id)
        give_consent(session, subject_id)
        assert withdraw_consents(session, subject_id, now=LATER) == 2
        assert withdraw_consents(session, subject_id, now=LATER) == 0
        session.expire_all()
        assert [row.withdrawn_at for row in list_consents(session, subject_id)] == [NOON, LATER, LATER]


def test_a_ticket_is_used_once_even_by_many_at_once(database: Database) -> None:
    def use(_: int) -> bool:
        with database.transaction() as session:
            return use_ticket(session, "t1", expires_at=LATER)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(16))) == 1


def test_used_tickets_are_forgotten_when_nobody_would_accept_them(database: Database) -> None:
    with database.transaction() as session:
        assert use_ticket(session, "old", expires_at=NOON)
        assert use_ticket(session, "new", expires_at=LATER)
        assert purge_tickets(session, NOON, limit=10) == 1
        assert not use_ticket(session, "new", expires_at=LATER)
        assert use_ticket(session, "old", expires_at=NOON)


def test_used_tickets_are_forgotten_a_portion_at_a_time(database: Database) -> None:
    with database.transaction() as session:
        for number in range(5):
            use_ticket(session, f"t{number}", expires_at=NOON)
        assert [purge_tickets(session, NOON, limit=2) for _ in range(4)] == [2, 2, 1, 0]
