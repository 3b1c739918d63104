"""The log of messages: a chain without a gap, whoever links, whatever commits late; bodies that go."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.partners.bundle_lines import BEGINNING, chain
from backend.partners.message_log import (
    KEPT_FOR,
    PORTION,
    Direction,
    Logged,
    MessageKind,
    count_unlinked,
    describe_message,
    erase_answers,
    link_messages,
    log_message,
    purge_bodies,
)
from backend.partners.message_tables import MessageLinkRow, MessageRow
from backend.storage.database import Database
from tests.backend.partners.cities import NOON, THEIRS, Pair
from tests.databases import run_sql

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


def tell(session: Session, number: int, kind: MessageKind, about: int, until: str | None, *, status: int = 200) -> None:
    """Log what tells something of a question, number `about`, at a moment of its own."""
    told = {"question_id": str(UUID(int=about)), "content": {"level": None}, "until": until}
    is_answer = kind is MessageKind.ANSWER
    document = told if is_answer else {"kind": "corrected", "content": told}
    message_id = UUID(int=about if is_answer else 100 + number)
    logged = Logged(
        THEIRS,
        Direction.IN,
        kind,
        message_id,
        f"https://a.example/{number}",
        status if is_answer else None,
        {},
        json.dumps(document),
    )
    log_message(session, logged, now=NOON + timedelta(minutes=number))


def list_held(database: Database) -> list[int]:
    """The numbers of the messages that still have a body."""
    with database.reading() as session:
        held = session.scalars(select(MessageRow.url).where(MessageRow.body.is_not(None))).all()
    return sorted(int(url.rpartition("/")[2]) for url in held)


def test_bodies_go_when_they_are_withdrawn_corrected_or_over_and_nothing_else_changes(database: Database) -> None:
    soon, late = "2026-11-23T04:00:00Z", "2099-11-22T04:00:00Z"
    with database.transaction() as session:
        Pair().meet(session)
        tell(session, 1, MessageKind.ANSWER, 1, soon)
        tell(session, 2, MessageKind.ANSWER, 2, late)
        tell(session, 3, MessageKind.NOTICE, 2, late)
        tell(session, 4, MessageKind.NOTICE, 2, late)
        tell(session, 5, MessageKind.ANSWER, 3, None)
        tell(session, 6, MessageKind.ANSWER, 3, "soon", status=409)  # which tells nothing of anybody
        tell(session, 7, MessageKind.ANSWER, 4, "soon")
    link_messages(database, now=NOON)

    def act(change: Callable[[Session], int]) -> tuple[int, list[int]]:
        with database.transaction() as session:
            changed = change(session)
        return changed, list_held(database)

    questions = [UUID(int=2), UUID(int=3)]
    assert act(lambda each: erase_answers(each, "nanjing", questions, NOON)) == (0, [1, 2, 3, 4, 5, 6, 7])
    assert act(lambda each: erase_answers(each, THEIRS, questions, NOON, but_the_last=True)) == (2, [1, 4, 5, 6, 7])
    assert act(lambda each: erase_answers(each, THEIRS, questions, NOON)) == (2, [1, 6, 7])
    assert act(lambda each: purge_bodies(each, NOON + DAY - timedelta(seconds=1), limit=9)) == (0, [1, 6, 7])
    assert act(lambda each: purge_bodies(each, NOON + DAY, limit=9)) == (1, [6, 7])
    assert act(lambda each: purge_bodies(each, NOON + KEPT_FOR + DAY, limit=1)) == (1, [7])
    with database.reading() as session:
        rows = session.execute(select(MessageLinkRow, MessageRow).join(MessageRow).order_by(MessageLinkRow.log_no))
        for link, message in rows.all():
            assert link.digest == chain(link.previous, describe_message(message))
    for forbidden in (
        "DELETE FROM exchange_message",
        "UPDATE exchange_message SET body = '{}', erased_at = NULL WHERE body IS NULL",
        "UPDATE exchange_message SET erased_at = logged_at WHERE body IS NULL",
        "UPDATE exchange_message SET body = '{}' WHERE body IS NOT NULL",
        "UPDATE exchange_message SET body = NULL, erased_at = logged_at, status = 1 WHERE body IS NOT NULL",
        "UPDATE exchange_message SET body = NULL, erased_at = logged_at, headers = '{\"a\": 1}' WHERE body IS NOT NULL",
        "UPDATE exchange_message SET body = NULL, erased_at = logged_at, tells_of = NULL WHERE body IS NOT NULL",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            run_sql(database, forbidden)
