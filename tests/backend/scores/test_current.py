"""The kept score: never stale, never another account's, and never worth waiting for."""

import time
from dataclasses import fields as dataclass_fields
from datetime import date, timedelta
from uuid import UUID

from backend.people.account import open_account
from backend.people.agreement import agreement_on
from backend.people.tables import lock_subject
from backend.scores.closing import leave
from backend.scores.current import CurrentScore, read_current_score
from backend.scores.tables import NewScore, StoredScoreRow, keep_score
from backend.web.problems import Refusal
from tests.backend.city import City, Person, make_person
from tests.backend.scores.city import learn, report

DONATION = "ZZ-ETH-02"


def read_points(city: City, citizen: UUID, *, behind: timedelta = timedelta()) -> int:
    """Read the score in a request that took its moment a little while ago."""
    context = city.context
    score = read_current_score(
        city.database, citizen, rules=context.rules, sealer=context.sealer, now=city.now() - behind
    )
    assert isinstance(score, CurrentScore), score
    return score.points


def test_a_request_that_began_before_a_correction_does_not_hide_it(city: City) -> None:
    citizen = city.enrol(make_person())
    record_id = report(city, citizen, DONATION, date(2026, 3, 1), donations=1)
    assert read_points(city, citizen) == 110
    city.clock.move(timedelta(seconds=2))
    learn(city, citizen, record_id, "withdrawn")
    assert read_points(city, citizen, behind=timedelta(seconds=1)) == 100
    city.clock.move(timedelta(days=20))
    assert read_points(city, citizen) == 100


def test_a_score_computed_for_an_account_that_was_left_is_not_the_next_ones(city: City) -> None:
    citizen = city.enrol(make_person())
    city.clock.move(timedelta(days=800))
    assert read_points(city, citizen) == 110
    with city.database.reading() as session:
        kept = session.get(StoredScoreRow, citizen)
        assert kept is not None
        late = NewScore(**{each.name: getattr(kept, each.name) for each in dataclass_fields(NewScore)})
    with city.database.transaction() as session:
        assert leave(session, citizen, because="closed", now=city.now()) is None
        open_account(
            session,
            citizen,
            agreement_version=agreement_on(city.now().date()).version,
            consents_to_score=True,
            sealer=city.context.sealer,
            now=city.now(),
        )
        keep_score(session, citizen, late, now=city.now())
    assert read_points(city, citizen) == 100


def test_an_edited_rulebook_of_the_same_version_is_another_one(city: City) -> None:
    citizen = city.enrol(make_person())
    assert read_points(city, citizen) == 100
    with city.database.transaction() as session:
        kept = session.get(StoredScoreRow, citizen)
        assert kept is not None
        kept.rules_digest, kept.points = "of another file", 177
    assert read_points(city, citizen) == 100


def test_reading_does_not_wait_for_a_writer(city: City) -> None:
    citizen = city.enrol(make_person())
    with city.database.transaction() as writer:
        city.know(make_person(), session=writer)
        assert lock_subject(writer, citizen) is not None
        begun = time.monotonic()
        assert read_points(city, citizen) == 100
        assert time.monotonic() - begun < 1  # the shortest wait for a lock is two seconds
    with city.database.reading() as session:
        assert session.get(StoredScoreRow, citizen) is None
    assert read_points(city, citizen) == 100
    with city.database.reading() as session:
        assert session.get(StoredScoreRow, citizen) is not None


def test_a_kept_score_is_not_served_to_whom_it_is_no_longer_due(city: City) -> None:
    doubted, gone = make_person(), city.enrol(make_person())
    citizen = city.enrol(doubted)
    assert (read_points(city, citizen), read_points(city, gone)) == (100, 100)
    city.know(Person("另一个名", doubted.id_number))
    context = city.context
    with city.database.transaction() as session:
        leave(session, gone, because="consent_withdrawn", now=city.now())
    refused = [
        read_current_score(city.database, each, rules=context.rules, sealer=context.sealer, now=city.now())
        for each in (citizen, gone)
    ]
    assert [each.code for each in refused if isinstance(each, Refusal)] == ["identity_in_doubt", "consent_withdrawn"]
