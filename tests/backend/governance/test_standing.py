"""Scenarios are read against the rulebook of their day, and that one may still change before it."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from backend.governance.documents import Kind
from backend.governance.measuring import read_candidate
from backend.governance.standing import load_standing
from backend.governance.tables import find_draft_row
from backend.storage.editions import Edition, withdraw_edition
from scoring.documents import DocumentError
from tests.backend.editions import make_rulebook, make_scenarios, publish
from tests.backend.governance.drafting import CITY, Office

WIDER = ("ceiling = 200", "ceiling = 250")
BEYOND = ('level = "excellent"', "least_points = 220")


def announce_wider(office: Office, effective_on: date) -> UUID:
    return publish(office.database, Kind.RULEBOOK, make_rulebook(WIDER, effective_on=effective_on))


def test_what_stands_is_read_as_a_node_reads_it_that_has_just_started(sqlite_office: Office) -> None:
    office = sqlite_office
    wider = announce_wider(office, office.day + timedelta(days=10))
    effective_on = office.day + timedelta(days=20)
    publish(office.database, Kind.SCENARIOS, make_scenarios(BEYOND, effective_on=effective_on))
    with office.database.reading() as session:
        assert load_standing(session, CITY).find_last_day(Kind.SCENARIOS) == effective_on
    with office.database.transaction() as session:
        assert isinstance(withdraw_edition(session, wider, now=office.now), Edition)
    with office.database.reading() as session, pytest.raises(DocumentError, match="220"):
        load_standing(session, CITY)


def test_a_candidate_is_read_against_the_rulebook_of_its_day(sqlite_office: Office) -> None:
    office = sqlite_office
    days = [office.day + timedelta(days=ahead) for ahead in (10, 30)]
    drafts = [office.draft_documents(make_scenarios(BEYOND, effective_on=day)) for day in days]
    announce_wider(office, office.day + timedelta(days=20))
    with office.database.reading() as session:
        rows = [find_draft_row(session, draft.draft_id) for draft in drafts]
        read = [read_candidate(session, row, CITY)[2] for row in rows if row is not None]
    assert [None if each is None else each.effective_on for each in read] == [None, days[1]]
