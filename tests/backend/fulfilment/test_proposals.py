"""Proposed records: what the person sees and can do, and the one path on which one becomes a record."""

from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from backend.clients.registration import register_department
from backend.clients.roles import DEPARTMENT_SCOPES
from backend.clock import today
from backend.fulfilment import proposal_states
from backend.fulfilment.deciding import find_provider
from backend.fulfilment.proposal_states import TURNS, State, Turn
from backend.records.tables import list_entries
from backend.web.problems import Refusal
from tests.backend.city import City, make_person, read_json
from tests.backend.fulfilment.breaking import (
    COURT_FOUND,
    DAYS_OVER,
    HOTEL,
    LIBRARY,
    OTHER_STEWARD,
    REGISTRAR,
    break_grant,
    decide,
    get,
    give,
    pay,
    post,
    propose_about_somebody,
    read_score,
    steward,
)
from tests.databases import run_sql

COUNT_AT_ONCE = (
    "UPDATE proposal SET state = 'counted', ended_at = proposed_at, end_code = 'counted', record_id = proposal_id"
)


def count_records(city: City, subject_id: UUID) -> int:
    with city.database.reading() as session:
        return len(list_entries(session, subject_id))


def test_what_an_effective_document_confirms_becomes_a_record_and_costs_five_points(city: City) -> None:
    subject_id, _, proposal_id = propose_about_somebody(city)
    (shown,) = get(city, city.citizen(subject_id), "/proposals?only_open=true")["items"]
    assert "60.00 元" in shown["notice"], shown["notice"]
    assert shown["choices"] == ["pay", "answer", "object"]
    assert shown["statement"] == "两册图书未还，提醒两次"

    confirmed = post(city, city.merchant(LIBRARY), f"/merchant/proposals/{proposal_id}/confirmations", COURT_FOUND)
    assert confirmed.status_code == 201, confirmed.text
    early = decide(city, proposal_id, "count")
    assert (early.status_code, read_json(early)["code"]) == (409, "proposal_too_early")
    city.clock.move(DAYS_OVER)
    other = decide(city, proposal_id, "count", by=REGISTRAR)
    assert (other.status_code, read_json(other)["code"]) == (403, "second_person_needed")
    assert read_score(city, subject_id) == 100

    counted = decide(city, proposal_id, "count")
    assert counted.status_code == 201, counted.text
    assert read_json(counted)["state"] == "counted"
    assert read_score(city, subject_id) == 95
    assert count_records(city, subject_id) == 1
    (shown,) = get(city, city.citizen(subject_id), "/proposals")["items"]
    assert (shown["choices"], shown["end_reason"]) == ([], "已核对原件")
    looks = get(city, city.citizen(subject_id), "/access-entries")["items"]
    assert [look["answered"]["kind"] for look in looks] == ["proposal_decided"]


@pytest.mark.parametrize(
    ("finding", "ground"),
    [
        (None, "no_document"),
        ({"confirmed_by": "none"}, "unconfirmed_arrears"),
        ({"finality": "not_final"}, "not_final"),
    ],
)
def test_what_no_effective_document_confirms_is_dismissed_by_the_law(
    town: City, finding: dict[str, str] | None, ground: str
) -> None:
    confirmation = None if finding is None else COURT_FOUND | finding
    subject_id, _, proposal_id = propose_about_somebody(town, confirmation=confirmation)
    town.clock.move(DAYS_OVER)
    decided = read_json(decide(town, proposal_id, "count"))
    assert (decided["state"], decided["end_code"]) == ("dismissed", "not_admitted")
    assert decided["ground"]["code"] == ground
    assert decided["ground"]["law"]
    assert (count_records(town, subject_id), read_score(town, subject_id)) == (0, 100)


def test_whoever_decided_on_an_objection_does_not_let_it_count(town: City) -> None:
    subject_id, _, proposal_id = propose_about_somebody(town, confirmation=COURT_FOUND)
    objected = post(town, town.citizen(subject_id), f"/proposals/{proposal_id}/objections", {"text": "已归还"})
    assert objected.status_code == 201, objected.text
    town.clock.move(DAYS_OVER)
    assert read_json(decide(town, proposal_id, "count"))["code"] == "proposal_closed"
    assert decide(town, proposal_id, "keep", by=OTHER_STEWARD).status_code == 201
    assert read_json(decide(town, proposal_id, "count"))["code"] == "proposal_too_early"  # his days run on from here
    town.clock.move(DAYS_OVER)
    assert read_json(decide(town, proposal_id, "count", by=OTHER_STEWARD))["code"] == "second_person_needed"
    assert read_json(decide(town, proposal_id, "count"))["state"] == "counted"


