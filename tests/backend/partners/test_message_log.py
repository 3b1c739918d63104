"""The log of messages: a chain without a gap, whoever links, whatever commits late."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.partners.bundle_lines import BEGINNING, chain
from backend.partners.message_log import (
    PORTION,
    Direction,
    Logged,
    MessageKind,
    count_unlinked,
    describe_message,
    link_messages,
    log_message,
)
from backend.partners.message_tables import MessageLinkRow, MessageRow
from backend.storage.database import Database
from tests.backend.partners.cities import NOON, THEIRS, Pair

DAY = timedelta(days=1)


def write(session: Session, number: int, *, at: timedelta = timedelta(0)) -> None:
    """Log a message of no content."""
    headers = {"Content-Type": "application/json", "Authorization": "Bearer secret"}
    about = UUID(int=number)
    logged = Logged(THEIRS, Direction.IN, MessageKind.NOTICE, about, "https://a.example", None, headers, "{}")
    log_message(session, logged, now=NOON + at)


def read_chain(database: Database) -> list[int]:
    """Count the chain anew; gives the numbers of the messages in it."""
    with database.reading() as session:
        rows = session.execute(
            select(MessageLinkRow, MessageRow)
            .join(MessageRow, MessageRow.message_id == MessageLinkRow.message_id)
            .order_by(MessageLinkRow.log_no)
        ).all()
        previous = BEGINNING
        for number, (link, message) in enumerate(rows, start=1):
            assert (link.log_no, link.previous) == (number, previous)
            previous = chain(previous, describe_message(message))
            assert link.digest == previous
            assert message.headers == {"content-type": "application/json"}  # nothing is kept that proves nothing
        return [message.about.int for _, message in rows]


def test_what_commits_late_gets_in_and_nothing_is_skipped(postgresql_database: Database) -> None:
    database = postgresql_database
    with database.transaction() as session:
        Pair().meet(session)
    with database.transaction() as late, database.transaction() as lost:
        write(late, 1)
        write(lost, 2, at=-DAY)  # no transaction lasts as long
        with database.transaction() as session:
            write(session, 3, at=timedelta(seconds=1))
        assert link_messages(database, now=NOON) == 1
    assert link_messages(database, now=NOON + 9 * DAY) == 1  # after days without a sweep
    with database.reading() as session:
        assert count_unlinked(session, THEIRS, before=NOON) == 1
    assert link_messages(database, now=NOON, window=None) == 1
    assert link_messages(database, now=NOON, window=None) == 0
    assert read_chain(database) == [3, 1, 2]


def test_many_linkers_make_one_chain(database: Database) -> None:
    threads, messages = 4, PORTION // 10
    barrier = Barrier(threads, timeout=10)
    with database.transaction() as session:
        Pair().meet(session)

    def work(worker: int) -> None:
        for number in range(messages):
            with database.transaction() as session:
                write(session, worker * 1000 + number)
            if number % 10 == 0:
                barrier.wait()
                link_messages(database, now=NOON)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    while link_messages(database, now=NOON):
        pass
    assert sorted(read_chain(database)) == [
        worker * 1000 + number for worker in range(threads) for number in range(messages)
    ]
