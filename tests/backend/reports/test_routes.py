from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from backend.access.entries import AccessEntry, Purpose, list_looks
from backend.principals import PrincipalKind
from backend.records.tables import list_entries_of_record
from backend.reports.schemas import QualitySchema, SampleSchema
from tests.backend.city import City, make_person
from tests.backend.records.filing import let_work, make_line, send_file, write_csv
from tests.backend.records.handing import HEALTH, TRAFFIC, hand_in, make_donation, make_fine, read_answer, report_one

ALL = ("quality:read", "samples:read", "samples:write")
TODAY = "2026-11-22"  # a Sunday
NOVEMBER = f"from=2026-11-01&to={TODAY}"
NUMBER = "110101199003078515"


def ask(city: City, path: str, *scopes: str, **headers: str) -> TestResponse:
    """Ask as an operator, with all scopes of this room unless told otherwise."""
    return city.client().get(f"/v1{path}", headers=city.operator("wang", *(scopes or ALL)) | headers)


def ask_as(city: City, department: str, path: str) -> TestResponse:
    return city.client().get(f"/v1{path}", headers=city.department(department, "quality:read"))


def send(city: City, path: str, body: object, *scopes: str, key: str | None = None) -> TestResponse:
    """Send a call of an operator, under a new key unless told otherwise."""
    headers = city.operator("wang", *(scopes or ALL)) | {"Idempotency-Key": key or f"key-{uuid4()}"}
    return city.client().post(f"/v1{path}", json=body, headers=headers)


def order(**changes: object) -> dict[str, object]:
    """A sample of the fines of this month, asked for on the next day."""
    given = {"department": TRAFFIC, "from": "2026-11-01", "to": TODAY, "size": 2, "reason": "11月例行抽查"}
    return given | changes


def draw(city: City, **changes: object) -> dict[str, Any]:
    return read_answer(send(city, "/samples", order(**changes)), 201)


def list_looks_at(city: City, record_id: UUID) -> Sequence[AccessEntry]:
    with city.database.reading() as session:
        subject_id = list_entries_of_record(session, record_id)[0].subject_id
        return list_looks(session, subject_id, limit=10)


def pick(answer: TestResponse, indicator: str = "ZZ-LAW-03") -> dict[str, Any]:
    (figures,) = [each for each in read_answer(answer, 200)["items"] if each["indicator"] == indicator]
    assert isinstance(figures, dict)
    return figures


def test_figures_have_words_parts_and_wholes(city: City) -> None:
    hand_in(
        city,
        TRAFFIC,
        make_fine(occurred_on="2026-11-11"),  # 12 13 16 17 18 19 20: seven working days before Sunday
        make_fine(occurred_on="2026-11-10"),
        make_fine(legal={}),
    )
    answer = ask(city, f"/quality?{NOVEMBER}")
    assert QualitySchema().validate(read_answer(answer, 200)) == {}
    figures = pick(answer)
    assert (figures["department_name"], figures["indicator_name"]) == ("市公安局交警支队", "一般程序交通违法罚款")
    assert figures["handed_in"] == 3
    shown = {each["outcome"]: (each["text"], each["share"]) for each in figures["outcomes"]}
    assert shown["accepted"] == ("已接收", {"part": 2, "whole": 3, "permille": 666})
    assert shown["quarantined"] == ("待核实", {"part": 0, "whole": 3, "permille": 0})
    (refusal,) = figures["refusals"]
    assert (refusal["code"], refusal["share"]["part"]) == ("no_document", 1)
    assert "document_no" in refusal["text"]
    # Sunday the 22nd lies after the seventh working day after the 11th, which was Friday the 20th.
    assert figures["timeliness"]["in_time"] == {"part": 0, "whole": 2, "permille": 0}
    assert figures["delay"] == {
        "rows": 2,
        "median_working_days": 7,
        "worst_working_days": 8,
        "not_known": 0,
    }
    assert figures["check"]["in_time"] == {"part": 3, "whole": 3, "permille": 1000}
    assert figures["completeness"] == {"part": 0, "whole": 0, "permille": None}


def test_words_come_in_english_too(small_town: City) -> None:
    hand_in(small_town, TRAFFIC, make_fine())
    answer = ask(small_town, f"/quality?{NOVEMBER}", **{"Accept-Language": "en"})
    assert answer.headers["Content-Language"] == "en"
    figures = pick(answer)
    assert figures["indicator_name"] == "Traffic fine, ordinary procedure"
    assert figures["outcomes"][0]["text"] == "Accepted"


