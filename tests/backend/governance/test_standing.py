"""Scenarios are read against the rulebook of their day, and that one may still change before it."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from backend.gateways.announcing import Refused, announce
from backend.governance.documents import Kind, check_draft
from backend.governance.measuring import Comparison, measure_draft, read_candidate
from backend.governance.standing import load_standing
from backend.governance.states import Follower, Lack
from backend.governance.tables import find_draft_row
from backend.impact.figures import Impact
from backend.population.city_files import CityFiles
from backend.storage.editions import Edition, withdraw_edition
from scoring.documents import DocumentError
from tests.backend.editions import TOLD, make_rulebook, make_scenarios, publish
from tests.backend.governance.drafting import CITY, SHIPPED, Office, make_impact, write_edition

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


def test_a_rollback_that_was_withdrawn_takes_nothing_back(sqlite_office: Office) -> None:
    office, shipped_on = sqlite_office, date(2026, 1, 1)
    effective_on = office.day + timedelta(days=10)
    publish(office.database, Kind.SCENARIOS, write_edition(Kind.SCENARIOS, office.day + timedelta(days=1), "left"))
    followers = []
    for restores_on in (shipped_on, None):
        told = replace(TOLD, restores_on=restores_on)
        edition_id = publish(office.database, Kind.SCENARIOS, make_scenarios(effective_on=effective_on), told)
        with office.database.transaction() as session:
            standing = load_standing(session, CITY)
            followers.append(standing.find_follower(Kind.SCENARIOS, effective_on - timedelta(days=9)))
            if restores_on is not None:
                withdraw_edition(session, edition_id, now=office.now)
    assert followers == [Follower(effective_on, restores=True), Follower(effective_on, restores=False)]


def test_a_candidate_is_read_against_the_rulebook_of_its_day(sqlite_office: Office) -> None:
    office = sqlite_office
    days = [office.day + timedelta(days=ahead) for ahead in (10, 30)]
    drafts = [office.draft_documents(make_scenarios(BEYOND, effective_on=day)) for day in days]
    announce_wider(office, office.day + timedelta(days=20))
    with office.database.reading() as session:
        rows = [find_draft_row(session, draft.draft_id) for draft in drafts]
        read = [read_candidate(session, row, CITY)[2] for row in rows if row is not None]
    assert [None if each is None else each.effective_on for each in read] == [None, days[1]]


def test_a_check_refuses_what_announcing_refuses_in_the_same_words(sqlite_office: Office) -> None:
    office = sqlite_office
    announce_wider(office, office.day + timedelta(days=10))
    publish(office.database, Kind.SCENARIOS, make_scenarios(BEYOND, effective_on=office.day + timedelta(days=20)))
    refused = (
        (Kind.SCENARIOS, write_edition(Kind.SCENARIOS, date(2025, 12, 31), "0"), "begin too early"),
        (Kind.RULEBOOK, write_edition(Kind.RULEBOOK, office.day + timedelta(days=15), "0"), "beside rulebook 0"),
        (Kind.RULEBOOK, write_edition(Kind.RULEBOOK, office.day + timedelta(days=30), "0"), "beside rulebook 0"),
    )
    for kind, documents, said in refused:
        with office.database.transaction() as session:
            beside = load_standing(session, CITY).editions
            outcome = announce(session, SHIPPED, kind, documents, TOLD, now=office.now)
        _, found = check_draft(kind, documents, beside, city=CITY, day=office.day)
        assert isinstance(outcome, Refused)
        assert outcome.faults == found.faults
        assert said in found.faults[0]


def announce_anew(office: Office, kind: Kind, *ahead: int) -> None:
    """Announce what ships anew, for days so far ahead, which are their versions, too."""
    for days in ahead:
        publish(office.database, kind, write_edition(kind, office.day + timedelta(days=days), f"{days}"))


@pytest.mark.parametrize("kind", Kind)
def test_a_draft_is_compared_beside_all_that_is_announced_of_the_other_kind(sqlite_office: Office, kind: Kind) -> None:
    office, (other,) = sqlite_office, set(Kind) - {kind}
    announce_anew(office, other, 10, 29)
    announce_anew(office, kind, 5)
    draft = office.draft(kind=kind, ahead=20, version="20")
    office.check(draft.draft_id)
    compared = []

    def measure(files: CityFiles, comparison: Comparison) -> Impact:
        """Somebody loses by it beside what is announced for the tenth day alone."""
        books = comparison.old.version, comparison.new.version
        offers = [each and each.version for each in (comparison.old_benefits, comparison.new_benefits)]
        (own, beside) = (books, offers) if kind is Kind.RULEBOOK else (offers, books)
        compared.append((*own, *beside))
        impact = make_impact(files, comparison)
        return replace(impact, totals=replace(impact.totals, level_falls=20 if beside[0] == "10" else 0))

    measure_draft(replace(office.desk, measure=measure), draft.draft_id)
    assert compared == [
        *(("2026.1", "20", "2026.1", "2026.1"), ("5", "20", "2026.1", "2026.1")),
        *(("5", "20", "10", "10"), ("5", "20", "29", "29")),
    ]
    whole = office.read(draft.draft_id)
    assert whole.draft.lacks == ()
    assert whole.notice_period is not None
    assert whole.notice_period.is_adverse
    announce_anew(office, other, 30)
    office.check(draft.draft_id)
    assert office.read(draft.draft_id).draft.lacks == (Lack.IMPACT_AGAINST_PRESENT,)