@pytest.mark.parametrize("end", ["objection upheld", "withdrawn", "not pursued"])
def test_nobody_is_barred_by_a_report_that_was_wrong(town: City, end: str) -> None:
    subject_id, _, proposal_id = propose_about_somebody(town)
    with pytest.raises(AssertionError, match="broken_promise"):
        give(town, subject_id)
    if end == "withdrawn":
        merchant = town.merchant(LIBRARY, "reports:write")
        assert post(town, merchant, f"/merchant/proposals/{proposal_id}/withdrawals").status_code == 201
    else:
        if end == "objection upheld":
            post(town, town.citizen(subject_id), f"/proposals/{proposal_id}/objections", {"text": "已归还"})
        assert decide(town, proposal_id, "dismiss").status_code == 201
    if end == "not pursued":  # for want of proof: what is owed is a matter between the two, until it is settled
        with pytest.raises(AssertionError, match="broken_promise"):
            give(town, subject_id)
    else:
        assert give(town, subject_id).state == "reserved"


def test_only_those_concerned_see_it_and_officers_leave_a_trace(town: City) -> None:
    subject_id, grant_id, proposal_id = propose_about_somebody(town)
    again = {"grant_id": str(grant_id), "kind": "damaged", "slip_no": "借阅单 2"}
    refused = post(town, town.merchant(LIBRARY), "/merchant/proposals", again)
    assert read_json(refused)["code"] == "proposal_exists"
    assert get(town, town.merchant(HOTEL), "/merchant/proposals")["items"] == []
    stranger, other = town.citizen(town.enrol(make_person())), town.merchant(HOTEL)
    assert get(town, stranger, "/proposals")["items"] == []
    assert post(town, stranger, f"/proposals/{proposal_id}/answers", {"text": "x"}).status_code == 404
    assert post(town, other, f"/merchant/proposals/{proposal_id}/withdrawals").status_code == 404
    assert post(town, other, "/merchant/proposals", again).status_code == 404

    assert "statement" not in get(town, steward(town), "/steward/proposals")["items"][0]
    assert get(town, steward(town), f"/steward/proposals/{proposal_id}")["statement"] == "两册图书未还，提醒两次"
    assert get(town, town.merchant(LIBRARY), f"/merchant/proposals/{proposal_id}")["state"] == "proposed"
    looks = get(town, town.citizen(subject_id), "/access-entries")["items"]
    assert [look["asker"]["kind"] for look in looks] == ["merchant", "operator"]


def test_nothing_is_proposed_about_a_grant_that_is_not_broken_or_on_which_nothing_is_owed(town: City) -> None:
    settled, unowed = town.enrol(make_person()), town.enrol(make_person())
    paid, free = break_grant(town, settled), break_grant(town, unowed, owed_fen=0)
    pay(town, paid)
    for grant_id in (paid, free):
        body = {"grant_id": str(grant_id), "kind": "not_paid", "slip_no": "合同 7"}
        refused = post(town, town.merchant(LIBRARY), "/merchant/proposals", body)
        assert (refused.status_code, read_json(refused)["code"]) == (422, "proposal_refused")


def test_planted_defect_the_database_refuses_what_counts_before_its_day_and_a_turn_told_anew(city: City) -> None:
    propose_about_somebody(city, confirmation=COURT_FOUND)
    with pytest.raises(IntegrityError):
        run_sql(city.database, COUNT_AT_ONCE)
    with pytest.raises(DBAPIError, match="append-only"):
        run_sql(city.database, "UPDATE proposal_turn SET state = 'counted'")


def test_planted_defect_the_database_refuses_what_counts_under_an_open_objection(
    town: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject_id, _, proposal_id = propose_about_somebody(town, confirmation=COURT_FOUND)
    post(town, town.citizen(subject_id), f"/proposals/{proposal_id}/objections", {"text": "已归还"})
    town.clock.move(DAYS_OVER)
    monkeypatch.setattr(proposal_states, "TURNS", {**TURNS, (State.OBJECTED, Turn.COUNT): State.COUNTED})
    assert decide(town, proposal_id, "count").status_code == 500
    assert (count_records(town, subject_id), read_score(town, subject_id)) == (0, 100)


def test_no_machine_hands_in_what_the_credit_centre_alone_may(town: City) -> None:
    catalogue = town.context.rules.catalogue_on(today(town.now()))
    centre, indicator = find_provider(catalogue) or ("", "")
    assert catalogue.indicators[indicator].providers == (centre,)
    with town.database.transaction() as session:
        refused = register_department(
            session, centre, scopes=DEPARTMENT_SCOPES, departments=catalogue.senders, by="x", now=town.now()
        )
    assert isinstance(refused, Refusal)
