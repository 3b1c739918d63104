from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import inspect, text

from backend.governance.draft_views import Draft
from backend.governance.drafts import list_drafts
from backend.governance.measuring import Comparison, Fault, NotComparableError, measure_draft
from backend.governance.nightly import run_shadows
from backend.governance.shadows import Shadow, read_shadow, start_shadow, stop_shadow
from backend.governance.states import State
from backend.governance.tables import find_last_impact
from backend.impact.figures import Impact
from backend.population.city_files import CityFiles
from backend.web.problems import ProblemCode, Refusal
from tests.backend.governance.drafting import CITY, WANG, Office, make_impact


def look(office: Office, draft: Draft) -> Shadow:
    with office.database.reading() as session:
        shadow = read_shadow(session, draft.draft_id)
    assert isinstance(shadow, Shadow)
    return shadow


def start(office: Office, draft: Draft) -> Shadow | Refusal:
    with office.database.transaction() as session:
        return start_shadow(session, draft.draft_id, by=WANG, now=office.now)


def test_a_candidate_runs_once_a_night_until_it_is_revised_or_stopped(office: Office) -> None:
    draft = office.draft(ahead=30)
    assert start(office, draft) == Refusal(ProblemCode.DRAFT_NOT_CHECKED)
    assert run_shadows(office.desk) == (0, {})
    office.check(draft.draft_id)
    for _ in range(2):
        assert isinstance(start(office, draft), Shadow)
    for night in range(3):
        assert run_shadows(office.desk) == ((1, {}) if night == 0 else (0, {Fault.FILES_OF_OTHER_DAY: 1}))
        office.export()
        assert run_shadows(office.desk) == ((0, {}) if night == 0 else (1, {}))
        office.move_days(1)
    days = look(office, draft).days
    assert [(office.day - each.as_of).days for each in days] == [3, 2, 1]
    assert days[0].beside == "2026.1"
    assert days[0].figures["people"] == 0
    with office.database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM stored_score")) == 0
    documents = office.read(draft.draft_id).documents
    revised = office.revise(draft, {**documents, "cases": documents["cases"] + "# x\n"})
    assert isinstance(revised, Draft)
    office.export()
    assert run_shadows(office.desk) == (0, {})
    assert not look(office, draft).is_running
    office.check(draft.draft_id)
    assert isinstance(start(office, revised), Shadow)
    assert (look(office, draft).run_no, run_shadows(office.desk)) == (2, (1, {}))
    with office.database.transaction() as session:
        stop_shadow(session, draft.draft_id, by=WANG, now=office.now)
    office.move_days(1)
    office.export()
    assert (run_shadows(office.desk), len(look(office, draft).days)) == ((0, {}), 1)


def test_a_candidate_that_is_not_comparable_holds_up_no_other(sqlite_office: Office) -> None:
    office, drafts = sqlite_office, [sqlite_office.draft(ahead=30, version=f"2027.{number}") for number in range(3)]
    for draft in drafts:
        office.check(draft.draft_id)
        assert isinstance(start(office, draft), Shadow)

    def measure(files: CityFiles, comparison: Comparison) -> Impact:
        if comparison.new_benefits is not None and comparison.new_benefits.version == "2027.0":
            raise NotComparableError
        return make_impact(files, comparison)

    desk = replace(office.desk, measure=measure)
    assert run_shadows(desk) == (2, {Fault.NOT_COMPARABLE: 1})
    assert [len(look(office, draft).days) for draft in drafts] == [0, 1, 1]
    office.add_stranger()
    assert run_shadows(desk) == (0, {Fault.FILES_OF_OTHER_LEDGER: 1})
    outcome = measure_draft(desk, drafts[0].draft_id)
    assert outcome is not None
    assert outcome.fault is Fault.FILES_OF_OTHER_LEDGER
    draft = office.draft(ahead=30, version="2027.9")
    office.check(draft.draft_id)
    start(office, draft)
    assert run_shadows(replace(desk, folder=None)) == (0, {Fault.NO_FILES: 2})


def test_nothing_is_attached_to_a_draft_that_was_decided_meanwhile(sqlite_office: Office) -> None:
    office, draft = sqlite_office, sqlite_office.draft()
    office.check(draft.draft_id)

    def measure(files: CityFiles, comparison: Comparison) -> Impact:
        assert isinstance(office.reject(draft.draft_id, draft.digest), Draft)
        return make_impact(files, comparison)

    assert measure_draft(replace(office.desk, measure=measure), draft.draft_id) is None
    assert [each.event for each in office.read(draft.draft_id).events] == ["drafted", "checked", "rejected"]


def test_reports_are_not_loaded_to_list_drafts(sqlite_office: Office) -> None:
    office, draft = sqlite_office, sqlite_office.draft()
    office.prepare(draft)
    with office.database.reading() as session:
        listed = list_drafts(session, before=None, limit=9, city=CITY, now=office.now)
        impact = find_last_impact(session, draft.draft_id, attached=True)
        assert [each.state for each in listed] == [State.MEASURED]
        assert inspect(impact).unloaded == {"comparisons"}


def test_files_that_are_not_those_of_the_city_today_are_refused(sqlite_office: Office, tmp_path: Path) -> None:
    draft = sqlite_office.draft()
    sqlite_office.check(draft.draft_id)
    faults = []
    for changed in ({"known_at": sqlite_office.now - timedelta(days=1)}, {"is_complete": False}):
        sqlite_office.export(**changed)
        outcome = sqlite_office.measure(draft.draft_id)
        faults.append(None if outcome is None else outcome.fault)
    (sqlite_office.folder / "manifest.json").write_text("{")
    for folder in (sqlite_office.folder, tmp_path / "nowhere"):
        sqlite_office.folder = folder
        outcome = sqlite_office.measure(draft.draft_id)
        faults.append(None if outcome is None else outcome.fault)
    assert faults == [Fault.FILES_OF_OTHER_DAY, Fault.FILES_INCOMPLETE, Fault.FILES_UNREADABLE, Fault.NO_FILES]
    assert sqlite_office.read(draft.draft_id).draft.impact_fault == "no_files"
