"""Daily statements against the books of merchants that live through some days."""

import random
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from backend.benefits.verification_tables import VerificationRow
from backend.clock import today
from backend.grants import life as grant_life
from backend.grants.due import see_grants, sweep_due
from backend.grants.giving import give_grant
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover
from backend.grants.queries import find_grant
from backend.grants.tables import GrantRow
from backend.statements import lines as statement_lines
from backend.statements.closing import close_all, close_days, find_closing_moment, open_statement
from backend.statements.lines import StatementError
from backend.statements.writing import StatementForm
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal
from docs.examples.reconcile import Line, check_chain, check_sums, compare, read_statement
from scenarios.catalogue import BenefitKind
from scoring.days import end_of
from tests.backend.city import running_city
from tests.backend.grants.giving import HOTEL, LIBRARY, NOON, make_scenario, settle_in, want
from tests.backend.merchants.shops import open_shop
from tests.databases import migrated_database, run_sql

DAYS = 3
FIRST = today(NOON)
MOVES: dict[str, tuple[int, ...]] = {"start": (), "lower": (3_000,), "complete": (500,), "cancel": (), "settle": (0,)}
MOVES["break_"] = (2_000,)
LIKELY = [*MOVES, "start", "start", "start"]
ARRANGED = [make_scenario(reserved_minutes=300, lasting_days=1), make_scenario("bus_fare", kind=BenefitKind.DISCOUNT)]
Books = dict[tuple[str, date], int]


def live(database: Database, days: int = DAYS) -> Books:
    """Let people and merchants do whatever comes for some days; give what each merchant's grants hold at midnight."""
    chance, people, books = random.Random(4), settle_in(database, persons=8), {}  # noqa: S311 - the same days each time
    given: list[Grant] = []
    for day in range(days):
        for step in range(8):
            now = NOON + timedelta(days=day, minutes=85 * step)
            if step % 5 == 0:
                sweep_due(database, now=now)
            wanted = want(chance.choice(people), chance.choice(ARRANGED), merchant=chance.choice([LIBRARY, HOTEL]))
            with database.transaction() as session:
                got = give_grant(session, wanted, now=now)
            given += [got] if isinstance(got, Grant) else []
            for grant in chance.sample(given, min(3, len(given))):
                move = chance.choice(LIKELY)
                with database.transaction() as session:
                    mover = Mover(Actor.MERCHANT, merchant=grant.merchant)
                    getattr(grant_life, move)(session, grant.grant_id, mover, *MOVES[move], now=now)
        midnight = end_of(FIRST + timedelta(days=day))
        with database.reading() as session:  # what no worker has noted yet counts too, as whoever reads would see it
            seen = see_grants(session, [find_grant(session, grant.grant_id) or grant for grant in given], now=midnight)
        for merchant in (LIBRARY, HOTEL):
            books[merchant, FIRST + timedelta(days=day)] = sum(
                grant.held_fen for grant in seen if grant.merchant == merchant
            )
    return books


def fetch(database: Database, merchant: str, day: date, form: StatementForm = StatementForm.JSON_LINES) -> bytes:
    """A statement, read when all is over."""
    found = open_statement(database, merchant, day, form=form, now=NOON + timedelta(days=DAYS + 1))
    assert not isinstance(found, Refusal), found
    with found.file as file:
        file.seek(0)
        content = file.read()
    assert sha256(content).digest() == found.sha256
    return content


def check_statements(database: Database, books: Books) -> set[str]:
    """Every day closes with what its merchant's books held, adds up, and goes on from the day before; gives states."""
    states: set[str] = set()
    for merchant in (LIBRARY, HOTEL):
        previous: bytes | None = None
        for on in sorted(day for shop, day in books if shop == merchant):
            content = fetch(database, merchant, on)
            lines = read_statement(content)
            assert int(lines[-1]["closing_fen"]) == books[merchant, on]
            assert list(check_sums(lines)) == []
            assert previous is None or list(check_chain(previous, lines)) == []
            previous, states = content, states | {line.get("closing_state", "") for line in lines}
    return states


def test_statements_say_what_the_books_say_and_never_anything_else(database: Database) -> None:
    books = live(database)
    early = fetch_early(database)
    assert check_statements(database, books) >= {"cancelled", "expired", "overdue", "settled", "completed"}
    assert fetch(database, LIBRARY, FIRST) == early
    as_csv = read_statement(fetch(database, LIBRARY, FIRST, StatementForm.CSV))
    kept = [{name: value for name, value in line.items() if value} for line in as_csv]
    assert kept == [{name: value for name, value in line.items() if value} for line in read_statement(early)]
    assert close_all(database, now=NOON + timedelta(days=DAYS + 1)) == (2, {})  # of yesterday, which nobody has read
    with database.reading() as session:
        people = session.scalars(select(GrantRow.subject_id)).all()
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    told = b"".join(fetch(database, merchant, day) for merchant in (LIBRARY, HOTEL) for day in days)
    assert not any(str(subject_id).encode() in told or subject_id.hex.encode() in told for subject_id in people)


def fetch_early(database: Database) -> bytes:
    """The first statement, read a quarter of an hour after its day; not a second earlier."""
    at = find_closing_moment(FIRST)
    early = open_statement(database, LIBRARY, FIRST, form=StatementForm.JSON_LINES, now=at - timedelta(seconds=1))
    assert early == Refusal(ProblemCode.DAY_NOT_OVER, headers={"Retry-After": "2"})
    before = open_statement(database, LIBRARY, FIRST - timedelta(days=1), form=StatementForm.JSON_LINES, now=at)
    assert before == Refusal(ProblemCode.STATEMENT_NOT_FOUND)
    assert close_days(database, LIBRARY, until=FIRST, now=at) == 1
    return fetch(database, LIBRARY, FIRST)