def test_a_department_sees_itself_alone(city: City) -> None:
    hand_in(city, TRAFFIC, make_fine())
    hand_in(city, HEALTH, make_donation())
    for path in (f"/quality?{NOVEMBER}", f"/quality?{NOVEMBER}&department={HEALTH}"):
        items = read_answer(ask_as(city, HEALTH, path), 200)["items"]
        assert [each["department"] for each in items] == [HEALTH]
    refused = read_answer(ask_as(city, HEALTH, f"/quality?{NOVEMBER}&department={TRAFFIC}"), 403)
    assert refused["code"] == "other_department"
    everybody = read_answer(ask(city, f"/quality?{NOVEMBER}"), 200)["items"]
    assert [each["department"] for each in everybody] == [HEALTH, TRAFFIC]
    one = read_answer(ask(city, f"/quality?{NOVEMBER}&department={TRAFFIC}&indicator=ZZ-LAW-03"), 200)["items"]
    assert [each["department"] for each in one] == [TRAFFIC]


@pytest.mark.parametrize(
    "days",
    ["from=2026-11-02&to=2026-11-01", "from=2026-11-01&to=2026-11-23", "from=2025-11-21&to=2026-11-22"],
)
def test_a_period_that_cannot_be_is_refused(small_town: City, days: str) -> None:
    assert read_answer(ask(small_town, f"/quality?{days}"), 422)["code"] == "period_refused"
    assert read_answer(ask(small_town, "/quality?from=2025-11-22&to=2026-11-22"), 200)["items"] == []


def test_scopes_and_kinds_are_held_apart(small_town: City) -> None:
    for path, scope in ((f"/quality?{NOVEMBER}", "quality:read"), (f"/samples/{uuid4()}", "samples:read")):
        others = [each for each in ALL if each != scope]
        assert read_answer(ask(small_town, path, *others), 403)["code"] == "scope_missing"
    assert read_answer(send(small_town, "/samples", order(), *ALL[:2]), 403)["code"] == "scope_missing"
    answer = small_town.client().get(f"/v1/samples/{uuid4()}", headers=small_town.department(TRAFFIC, *ALL))
    assert read_answer(answer, 403)["code"] == "principal_refused"


def test_a_sample_is_drawn_once_per_key_and_read_again(city: City) -> None:
    records = {report_one(city, TRAFFIC, make_fine()) for _ in range(3)}
    report_one(city, HEALTH, make_donation())
    city.clock.move(timedelta(days=1))
    answer = send(city, "/samples", order(), key="key-sample-1")
    sample = read_answer(answer, 201)
    assert SampleSchema().validate(sample) == {}
    assert (sample["population"], sample["drawn_by"], len(sample["seed"])) == (3, "wang", 32)
    assert {UUID(member["record_id"]) for member in sample["members"]} < records
    assert [member["found"] for member in sample["members"]] == [None, None]
    assert read_answer(send(city, "/samples", order(), key="key-sample-1"), 201) == sample
    assert answer.headers["Location"] == f"/v1/samples/{sample['sample_id']}"
    assert read_answer(ask(city, f"/samples/{sample['sample_id']}"), 200) == sample
    assert draw(city)["seed"] != sample["seed"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "2026-11-23"}, "period_refused"),  # today is not over
        ({"department": HEALTH}, "nothing_to_sample"),
        ({"department": "nobody"}, "nothing_to_sample"),
        ({"size": 201}, "invalid_request"),
        ({"size": 0}, "invalid_request"),
        ({"reason": f"核对{NUMBER}"}, "invalid_request"),
        ({"seed": "chosen"}, "invalid_request"),
    ],
)
def test_a_draw_that_cannot_be_is_refused(small_town: City, changes: dict[str, object], code: str) -> None:
    report_one(small_town, TRAFFIC, make_fine())
    small_town.clock.move(timedelta(days=1))
    answer = send(small_town, "/samples", order(**changes))
    assert read_answer(answer, 422)["code"] == code
    assert NUMBER not in answer.text


def test_a_look_at_a_sampled_record_is_seen_by_the_person(city: City) -> None:
    record_id = report_one(city, TRAFFIC, make_fine())
    other_id = report_one(city, HEALTH, make_donation())
    city.clock.move(timedelta(days=1))
    sample_id = draw(city, size=1)["sample_id"]
    assert list_looks_at(city, record_id) == []
    shown = read_answer(ask(city, f"/samples/{sample_id}/records/{record_id}"), 200)
    assert shown["content"]["items"] == {"amount_fen": 50_000}
    (look,) = list_looks_at(city, record_id)
    assert (look.asker_kind, look.asker, look.case_no) == (PrincipalKind.OPERATOR, "wang", sample_id)
    assert look.purpose is Purpose.DATA_CHECK
    assert look.answered == {"kind": "record", "record_id": str(record_id), "indicator": "ZZ-LAW-03"}
    for path, code in (
        (f"/samples/{sample_id}/records/{other_id}", "record_not_found"),
        (f"/samples/{uuid4()}/records/{record_id}", "sample_not_found"),
    ):
        assert read_answer(ask(city, path), 404)["code"] == code
    assert len(list_looks_at(city, record_id)) == 1
    assert list_looks_at(city, other_id) == []


