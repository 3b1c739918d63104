"""Complaints, and the figure of merchants that they and false reports make."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from backend.benefits.verification_tables import VerificationRow
from backend.fulfilment.complaint_tables import ComplaintRow
from backend.fulfilment.integrity import list_integrity
from backend.fulfilment.proposal_tables import ProposalRow
from backend.grants.due import sweep_due
from backend.grants.queries import find_grant
from backend.grants.tables import BenefitAccountRow
from backend.storage.tables import Row
from tests.backend.city import City, make_person, read_json
from tests.backend.fulfilment.breaking import (
    HOTEL,
    LIBRARY,
    REGISTRAR,
    get,
    give,
    post,
    propose_about_somebody,
    steward,
)
from tests.databases import statements_noted

VERIFICATION_ID = UUID("019a0000-0000-7000-8000-0000000000aa")
SECRET = "阅览室王某某说没有免押这回事"
RULING = {"ruling": "uphold", "case_no": "2026-诉-17", "reason": "商户承认误收"}


def make_verification(subject_id: UUID, grant_id: UUID, *, now: datetime) -> VerificationRow:
    return VerificationRow(
        merchant=LIBRARY,
        order_no="order-of-a-verification",
        verification_id=VERIFICATION_ID,
        digest=b"",
        via="code",
        scenario="library_card",
        asked_at=now,
        answer="granted",
        subject_id=subject_id,
        grant_id=grant_id,
    )


def test_a_complaint_goes_its_way_and_everybody_reads_what_concerns_him(city: City) -> None:
    subject_id = city.enrol(make_person())
    grant, own = give(city, subject_id), city.citizen(subject_id)
    body = {"grant_id": str(grant.grant_id), "kind": "not_honoured", "text": SECRET}
    complaint_id = read_json(post(city, own, "/complaints", body))["complaint_id"]
    assert read_json(post(city, own, "/complaints", body))["code"] == "complaint_open"
    stranger = city.citizen(city.enrol(make_person()))
    assert post(city, stranger, "/complaints", body).status_code == 404

    ruled = post(city, steward(city), f"/steward/complaints/{complaint_id}/decisions", RULING)
    assert read_json(ruled)["code"] == "complaint_too_early"
    path = f"/merchant/complaints/{complaint_id}"
    assert city.client().get(f"/v1{path}", headers=city.merchant(HOTEL)).status_code == 404
    (listed,) = get(city, city.merchant(LIBRARY), "/merchant/complaints?only_open=true")["items"]
    assert (listed["order_no"], "text" in listed) == (grant.order_no, False)
    assert get(city, city.merchant(LIBRARY), path)["text"] == SECRET
    answered = post(city, city.merchant(LIBRARY, clerk="desk-2"), f"{path}/answers", {"text": "已退还"})
    assert answered.status_code == 201, answered.text
    assert post(city, city.merchant(LIBRARY), f"{path}/answers", {"text": "又"}).status_code == 409

    ruled = post(city, steward(city), f"/steward/complaints/{complaint_id}/decisions", RULING)
    assert read_json(ruled)["state"] == "upheld"
    assert post(city, steward(city), f"/steward/complaints/{complaint_id}/decisions", RULING).status_code == 409
    (shown,) = get(city, own, "/complaints")["items"]
    assert (shown["text"], shown["answer"], shown["reason"]) == (SECRET, "已退还", "商户承认误收")
    looks = get(city, own, "/access-entries")["items"]
    assert [(look["asker"]["kind"], look["answered"]["kind"]) for look in looks] == [
        ("operator", "complaint_decided"),
        ("merchant", "complaint"),
    ]


def test_whoever_registered_a_merchant_dismisses_no_complaint_about_it(town: City) -> None:
    subject_id = town.enrol(make_person())
    body = {"grant_id": str(give(town, subject_id).grant_id), "kind": "not_honoured", "text": "未兑现"}
    complaint_id = read_json(post(town, town.citizen(subject_id), "/complaints", body))["complaint_id"]
    town.clock.move(timedelta(days=8))

    def rule(ruling: str) -> int:
        own, path = steward(town, REGISTRAR), f"/steward/complaints/{complaint_id}/decisions"
        return post(town, own, path, {**RULING, "ruling": ruling}).status_code

    assert (rule("dismiss"), rule("uphold")) == (403, 201)


@pytest.mark.parametrize(
    ("used", "days", "ended"), [(False, 0, "cancelled"), (True, 0, "completed"), (True, 3, "settled")]
)
def test_a_steward_lets_go_of_what_a_merchant_does_not(town: City, *, used: bool, days: int, ended: str) -> None:
    subject_id = town.enrol(make_person())
    grant_id = give(town, subject_id, used=used).grant_id
    body = {"grant_id": str(grant_id), "kind": "not_released", "text": "已归还，仍占用额度"}
    complaint_id = read_json(post(town, town.citizen(subject_id), "/complaints", body))["complaint_id"]
    town.clock.move(timedelta(days=days))
    answer = {"text": "系统故障"}
    post(town, town.merchant(LIBRARY), f"/merchant/complaints/{complaint_id}/answers", answer)
    ruled = post(town, steward(town), f"/steward/complaints/{complaint_id}/decisions", {**RULING, "releases": True})
    assert ruled.status_code == 201, ruled.text
    with town.database.reading() as session:
        grant = find_grant(session, grant_id)
        account = session.get_one(BenefitAccountRow, subject_id)
    assert grant is not None
    assert (grant.state, account.held_fen, account.open_grants) == (ended, 0, 0)


def test_what_people_write_is_sealed(town: City) -> None:
    subject_id, _, proposal_id = propose_about_somebody(town, statement=SECRET)
    for path in ("answers", "objections"):
        post(town, town.citizen(subject_id), f"/proposals/{proposal_id}/{path}", {"text": SECRET})
    complainer = town.enrol(make_person())
    grant_id = give(town, complainer).grant_id
    with town.database.transaction() as session:
        session.add(make_verification(complainer, grant_id, now=town.now()))
    body = {"verification_id": str(VERIFICATION_ID), "kind": "not_released", "text": SECRET}
    complaint = post(town, town.citizen(complainer), "/complaints", body)
    assert read_json(complaint)["grant_id"] == str(grant_id)
    rows: tuple[type[Row], ...] = (ProposalRow, ComplaintRow)
    with town.database.reading() as session:
        kept = [repr(vars(row)) for kind in rows for row in session.scalars(select(kind))]
    assert len(kept) == 2
    assert not any("王某某" in each for each in kept)


def test_a_figure_is_made_of_what_was_found_right_and_of_false_reports_and_fades(town: City) -> None:
    def read_figure() -> dict[str, object]:
        return get(town, town.merchant(LIBRARY), "/merchant/integrity")

    assert (read_figure()["figure"], read_figure()["conduct"]) == (100, "sound")
    complainers = [town.enrol(make_person()) for _ in range(2)]
    for subject_id, kind in zip(complainers, ("not_honoured", "not_released"), strict=True):
        body = {"grant_id": str(give(town, subject_id).grant_id), "kind": kind, "text": "未兑现"}
        complaint = read_json(post(town, town.citizen(subject_id), "/complaints", body))["complaint_id"]
        town.clock.move(timedelta(days=8))  # the merchant does not answer
        assert post(town, steward(town), f"/steward/complaints/{complaint}/decisions", RULING).status_code == 201
    subject_id, _, proposal_id = propose_about_somebody(town)
    post(town, town.citizen(subject_id), f"/proposals/{proposal_id}/objections", {"text": "已归还"})
    withdrawn = post(town, town.merchant(LIBRARY), f"/merchant/proposals/{proposal_id}/withdrawals")
    assert "end_code" not in read_json(withdrawn)
    (reported,) = get(town, town.citizen(subject_id), "/proposals")["items"]
    assert reported["end_code"] == "withdrawn_under_objection"

    figure = read_figure()
    counts = {part["kind"]: part["count"] for part in figure["parts"]}  # type: ignore[attr-defined]
    assert counts == {"unhonoured": 1, "late_releases": 1, "false_reports": 1}
    assert figure["figure"] == 100 - (4 + 2 + 10) * 2  # of fifty benefits at the least
    assert (figure["conduct"], figure["is_suspended"]) == ("watched", False)
    listed = get(town, steward(town), "/steward/integrity")["items"]
    assert [(each["merchant"], each["figure"]) for each in listed] == [(LIBRARY, 68), (HOTEL, 100)]
    town.clock.move(timedelta(days=91))
    assert read_figure()["figure"] == 100


def test_what_a_merchant_left_overdue_until_time_let_it_go_is_released_late_and_counts_once(city: City) -> None:
    complained_of, _ = (give(city, city.enrol(make_person()), used=True) for _ in range(2))
    city.clock.move(timedelta(days=3))
    body = {"grant_id": str(complained_of.grant_id), "kind": "not_released", "text": "已归还，仍占用额度"}
    complaint_id = read_json(post(city, city.citizen(complained_of.subject_id), "/complaints", body))["complaint_id"]
    city.clock.move(timedelta(days=8))
    assert sweep_due(city.database, now=city.now()) == 2

    def count_late() -> list[tuple[str, int]]:
        listed = get(city, steward(city), "/steward/integrity")["items"]
        return [(each["merchant"], part["count"]) for each in listed for part in each["parts"][1:2]]

    assert count_late() == [(LIBRARY, 2), (HOTEL, 0)]
    path = f"/steward/complaints/{complaint_id}/decisions"
    assert post(city, steward(city), path, {**RULING, "releases": True}).status_code == 201
    assert count_late() == [(LIBRARY, 2), (HOTEL, 0)]
    city.clock.move(timedelta(days=91))
    assert count_late() == [(LIBRARY, 0), (HOTEL, 0)]


def test_the_figures_of_many_merchants_take_no_more_questions_than_that_of_one(town: City) -> None:
    def count_statements(limit: int) -> int:
        with statements_noted(town.database) as seen, town.database.reading() as session:
            assert len(list_integrity(session, after=None, limit=limit, now=town.now())) == limit
        return len(seen)

    assert count_statements(1) == count_statements(2)