LEFT_OUT: Mapping[str, Callable[[Any], Any]] = {
    "list_touched_grants": lambda whole: lambda *given, **kept: whole(*given, **kept)[1:],
    "list_transfers_until": lambda whole: lambda *given, **kept: whole(*given, **kept)[1:],
    "list_events_until": lambda whole: lambda *given, **kept: whole(*given, **kept)[:-1],
}


def test_what_is_left_out_or_changed_is_noticed(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with migrated_database(sqlite_url) as database:
        books = live(database, days=2)
        for name, leave_out in LEFT_OUT.items():
            whole = getattr(statement_lines, name)
            with monkeypatch.context() as patch:
                patch.setattr(statement_lines, name, leave_out(whole))
                with pytest.raises(StatementError):
                    check_statements(database, books)
        with pytest.raises(AssertionError):
            check_statements(database, {**books, (HOTEL, FIRST): -1})
        check_books(read_statement(fetch(database, LIBRARY, FIRST)))
        run_sql(database, "UPDATE benefit_grant SET order_no = order_no || '-x' WHERE granted_on = '2026-11-22'")
        with pytest.raises(StatementError, match="give another statement than was closed"):
            fetch(database, LIBRARY, FIRST)
        with pytest.raises(DBAPIError, match="append-only"):
            run_sql(database, "UPDATE merchant_statement SET sha256 = previous")


def check_books(lines: Sequence[Line]) -> None:
    """Books that differ from a statement are told line by line."""
    grants = [line for line in lines if line["line"] == "grant"]
    books = [{name: grant[name] for name in ("order_no", "grant_id", "closing_fen")} for grant in grants]
    assert list(compare(lines, books)) == []
    books[0]["closing_fen"] += "1"
    strange, lost = {**books.pop(1), "order_no": "strange"}, grants[1]["order_no"]
    found = list(compare(lines, [*books, strange]))
    assert len(found) == 3
    assert any("closing_fen" in each for each in found)
    assert any(each.startswith("strange") and "not in the statement" in each for each in found)
    assert any(each.startswith(lost) and "not in the books" in each for each in found)
    assert any("grants" in fault for fault in check_sums([line for line in lines if line is not grants[0]]))


def add_ask(database: Database, order_no: str, **changes: object) -> str:
    """A question of a minute before the end of the first day that waits for five minutes."""
    asked_at = find_closing_moment(FIRST) - timedelta(minutes=16)
    values: dict[str, Any] = {"merchant": LIBRARY, "order_no": order_no, "verification_id": uuid4(), "digest": b"d"}
    values |= {"via": "ask", "scenario": "library_card", "asked_at": asked_at, "answer": "pending"}
    values |= {"expires_at": asked_at + timedelta(minutes=5), **changes}
    with database.transaction() as session:
        session.add(VerificationRow(**values))
    return order_no


def test_a_verification_is_told_when_its_merchant_was(database: Database) -> None:
    """What is not granted stays open until it expires, so that no line tells that the person had looked at it."""
    settle_in(database)
    now = find_closing_moment(FIRST) - timedelta(minutes=15, seconds=30)
    refused = {"via": "code", "expires_at": None, "answer": "cannot_say", "reason": "code_unusable", "answered_at": now}
    code = add_ask(database, "o1", **refused)
    silent, confirmed, declined = (
        add_ask(database, "o2"),
        add_ask(database, "o3", answered_at=now, because="level"),
        add_ask(database, "o4", declined_at=now),
    )
    told = [
        {
            line["order_no"]: (line["answer"], line["reason"])
            for line in read_statement(fetch(database, LIBRARY, FIRST + timedelta(days=day)))
            if line["line"] == "verification"
        }
        for day in range(2)
    ]
    assert told == [
        {code: ("cannot_say", "code_unusable")},
        dict.fromkeys((silent, confirmed, declined), ("not_granted", "not_available")),
    ]


def test_a_merchant_fetches_its_own_days(sqlite_url: str) -> None:
    with running_city(sqlite_url) as city:
        open_shop(city, LIBRARY)
        client, me = city.client(), city.merchant(LIBRARY)
        path = f"/v1/statements/file?day={FIRST}"
        early = client.get(path, headers=me)
        assert (early.status_code, early.get_json()["code"], "Retry-After" in early.headers) == (
            409,
            "day_not_over",
            True,
        )
        city.clock.move(timedelta(days=1))
        me = city.merchant(LIBRARY)
        for form, media_type in (("jsonl", "application/x-ndjson"), ("csv", "text/csv")):
            answer = client.get(f"{path}&form={form}", headers=me)
            digest = b64encode(sha256(answer.data).digest()).decode()
            assert (answer.mimetype, answer.headers["Content-Digest"]) == (media_type, f"sha-256=:{digest}:")
        (item,) = client.get("/v1/statements", headers=me).get_json()["items"]
        assert item["sha256"] == sha256(client.get(path, headers=me).data).hexdigest()
        before = client.get("/v1/statements/file?day=2026-11-21", headers=me)
        assert [before.status_code, client.get(path, headers=city.merchant("other")).status_code] == [404, 404]