def test_findings_reach_the_figures_and_the_latest_counts(city: City) -> None:
    for _ in range(3):
        report_one(city, TRAFFIC, make_fine())
    city.clock.move(timedelta(days=1))
    first, second = draw(city, size=3), draw(city, size=3)
    one, two, three = [member["record_id"] for member in first["members"]]
    for sample, record_id, finding in (
        (first, one, "differs"),
        (first, two, "no_document"),
        (first, three, "agrees"),
        (second, one, "agrees"),  # looked at again, and found right
    ):
        city.clock.move(timedelta(minutes=1))
        body = {"record_id": record_id, "finding": finding, "note": "与决定书核对"}
        noted = read_answer(send(city, f"/samples/{sample['sample_id']}/findings", body), 201)
        assert (noted["finding"], noted["found_by"], noted["note"]) == (finding, "wang", "与决定书核对")
        assert noted["text"] == {"agrees": "相符", "differs": "不一致", "no_document": "无文书"}[finding]
    inspection = pick(ask(city, f"/quality?{NOVEMBER}"))["inspection"]
    assert inspection == {"differing": {"part": 1, "whole": 3, "permille": 333}, "without_document": 1}
    shown = read_answer(ask(city, f"/samples/{first['sample_id']}"), 200)
    assert [member["found"]["finding"] for member in shown["members"]] == ["differs", "no_document", "agrees"]


def test_a_finding_is_refused_that_names_somebody_or_was_not_drawn(small_town: City) -> None:
    record_id = str(report_one(small_town, TRAFFIC, make_fine()))
    small_town.clock.move(timedelta(days=1))
    path = f"/samples/{draw(small_town)['sample_id']}/findings"
    good = {"record_id": record_id, "finding": "agrees"}
    answer = send(small_town, path, good | {"note": f"本人{NUMBER}"})
    assert read_answer(answer, 422)["errors"][0]["code"] == "holds_identity_number"
    assert NUMBER not in answer.text
    assert read_answer(send(small_town, path, good | {"finding": "perhaps"}), 422)["code"] == "invalid_request"
    assert read_answer(send(small_town, path, good | {"record_id": str(uuid4())}), 404)["code"] == "record_not_found"
    unknown = f"/samples/{uuid4()}/findings"
    assert read_answer(send(small_town, unknown, good), 404)["code"] == "sample_not_found"


def test_a_row_that_waits_for_us_is_ours_to_answer_for(city: City) -> None:
    person = make_person("陈岸")
    city.know(person)
    (receipt,) = hand_in(city, TRAFFIC, make_fine(replace(person, name="陈暗")))
    assert receipt["outcome"] == "quarantined"
    figures = pick(ask(city, f"/quality?{NOVEMBER}"))
    none = {"part": 0, "whole": 0, "permille": None}
    assert (figures["check"]["in_time"], figures["check"]["pending"]) == (none, 1)
    city.clock.move(timedelta(days=5))  # Friday: 23 24 25 26 27, the fifth
    assert pick(ask(city, f"/quality?{NOVEMBER}"))["check"]["pending"] == 1
    city.clock.move(timedelta(days=1))
    late = pick(ask(city, f"/quality?{NOVEMBER}"))["check"]
    assert (late["in_time"], late["pending"]) == ({"part": 0, "whole": 1, "permille": 0}, 0)


def test_a_file_read_late_was_checked_late_and_holds_up_a_draw(city: City) -> None:
    report_one(city, TRAFFIC, make_fine())
    read_answer(send_file(city, write_csv([make_line(make_person()) for _ in range(3)])), 202)
    read_answer(send_file(city, write_csv([make_line(make_person())]), dry_run=True), 202)
    city.clock.move(timedelta(days=30))
    before = read_answer(ask(city, f"/quality?{NOVEMBER}"), 200)
    assert QualitySchema().validate(before) == {}
    assert before["files_unread"] == 1
    assert read_answer(ask_as(city, HEALTH, f"/quality?{NOVEMBER}"), 200)["files_unread"] == 0
    refused = read_answer(send(city, "/samples", order()), 409)
    assert (refused["code"], "1 个" in refused["detail"]) == ("files_unread", True)
    let_work(city)
    after = ask(city, f"/quality?{NOVEMBER}")
    assert read_answer(after, 200)["files_unread"] == 0
    assert pick(after)["check"]["in_time"] == {"part": 1, "whole": 4, "permille": 250}
    assert draw(city)["population"] == 4
