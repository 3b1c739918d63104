"""Passes over what was told: in portions, what has changed first, with a rest; at volume no statement reads it all."""

from datetime import date, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.orm import Session

from backend.disclosures import checking, passes
from backend.disclosures.checking import go_on_checking
from backend.disclosures.passes import PORTION, Progress
from scenarios.treaty import Scope
from tests.backend.city import City
from tests.backend.disclosures.asking import ask, list_notices, make_tools
from tests.backend.disclosures.test_answering import settle_in
from tests.backend.disclosures.test_checking import BREACH
from tests.backend.scores.city import report
from tests.databases import plans_noted
from tests.servers import libpq_url

MANY = 300_000


def go_on(city: City, progress: Progress, limit: int = 9) -> int:
    """Go on checking as of now."""
    return go_on_checking(city.database, progress, tools=make_tools(city), now=city.now(), limit=limit)


def test_what_has_changed_comes_first_and_portions_miss_nobody(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [settle_in(city, Scope.LEVEL) for _ in range(5)]
    for person, _ in [*people, people[0]]:  # all of it may be used until the same moment
        ask(city, person, Scope.LEVEL)
    city.clock.move(timedelta(days=1))
    changed = [people[index][1] for index in (1, 4)]
    for subject_id in changed:
        report(city, subject_id, BREACH, date(2026, 11, 2))
    seen: list[UUID] = []
    check = checking.check_person

    def note(session: Session, subject_id: UUID, **values: object) -> None:
        seen.append(subject_id)
        check(session, subject_id, **values)  # type: ignore[arg-type]  # as they are

    monkeypatch.setattr(checking, "check_person", note)
    monkeypatch.setattr(passes, "PORTION", 2)
    monkeypatch.setattr(checking, "ROWS_AT_ONCE", 2)
    progress = Progress()
    assert go_on(city, progress) == sum(each in seen for each in changed)
    is_under_way = progress.is_under_way
    assert is_under_way
    while progress.is_under_way:
        go_on(city, progress, limit=1)
    assert sorted(seen[:2]) == sorted(changed)
    assert sorted(seen) == sorted(subject_id for _, subject_id in people)
    assert len(list_notices(city)) == 2


@pytest.mark.parametrize("broken", [1, 2])
def test_whoever_cannot_be_looked_at_keeps_nobody_from_the_look_of_the_day(
    town: City, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    people = [settle_in(town, Scope.LEVEL) for _ in range(broken + 1)]
    for person, _ in people:
        ask(town, person, Scope.LEVEL)
    town.clock.move(timedelta(days=1))
    bad = {subject_id for _, subject_id in people[:broken]}
    for subject_id in bad:
        report(town, subject_id, BREACH, date(2026, 11, 2))
    seen: set[UUID] = set()

    def fail(_: Session, subject_id: UUID, **__: object) -> None:
        seen.add(subject_id)
        if subject_id in bad:
            raise ValueError("planted")

    monkeypatch.setattr(checking, "check_person", fail)
    progress = Progress()
    for _ in range(9):
        go_on(town, progress, limit=2)
        town.clock.move(timedelta(seconds=5))
    assert seen > bad


def test_a_pass_rests_as_long_as_its_rows_ask_for(town: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "PORTION", 1)
    monkeypatch.setattr(passes, "ROWS_A_SECOND", 2)
    people = [settle_in(town, Scope.LEVEL) for _ in range(4)]
    for person, _ in people:
        ask(town, person, Scope.LEVEL)
    progress = Progress()
    go_on(town, progress)
    assert not progress.is_under_way
    found = []
    for (_, subject_id), wait in zip(people, (0.0, 1.9, 0.1, -0.5), strict=True):
        report(town, subject_id, BREACH, date(2026, 11, 2))
        town.clock.move(timedelta(seconds=wait))
        found.append(go_on(town, progress))
    assert found == [0, 0, 3, 1]  # a clock that was set back is waited for by nobody


@pytest.mark.long
@pytest.mark.timeout(600)
def test_at_volume_no_statement_reads_all_of_it(metropolis: City) -> None:
    city = metropolis
    people = [settle_in(city, Scope.LEVEL) for _ in range(2)]
    for person, _ in people:
        ask(city, person, Scope.LEVEL)
    copy_many(str(city.database.engine.url.render_as_string(hide_password=False)), people[0][1])
    report(city, people[1][1], BREACH, date(2026, 11, 2))
    city.clock.move(timedelta(days=1))  # and against everything else speaks the new day
    progress = Progress()
    with plans_noted(city.database) as plans:
        while not list_notices(city):  # the first who is looked at is the one of whom something has changed
            assert go_on(city, progress, limit=1) == len(list_notices(city))
    assert len(plans) > MANY / 10 / PORTION
    assert any("stored_score" in plan for plan in plans)  # also who it is, which no session asks
    for plan in plans:
        for table in ("disclosure", "subject", "consent", "benefit_account"):
            assert f"Seq Scan on {table} " not in plan, plan
            assert "Hash" not in plan, plan


def copy_many(url: str, subject_id: UUID) -> None:
    """Let as much have been told of many others as of one, half of it over by now; each has an account."""
    with psycopg.connect(libpq_url(url)) as connection:
        crowd = "CREATE TEMP TABLE crowd AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, %s::int) n"
        psycopg.ClientCursor(connection).execute(crowd, [MANY])
        connection.execute(
            "INSERT INTO subject SELECT (jsonb_populate_record(subject, jsonb_build_object('subject_id', id,"
            " 'identity_index', '\\x' || md5(n::text)))).* FROM subject, crowd WHERE subject_id = %s",
            [subject_id],
        )
        connection.execute(
            "INSERT INTO consent SELECT (jsonb_populate_record(consent, jsonb_build_object('subject_id', id))).*"
            " FROM consent, crowd WHERE subject_id = %s",
            [subject_id],
        )
        connection.execute("INSERT INTO benefit_account SELECT id, 0, 0, 0, 0, NULL FROM crowd ON CONFLICT DO NOTHING")
        connection.execute(
            "INSERT INTO disclosure SELECT (jsonb_populate_record(disclosure, jsonb_build_object('subject_id', id,"
            " 'question_id', gen_random_uuid(), 'until', until + (random() - 0.5) * interval '12 days'))).*"
            " FROM disclosure, crowd WHERE subject_id = %s",
            [subject_id],
        )
        for table in ("subject", "consent", "benefit_account", "disclosure"):
            connection.execute(f"ANALYZE {table}".encode())
