"""A rule change from the draft to its first day, as officers make it over HTTP, and a worker measures it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.cli.working import Worker, choose_kinds
from backend.governance.documents import Kind
from backend.storage.jobs import MOST_ATTEMPTS
from tests.backend.city import City, make_resident_id, read_json, running_city
from tests.backend.governance.drafting import Office, make_impact, write_edition
from tests.door.door import make_key

AUTHOR, APPROVER = ("rules:read", "rules:write"), ("rules:read", "rules:approve")


@pytest.fixture
def city(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    """A city whose worker has the files of today; what goes over everybody is tested elsewhere."""
    monkeypatch.setattr("backend.cli.measuring.measure_report", make_impact)
    with running_city(sqlite_url) as made:
        context = replace(made.context, settings=replace(made.context.settings, city_files=tmp_path / "files"))
        yield replace(made, context=context)


def call(city: City, officer: str, path: str, body: object = None, status: int = 200) -> dict[str, Any]:
    headers = city.operator(officer, *(AUTHOR if officer == "wang" else APPROVER)) | {"Idempotency-Key": make_key()}
    method = "GET" if body is None else "POST"
    answer = city.client().open(f"/v1{path}", method=method, json=body or None, headers=headers)
    assert answer.status_code == status, answer.text
    return read_json(answer)


def test_a_change_from_the_draft_to_its_first_day(city: City) -> None:
    office = Office(city.database, city.context.settings.city_files or Path(), city.clock)
    documents = dict(write_edition(Kind.SCENARIOS, office.day + timedelta(days=10), "2027.1"))
    order = {"kind": "scenarios", "title": "增加册数", "reason": "局务会", "documents": documents}
    draft = call(city, "wang", "/rule-drafts", order, 201)
    place, decision = f"/rule-drafts/{draft['draft_id']}", {"digest": draft["digest"], "reason": "核对无误"}
    assert (draft["state"], draft["lacks"]) == ("draft", ["check", "impact"])
    assert call(city, "li", f"{place}/approval", decision, 409)["code"] == "draft_not_checked"
    assert call(city, "wang", f"{place}/impacts", {}, 409)["code"] == "draft_not_checked"
    assert call(city, "wang", f"{place}/checks", {})["state"] == "checked"
    for _ in range(2):  # the second finds that it is under way
        asked = call(city, "wang", f"{place}/impacts", {}, 202)
        assert asked["impact_asked_at"] == "2026-11-22T04:00:00Z"
    Worker(city.context).run(until_idle=True)  # one without files leaves it alone, for one that has them
    assert call(city, "li", place)["draft"]["impact_asked_at"] == "2026-11-22T04:00:00Z"
    office.export(is_complete=False)
    Worker(city.context).run(until_idle=True)
    failed = call(city, "li", place)
    assert (failed["draft"]["impact_fault"], failed["draft"]["impact_asked_at"]) == ("files_incomplete", None)
    assert call(city, "li", f"{place}/impact", None, 404)["code"] == "impact_not_found"
    office.export()
    call(city, "wang", f"{place}/impacts", {}, 202)
    Worker(city.context).run(until_idle=True)
    (comparison,) = call(city, "li", f"{place}/impact")["comparisons"]
    assert comparison["report"]["old_benefits"]["version"] == "2026.1"
    assert comparison["report"]["new_benefits"]["version"] == "2027.1"
    assert call(city, "wang", f"{place}/approval", decision, 403)["code"] == "scope_missing"
    announced = call(city, "li", f"{place}/approval", decision)
    assert (announced["state"], announced["decided_by"]) == ("announced", "li")
    whole = call(city, "wang", place)
    assert whole["documents"] == documents
    assert [each["event"] for each in whole["events"]] == [
        *("drafted", "checked", "impact_asked", "impact_failed", "impact_asked", "impact_attached", "approved"),
    ]
    office.move_days(10)
    assert call(city, "li", "/rule-drafts")["items"][0]["state"] == "in_force"
    in_force = city.context.benefits.catalogue_on(office.day)
    assert in_force is not None
    assert in_force.version == "2027.1"


def test_findings_name_every_part_and_what_cannot_be_read(city: City) -> None:
    documents = dict(write_edition(Kind.RULEBOOK, city.now().date() + timedelta(days=9), "2027.1"))
    # The cases begin with their head; all others are taken away, so that no part is exercised.
    documents["cases"] = documents["cases"].partition("[[case]]")[0]
    order = {"kind": "rulebook", "title": "x", "reason": "x", "documents": documents}
    draft = call(city, "wang", "/rule-drafts", order, 201)
    place = f"/rule-drafts/{draft['draft_id']}"
    call(city, "wang", f"{place}/checks", {})
    found = call(city, "wang", place)["check"]
    assert (found["is_sound"], found["cases"], found["failing"]) == (False, 0, [])
    assert "ZZ-CAP-01" in found["unexercised"]
    hostile = ["a = " + "[" * 5000 + "]" * 5000, "a = " + "9" * 9000, "= ", "rulebook = 7", "[rulebook]\ncity = 3"]
    for text in hostile:
        revision = {"draft_id": draft["draft_id"], "after": draft["digest"], "reason": "x"}
        draft = call(city, "wang", "/rule-revisions", revision | {"documents": documents | {"rulebook": text}}, 201)
        call(city, "wang", f"{place}/checks", {})
        assert call(city, "wang", place)["check"]["faults"] != []
    stale = {"draft_id": draft["draft_id"], "after": "0" * 64, "reason": "x", "documents": documents}
    assert call(city, "wang", "/rule-revisions", stale, 409)["code"] == "draft_revised"
    wrong = order | {"kind": "scenarios"}
    assert call(city, "wang", "/rule-drafts", wrong, 422)["code"] == "documents_refused"
    numbered = documents | {"cases": f"# {make_resident_id()}\n"}
    assert call(city, "wang", "/rule-drafts", order | {"documents": numbered}, 422)["code"] == "invalid_request"


def test_measuring_that_fails_is_given_up_and_said(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(city.database, city.context.settings.city_files or Path(), city.clock)
    office.export()
    draft = office.draft()
    office.check(draft.draft_id)
    office.ask(draft.draft_id)
    without_files = replace(city.context.settings, city_files=None)
    assert "measure_impact" not in choose_kinds(without_files)
    monkeypatch.setattr("backend.cli.measuring.measure_report", lambda *_: 1 / 0)
    for _ in range(MOST_ATTEMPTS):
        Worker(city.context).run(until_idle=True)
        city.clock.move(timedelta(hours=1))
    assert office.read(draft.draft_id).draft.impact_fault == "given_up"
