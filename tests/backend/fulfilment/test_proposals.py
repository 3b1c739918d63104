"""Proposed records: what the person sees and can do, and the one path on which one becomes a record."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from backend.clients.registration import register_department
from backend.clients.roles import DEPARTMENT_SCOPES
from backend.clock import today
from backend.fulfilment import proposal_states
from backend.fulfilment.deciding import find_provider
from backend.fulfilment.documents import MOST_DOCUMENTS
from backend.fulfilment.proposal_states import TURNS, State, Turn
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover, settle
from backend.grants.places import hold_account
from backend.records.tables import list_entries
from backend.web.problems import Refusal
from tests.backend.city import City, make_person, read_json
from tests.backend.fulfilment.breaking import (
    CLERK,
    DAYS_OVER,
    DOCUMENT_NO,
    HOTEL,
    LIBRARY,
    OTHER_STEWARD,
    REGISTRAR,
    break_grant,
    confirm,
    decide,
    find_in_court,
    get,
    give,
    pay,
    post,
    propose,
    propose_about_somebody,
    read_score,
    steward,
    verify,
)
from tests.databases import run_sql

COUNT_AT_ONCE = (
    "UPDATE proposal SET state = 'counted', ended_at = {ended}, end_code = 'counted', record_id = proposal_id,"
    " ended_by = 'clerk-2', original_seen_by = {seer}, original_seen_at = CASE WHEN {seer} IS NULL THEN NULL"
    " ELSE proposed_at END"
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

    assert confirm(city, proposal_id).status_code == 201
    early = decide(city, proposal_id, "count")
    assert (early.status_code, read_json(early)["code"]) == (409, "proposal_too_early")
    city.clock.move(DAYS_OVER)
    other = decide(city, proposal_id, "count", by=REGISTRAR)
    assert (other.status_code, read_json(other)["code"]) == (403, "second_person_needed")
    assert read_json(decide(city, proposal_id, "count"))["code"] == "original_not_seen"
    assert read_json(verify(city, proposal_id, "（2026）豫0105民初71号"))["code"] == "original_differs"
    assert verify(city, proposal_id, "(2026) 豫0105民初17号").status_code == 201
    alone = decide(city, proposal_id, "count", by=CLERK)
    assert read_json(alone)["code"] == "second_person_needed"
    assert read_score(city, subject_id) == 100

    counted = decide(city, proposal_id, "count")
    assert counted.status_code == 201, counted.text
    assert read_json(counted)["state"] == "counted"
    assert read_score(city, subject_id) == 95
    assert count_records(city, subject_id) == 1
    (shown,) = get(city, city.citizen(subject_id), "/proposals")["items"]
    assert (shown["choices"], shown["end_reason"]) == ([], "已核对原件")
    looks = get(city, city.citizen(subject_id), "/access-entries")["items"]
    assert [look["answered"]["kind"] for look in looks] == ["proposal_decided", "proposal_decided"]
    reported = get(city, city.merchant(LIBRARY), f"/merchant/proposals/{proposal_id}")
    assert reported["state"] == "closed"
    assert not {"end_code", "ground", "end_reason", "record_id"} & set(reported)
    late = confirm(city, proposal_id)
    assert "counted" not in late.text
    assert late.status_code == 409


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
    subject_id, _, proposal_id = propose_about_somebody(town, found=finding)
    verify(town, proposal_id)
    town.clock.move(DAYS_OVER)
    decided = read_json(decide(town, proposal_id, "count"))
    assert (decided["state"], decided["end_code"]) == ("dismissed", "not_admitted")
    assert decided["ground"]["code"] == ground
    assert decided["ground"]["law"]
    assert (count_records(town, subject_id), read_score(town, subject_id)) == (0, 100)


def test_whoever_decided_on_an_objection_does_not_let_it_count(town: City) -> None:
    subject_id, _, proposal_id = propose_about_somebody(town, found={})
    objected = post(town, town.citizen(subject_id), f"/proposals/{proposal_id}/objections", {"text": "已归还"})
    assert objected.status_code == 201, objected.text
    town.clock.move(DAYS_OVER)
    assert read_json(decide(town, proposal_id, "count"))["code"] == "proposal_closed"
    assert read_json(decide(town, proposal_id, "keep", by=REGISTRAR))["code"] == "second_person_needed"
    assert decide(town, proposal_id, "keep", by=OTHER_STEWARD).status_code == 201
    assert verify(town, proposal_id).status_code == 201
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


@pytest.mark.parametrize("days", [-1, 1])
def test_no_document_is_older_than_the_debt_or_of_a_day_to_come(town: City, days: int) -> None:
    _, grant_id, proposal_id = propose_about_somebody(town)
    decided_on = (today(town.now()) + timedelta(days=days)).isoformat()
    refused = confirm(town, proposal_id, decided_on=decided_on)
    assert (refused.status_code, read_json(refused)["code"]) == (422, "document_day_refused")
    with pytest.raises(AssertionError, match="document_day_refused"):
        propose(town, grant_id, confirmation=find_in_court(town, decided_on=decided_on))


def test_a_document_handed_in_later_can_be_spoken_to_and_nothing_said_before_is_lost(town: City) -> None:
    subject_id, _, proposal_id = propose_about_somebody(town)
    own = town.citizen(subject_id)

    def say(path: str, text: str) -> str:
        said = post(town, own, f"/proposals/{proposal_id}/{path}", {"text": text})
        return str(read_json(said).get("code", said.status_code))

    def read() -> tuple[object, ...]:
        (shown,) = get(town, own, "/proposals")["items"]
        said = [(each["answer"], each["objection"]) for each in shown["earlier"]]
        return (shown["choices"], "reopened" if "另行提交了文书" in shown["notice"] else shown["state"], said)

    everything = ["pay", "answer", "object"]
    assert (say("answers", "已归还"), say("objections", "查借阅记录")) == ("201", "201")
    assert confirm(town, proposal_id).status_code == 201
    assert read() == (["pay"], "objected", [])
    assert decide(town, proposal_id, "keep", by=OTHER_STEWARD).status_code == 201
    assert read() == (everything, "reopened", [("已归还", "查借阅记录")])
    assert (say("answers", "未收到传票"), say("objections", "文书有误")) == ("201", "201")
    assert decide(town, proposal_id, "keep", by=OTHER_STEWARD).status_code == 201
    assert say("objections", "再议") == "objected_before"
    (shown,) = get(town, own, "/proposals")["items"]
    assert (shown["choices"], "或者提出异议" in shown["notice"]) == (["pay"], False)
    assert confirm(town, proposal_id, document_no="（2026）豫01民终9号").status_code == 201
    assert read() == (everything, "reopened", [("已归还", "查借阅记录"), ("未收到传票", "文书有误")])
    rounds = get(town, steward(town), f"/steward/proposals/{proposal_id}")["earlier"]
    assert [each["confirmation"] and each["confirmation"]["document_no"] for each in rounds] == [None, DOCUMENT_NO]
    assert [confirm(town, proposal_id).status_code for _ in range(MOST_DOCUMENTS - 1)][-2:] == [201, 409]


@pytest.mark.parametrize("escape", ["paid", "lapsed"])
def test_no_merchant_gets_rid_of_a_false_report_by_calling_it_paid_or_by_waiting(town: City, escape: str) -> None:
    subject_id, grant_id, proposal_id = propose_about_somebody(town)
    post(town, town.citizen(subject_id), f"/proposals/{proposal_id}/objections", {"text": "已归还"})
    if escape == "paid":
        pay(town, grant_id, 0)
    else:
        town.clock.move(timedelta(days=366))
    assert get(town, steward(town), "/steward/proposals?only_open=true")["items"][0]["state"] == escape
    assert read_json(decide(town, proposal_id, "dismiss"))["end_code"] == "objection_upheld"
    figure = get(town, town.merchant(LIBRARY), "/merchant/integrity")
    assert {part["kind"]: part["count"] for part in figure["parts"]}["false_reports"] == 1


def test_the_steward_is_shown_where_a_document_was_handed_in_before(town: City) -> None:
    _, _, first = propose_about_somebody(town, found={})
    assert confirm(town, first, document_no="（2026）豫01民终9号").status_code == 201
    _, _, second = propose_about_somebody(town, found={})
    assert get(town, steward(town), f"/steward/proposals/{second}")["same_document"] == [first]
    assert get(town, steward(town), f"/steward/proposals/{first}")["same_document"] == []


def test_what_is_paid_while_it_is_decided_never_counts(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    subject_id, grant_id, proposal_id = propose_about_somebody(city, found={})
    assert verify(city, proposal_id).status_code == 201
    city.clock.move(DAYS_OVER)

    def pay_first(session: Session, held: UUID) -> object:
        mover = Mover(by=Actor.MERCHANT, merchant=LIBRARY)
        assert isinstance(settle(session, grant_id, mover, 6_000, now=city.now()), Grant)
        return hold_account(session, held)

    monkeypatch.setattr("backend.fulfilment.deciding.hold_account", pay_first)
    assert read_json(decide(city, proposal_id, "count"))["code"] == "proposal_closed"
    assert count_records(city, subject_id) == 0


def test_planted_defect_the_database_refuses_what_counts_before_its_day_and_a_turn_told_anew(city: City) -> None:
    propose_about_somebody(city, found={})
    for ended, seer in (("proposed_at", "clerk-1"), ("answer_until", "clerk-2"), ("answer_until", None)):
        values = {"ended": ended, "seer": "NULL" if seer is None else f"'{seer}'"}
        with pytest.raises(IntegrityError, match="ck_proposal_counted"):
            run_sql(city.database, COUNT_AT_ONCE.format_map(values))
    with pytest.raises(IntegrityError, match="ck_proposal_confirmed_on"):
        run_sql(city.database, "UPDATE proposal SET confirmed_on = '2020-01-01'")
    with pytest.raises(DBAPIError, match="append-only"):
        run_sql(city.database, "UPDATE proposal_turn SET state = 'counted'")


def test_planted_defect_the_database_refuses_what_counts_under_an_open_objection(
    town: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject_id, _, proposal_id = propose_about_somebody(town, found={})
    post(town, town.citizen(subject_id), f"/proposals/{proposal_id}/objections", {"text": "已归还"})
    assert verify(town, proposal_id).status_code == 201
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
