"""While keys are exchanged, two processes may hash new people with different keys: nobody must become two subjects."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.held_subjects import Introduction, Register
from backend.people.subjects import find_or_add_subject
from backend.storage.database import Database
from tests.backend.builders import NOON
from tests.backend.city import make_resident_id
from tests.databases import count_rows, migrated_database

KEYS = {"k1": bytes(range(32)), "k2": bytes(range(32, 64))}
SEALER = Sealer(KEYS, "k1")
RINGS = (Pseudonyms(KEYS, "k1"), Pseudonyms(KEYS, "k2"))
ROUNDS, THREADS = 12, 4


class Blind(Pseudonyms):
    """The planted defect: a ring that does not know that its keys are being exchanged."""

    @property
    def is_changing(self) -> bool:
        return False


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with migrated_database(database_url) as made:
        yield made


def sign_in(database: Database, number: str, pseudonyms: Pseudonyms) -> None:
    with database.transaction() as session:
        find_or_add_subject(
            session,
            kind="natural_person",
            identity_number=number,
            name=None,
            verified=False,
            pseudonyms=pseudonyms,
            sealer=SEALER,
            now=NOON,
        )


def hand_in(database: Database, number: str, pseudonyms: Pseudonyms) -> None:
    with database.transaction() as session:
        Register(session, pseudonyms, SEALER, NOON).hold({number: Introduction("natural_person", "林一舟")})


def meet_at_once(database: Database, rings: tuple[Pseudonyms, ...]) -> int:
    """Let four threads meet the same unknown people at the same moments; gives how many people there were."""
    numbers = [make_resident_id() for _ in range(ROUNDS)]
    barrier = Barrier(THREADS)

    def work(place: int) -> None:
        meet = sign_in if place < THREADS // 2 else hand_in
        for number in numbers:
            barrier.wait()
            meet(database, number, rings[place % len(rings)])

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, place) for place in range(THREADS)]:
            done.result()
    return len(numbers)


def test_nobody_becomes_two_subjects(database: Database) -> None:
    assert meet_at_once(database, RINGS) == count_rows(database, "subject")


def test_a_planted_defect_makes_two_of_somebody(postgresql_url: str) -> None:
    with migrated_database(postgresql_url) as database:
        people = meet_at_once(database, (Blind(KEYS, "k1"), Blind(KEYS, "k2")))
        assert people < count_rows(database, "subject")
