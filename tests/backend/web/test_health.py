from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from backend.app import create_app
from backend.clock import FixedClock
from backend.gateways.counters import choose_counter_storage
from backend.storage.database import Database
from tests.backend.web.probe import ZHENGZHOU, Probe, read_json

GONE = "redis://127.0.0.1:1/0"


def stamp(probe: Probe, revision: str) -> None:
    with probe.context.database.transaction() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
        session.execute(text("DELETE FROM alembic_version"))
        session.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})


def test_a_living_process_says_so_without_a_database(probe: Probe) -> None:
    away = create_app(replace(probe.context, database=Database("sqlite:////nowhere/at/all.sqlite")))
    assert away.test_client().get("/health/live").json == {"status": "alive"}


def test_ready_names_schema_rulebook_and_commit(probe_on_both: Probe) -> None:
    stamp(probe_on_both, "0001")
    answer = probe_on_both.client().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready",
        "schema_revision": "0001",
        "rulebook_version": ZHENGZHOU.editions[0].version,
        "commit": "0a1b2c3",
        "redis": "none",
    }


@pytest.mark.parametrize("revision", [None, "0000"])
def test_another_schema_than_the_one_we_need_is_not_ready(probe: Probe, revision: str | None) -> None:
    if revision is not None:
        stamp(probe, revision)
    answer = probe.client().get("/health/ready", headers={"Accept-Language": "en"})
    assert (answer.status_code, read_json(answer)["code"]) == (503, "not_ready")
    assert "schema_behind" in read_json(answer)["detail"]


def test_a_database_out_of_reach_is_not_ready(probe: Probe) -> None:
    away = create_app(replace(probe.context, database=Database("sqlite:////nowhere/at/all.sqlite")))
    answer = away.test_client().get("/health/ready")
    assert (answer.status_code, read_json(answer)["code"]) == (503, "not_ready")
    assert "database_unreachable" in read_json(answer)["detail"]


def test_a_day_without_a_rulebook_is_not_ready(probe: Probe) -> None:
    stamp(probe, "0001")
    early = replace(probe.context, clock=FixedClock(datetime(1990, 1, 1, tzinfo=UTC)))
    answer = create_app(early).test_client().get("/health/ready")
    assert (answer.status_code, "no_rulebook_in_force" in read_json(answer)["detail"]) == (503, True)


def test_redis_that_is_away_is_told_and_does_no_harm(probe: Probe) -> None:
    stamp(probe, "0001")
    app = create_app(replace(probe.context, counters=choose_counter_storage(GONE)))
    answer = app.test_client().get("/health/ready")
    assert (answer.status_code, read_json(answer)["redis"]) == (200, "degraded")


def test_redis_that_answers_is_ok(probe: Probe, redis_url: str) -> None:
    stamp(probe, "0001")
    app = create_app(replace(probe.context, counters=choose_counter_storage(redis_url)))
    assert read_json(app.test_client().get("/health/ready"))["redis"] == "ok"
