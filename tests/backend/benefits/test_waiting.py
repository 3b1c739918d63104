"""Who waits for a person's word reads it: no answer that leaves after a withdrawal was acknowledged rests on it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.benefits import situation_tables, verification
from backend.benefits.consents import withdraw_consent
from backend.benefits.pausing import pause_benefits
from backend.benefits.quick_scans import NotQuickError
from backend.people.account import close_account
from backend.people.tables import SubjectRow
from backend.storage.database import Database
from backend.storage.questions import Question
from tests.backend.benefits.counter import BIKE, consent, make_code, open_counters, read_looks, scan
from tests.backend.city import City, make_person, read_json, running_city
from tests.backend.records.handing import open_offices

Word = Callable[[Session, City, UUID, UUID], object]
WORDS: dict[str, Word] = {
    "no_consent": lambda session, city, subject_id, consent_id: withdraw_consent(
        session, subject_id, consent_id, now=city.now()
    ),
    "paused": lambda session, city, subject_id, _: pause_benefits(
        session, subject_id, city.now() + timedelta(days=1), now=city.now()
    ),
    "not_enrolled": lambda session, city, subject_id, _: close_account(
        session, subject_id, because="closed", now=city.now()
    ),
}


def wait_for_a_waiter(database: Database) -> None:
    """Wait until a transaction waits for a lock of another."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(1000):
        with database.reading() as session:
            if session.scalar(waiting):
                return
        time.sleep(0.005)
    raise TimeoutError("nobody waited")


def find_cause_after(city: City, word: Word) -> str | None:
    """Why somebody got nothing whose code was scanned while his word was being written; None for a grant."""
    subject_id = city.enrol(make_person())
    consent_id = consent(city, subject_id)
    make_code(city, subject_id, scenario=BIKE)  # so that the score is kept
    code = make_code(city, subject_id, scenario=BIKE)
    with ThreadPoolExecutor(1) as pool:
        with city.database.transaction() as session:
            word(session, city, subject_id, consent_id)
            answer = pool.submit(scan, city, code)
            wait_for_a_waiter(city.database)
        assert read_json(answer.result())["answer"] in {"granted", "not_granted"}
    cause: str | None = read_looks(city, subject_id)[0]["answered"].get("because")
    return cause


@pytest.fixture(params=["quick", "long"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways that a scan can go."""
    if request.param == "long":
        monkeypatch.setattr(verification, "grant_quickly", _refuse)
    return str(request.param)


@pytest.mark.parametrize("cause", WORDS)
def test_a_scan_that_waited_for_a_word_heeds_it(postgresql_url: str, way: str, cause: str) -> None:
    assert way in {"quick", "long"}
    with running_city(postgresql_url) as city:
        open_offices(city)
        open_counters(city)
        assert find_cause_after(city, WORDS[cause]) == cause


def test_holding_and_looking_in_one_statement_is_found(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = situation_tables._ask_before_offer().where(situation_tables._BY_ID)  # noqa: SLF001 - the defect is made of it
    both = Question(statement.with_for_update(read=True, of=SubjectRow))
    monkeypatch.setattr(situation_tables, "_SITUATION_QUESTION", both)
    monkeypatch.setattr(situation_tables, "_HOLD", situation_tables._PERSON_QUESTION)  # noqa: SLF001 - holds nobody
    monkeypatch.setattr(verification, "grant_quickly", _refuse)
    with running_city(postgresql_url) as city:
        open_offices(city)
        open_counters(city)
        assert find_cause_after(city, WORDS["no_consent"]) is None


def _refuse(*_: object, **__: object) -> None:
    raise NotQuickError
