"""Exchanging pseudonym and sealing keys beneath a city that goes on living."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from sqlalchemy import LargeBinary, func, select

from backend.cli import key_renewal
from backend.cli.key_renewal import Keys, Renewal, count_uses, renew
from backend.cli.keyed_columns import list_keyed_tables
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer, SealError
from backend.people.session_tables import add_link
from backend.people.standing import IDENTITY_FIELD
from backend.people.subjects import NAME_FIELD
from backend.people.tables import SubjectRow, find_subject, lock_subject
from backend.storage.database import Database
from backend.storage.tables import Row
from tests.backend.city import City, Person, make_person, running_city

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
BOTH = {"k1": OLD, "k2": NEW}
TABLES = list_keyed_tables()
# Hashes and digests that hang on no key of ours.
# Digests of what is random or told apart only for a while; that of an ask is looked for under every key that is left,
# and whom it is about is noted under every key and forgotten within the hour. How often other cities asked about
# somebody is counted anew under a new key.
KEYLESS = {
    "answered_question.digest",
    "asked_about.digest",
    "exchange_message_link.digest",
    "exchange_message_link.previous",
    "idempotent_answer.request_hash",
    "one_time_code.digest",
    "question_count.person",
    "taken_notice.digest",
    "used_assertion.jti_digest",
    "verification.digest",
    "visitor_ask.digest",
}


@dataclass(frozen=True)
class Town:
    """A city whose people were filed under key k1, and the rings before and after the exchange."""

    city: City
    people: tuple[Person, ...]
    subjects: tuple[UUID, ...]

    @property
    def database(self) -> Database:
        return self.city.database

    def use(self, current: str, **keys: bytes) -> City:
        """The same city under other keys."""
        ring = keys or BOTH
        context = replace(self.city.context, pseudonyms=Pseudonyms(ring, current), sealer=Sealer(ring, current))
        return replace(self.city, context=context)


def make_keys(current: str, **keys: bytes) -> Keys:
    ring = keys or BOTH
    return Keys(Pseudonyms(ring, current), Sealer(ring, current))


def renew_all(database: Database, keys: Keys) -> Renewal:
    return renew(database, TABLES, keys, advance=lambda _: None)


def list_hanging(database: Database, key_id: str) -> dict[str, int]:
    uses = count_uses(database, TABLES, make_keys("k2"), advance=lambda _: None)
    return {use.column: count for use, count in uses.items() if use.key_id == key_id}


@contextmanager
def founded_town(database_url: str) -> Iterator[Town]:
    """Thirty people filed under the first key, one of them without a name, one with a mini-program account."""
    with running_city(database_url) as city:
        older = Town(city, (), ()).use("k1", k1=OLD)
        people = tuple(make_person(name) for name in ("林一舟", "Ann·Lee", "") * 10)
        subjects = tuple(older.know(person) for person in people)
        with city.database.transaction() as session:
            (index, *_) = older.context.pseudonyms.index_account("wechat:openid-1")
            assert add_link(session, subjects[0], digest=index.digest, key_id=index.key_id, now=city.now())
        yield Town(city, people, subjects)


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    with founded_town(database_url) as founded:
        yield founded


def check_nobody_is_lost(town: Town) -> None:
    """After a renewal the new keys alone find and read everybody as before, and nothing else has changed."""
    done = renew_all(town.database, make_keys("k2"))
    assert (done.left, done.clashes) == (0, [])
    newer = town.use("k2", k2=NEW)
    context = newer.context
    for person, subject_id in zip(town.people, town.subjects, strict=True):
        assert newer.know(person) == subject_id
        with town.database.reading() as session:
            row = find_subject(session, subject_id)
        assert row is not None
        assert not row.in_doubt
        number = context.sealer.open(row.identity_sealed, subject_id=subject_id, field=IDENTITY_FIELD)
        assert number == person.id_number
        assert (row.name_sealed is None) == (row.name_index is None) == (person.name == "")
        if row.name_sealed is not None:
            assert context.sealer.open(row.name_sealed, subject_id=subject_id, field=NAME_FIELD) == person.name
    assert count_subjects(town) == len(town.people)


def count_subjects(town: Town) -> int:
    with town.database.reading() as session:
        return session.scalar(select(func.count()).select_from(SubjectRow)) or 0


def test_nobody_is_lost(town: Town) -> None:
    check_nobody_is_lost(town)


def test_what_hangs_on_a_key_is_counted(town: Town) -> None:
    before = {
        "subject.identity_index": 30,
        "subject.identity_sealed": 30,
        "subject.name_index": 20,
        "subject.name_sealed": 20,
        "mini_program_link.account_index": 1,
    }
    assert list_hanging(town.database, "k1") == before
    assert renew_all(town.database, make_keys("k2")).renewed == 30
    assert list_hanging(town.database, "k1") == {"mini_program_link.account_index": 1}  # goes when he links anew
    assert list_hanging(town.database, "k2") == {name: before[name] for name in before if "subject" in name}


def test_a_renewal_that_has_nothing_to_do_does_nothing(town: Town) -> None:
    assert renew_all(town.database, make_keys("k2")).renewed == 30
    assert renew_all(town.database, make_keys("k2")).renewed == 0


class KilledError(Exception):
    """The renewal is killed here."""


def test_a_killed_renewal_goes_on(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = tuple(replace(table, portion=4) for table in TABLES)
    seen = 0

    def die(rows: int) -> None:
        nonlocal seen
        seen += rows
        if seen >= 12:
            raise KilledError

    with pytest.raises(KilledError):
        renew(town.database, tables, make_keys("k2"), advance=die)
    assert list_hanging(town.database, "k1")["subject.identity_index"] == 18
    # Killed within a portion, after a row was changed and before the transaction ended.
    honest = key_renewal._change  # noqa: SLF001 - the step to break off at

    def change_and_die(*given: object) -> bool:
        assert honest(*given)  # type: ignore[arg-type]  # passed on as they are
        raise KilledError

    monkeypatch.setattr(key_renewal, "_change", change_and_die)
    with pytest.raises(KilledError):
        renew(town.database, tables, make_keys("k2"), advance=lambda _: None)
    monkeypatch.undo()
    assert list_hanging(town.database, "k1")["subject.identity_index"] == 18
    check_nobody_is_lost(town)


def test_people_sign_in_meanwhile_and_nobody_is_filed_twice(town: Town) -> None:
    """Half of the callers still make new values with the older key, half with the newer; strangers come too."""
    cities = [town.use("k1"), town.use("k2")]
    tables = tuple(replace(table, portion=3) for table in TABLES)
    strangers = [make_person(f"客{number}") for number in range(10)]
    callers = [(cities[number % 2], person) for number, person in enumerate((*town.people, *strangers) * 2)]
    with ThreadPoolExecutor(4) as pool:
        renewals = [
            pool.submit(renew, town.database, tables, make_keys("k2"), advance=lambda _: None) for _ in range(2)
        ]
        known = list(pool.map(lambda caller: caller[0].know(caller[1]), callers[: len(town.people)]))
        assert not [clash for done in renewals for clash in done.result().clashes]
    for city, person in callers[len(town.people) :]:
        city.know(person)
    assert known == list(town.subjects)
    assert count_subjects(town) == len(town.people) + len(strangers)
    assert renew_all(town.database, make_keys("k2")).left == 0


def test_a_row_that_somebody_holds_is_left_and_found_again(postgresql_url: str) -> None:
    with founded_town(postgresql_url) as town:  # on SQLite whoever holds a row holds the whole database
        hold_one_and_renew(town)


def hold_one_and_renew(town: Town) -> None:
    with town.database.transaction() as session:
        assert lock_subject(session, town.subjects[3]) is not None
        done = renew_all(town.database, make_keys("k2"))
        assert (done.renewed, done.left) == (29, 1)
    done = renew_all(town.database, make_keys("k2"))
    assert (done.renewed, done.left) == (1, 0)


def test_two_subjects_of_one_person_are_told_and_left_as_they_are(town: Town) -> None:
    newer = town.use("k2", k2=NEW)  # a process that does not know the older key files somebody a second time
    double = newer.know(town.people[0])
    assert double != town.subjects[0]
    done = renew_all(town.database, make_keys("k2"))
    assert done.clashes == [f"subject {town.subjects[0]}"]
    assert (done.renewed, done.left) == (29, 1)


def test_what_is_sealed_with_a_lost_key_is_left_and_counted(town: Town) -> None:
    done = renew_all(town.database, make_keys("k2", k2=NEW))
    assert (done.renewed, done.left) == (0, 30)
    assert list_hanging(town.database, "k1")["subject.identity_sealed"] == 30


def test_a_lost_pseudonym_key_is_made_good_from_what_is_sealed(town: Town) -> None:
    keys = Keys(Pseudonyms({"k2": NEW}, "k2"), Sealer(BOTH, "k2"))
    uses = count_uses(town.database, TABLES, keys, advance=lambda _: None)
    assert {use.key_id: count for use, count in uses.items() if use.column == "subject.name_index"} == {"?": 20}
    assert renew_all(town.database, keys).renewed == 30
    check_nobody_is_lost(town)


@pytest.mark.parametrize("lost", ["identity_index", "identity_sealed", "name_index", "name_sealed"])
def test_a_renewal_that_spoils_a_column_is_caught(town: Town, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    honest = Keys.list_changes

    def spoil(keys: Keys, table: object, row: object) -> dict[str, object]:
        changes = honest(keys, table, row)  # type: ignore[arg-type]  # passed on as they are
        return changes | {lost: secrets.token_bytes(32)} if lost in changes else changes

    monkeypatch.setattr(Keys, "list_changes", spoil)
    with pytest.raises((AssertionError, SealError)):
        check_nobody_is_lost(town)


def test_a_renewal_that_skips_a_row_is_caught(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Keys.list_changes
    skipped = town.subjects[7]

    def skip(keys: Keys, table: object, row: dict[str, object]) -> dict[str, object]:
        return {} if row["subject_id"] == skipped else honest(keys, table, row)  # type: ignore[arg-type]

    monkeypatch.setattr(Keys, "list_changes", skip)
    with pytest.raises(AssertionError):
        check_nobody_is_lost(town)


def test_every_column_of_bytes_is_in_the_list() -> None:
    binary = {
        f"{table.name}.{column.name}"
        for table in Row.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    listed = {f"{keyed.table.name}.{name}" for keyed in TABLES for name in keyed.list_columns()}
    assert binary - KEYLESS == listed & binary
