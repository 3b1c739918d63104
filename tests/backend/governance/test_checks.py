"""What a check finds beside the cases, and that nobody who writes waits for it."""

from collections.abc import Callable
from datetime import date

import pytest

from backend.governance import checks
from backend.governance.documents import Documents, Kind, check_draft, read_known
from backend.governance.draft_views import Draft
from backend.web.problems import ProblemCode, Refusal
from tests.backend.editions import make_rulebook, publish
from tests.backend.governance.drafting import BASE, CITY, SHIPPED, Office, write_edition


def meanwhile(office: Office, monkeypatch: pytest.MonkeyPatch, do: Callable[[int], object]) -> list[int]:
    """Let something be done each time a draft is checked, in a transaction that waits for nobody."""
    times: list[int] = []

    def check(*given: object, **named: object) -> object:
        with office.database.transaction(patient=False):
            times.append(len(times))
        do(times[-1])
        return check_draft(*given, **named)  # type: ignore[arg-type]  # what it is given

    monkeypatch.setattr(checks, "check_draft", check)
    return times


def revise(office: Office, draft: Draft, words: str) -> Documents:
    whole = office.read(draft.draft_id)
    documents = {**whole.documents, "cases": whole.documents["cases"] + words}
    assert isinstance(office.revise(whole.draft, documents), Draft)
    return documents


def test_what_changed_while_it_was_checked_is_checked_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = office.draft(ahead=300)
    times = meanwhile(office, monkeypatch, lambda time: revise(office, draft, "# x\n") if time == 0 else None)
    checked = office.check(draft.draft_id)
    assert isinstance(checked, Draft)
    assert (checked.digest, checked.lacks[0], times) == (office.read(draft.draft_id).draft.digest, "impact", [0, 1])
    assert isinstance(office.check(draft.draft_id), Draft)
    events = [each.event for each in office.read(draft.draft_id).events]
    assert events == ["drafted", "revised", "checked"]  # the same found again leaves nothing behind


def test_what_never_rests_is_not_checked(sqlite_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office, draft = sqlite_office, sqlite_office.draft(ahead=300)
    meanwhile(office, monkeypatch, lambda _: revise(office, draft, "# x\n"))
    refused = office.check(draft.draft_id)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.values["digest"]) == (
        ProblemCode.DRAFT_REVISED,
        office.read(draft.draft_id).draft.digest,
    )
    monkeypatch.undo()

    def announce(time: int) -> None:
        publish(
            office.database, Kind.RULEBOOK, make_rulebook(version=f"2027.{time}", effective_on=date(2027, 1, time + 1))
        )

    meanwhile(office, monkeypatch, announce)
    assert office.check(draft.draft_id) == Refusal(ProblemCode.CHECK_OUTDATED)
    assert office.read(draft.draft_id).check is None


def test_notices_bar_no_way_and_a_day_too_far_does(sqlite_office: Office) -> None:
    office = sqlite_office
    documents = make_rulebook(('name = "信用极好"', 'name = "信用最好"'), effective_on=date(2036, 11, 22))
    draft = office.draft_documents(documents, kind=Kind.RULEBOOK)
    office.check(draft.draft_id)
    found = office.read(draft.draft_id).check
    assert found is not None
    assert found.is_sound, found
    assert found.notices[-1].startswith("level outstanding: is named 信用最好")
    assert [each.partition(":")[0] for each in found.notices[:-1]] == [f"ZZ-REG-0{number}" for number in range(1, 6)]
    for kind in Kind:
        far = office.draft_documents(write_edition(kind, date(2036, 11, 23), "2036.1"), kind=kind)
        office.check(far.draft_id)
        found = office.read(far.draft_id).check
        assert found is not None
        assert [each.partition("; ")[2] for each in found.faults] == ["give 2036-11-22 or an earlier day"]


def test_what_a_list_of_the_scenarios_rests_on_is_collected_for_something() -> None:
    documents = dict(make_rulebook())
    rules = documents["rulebook"].split("[[rules]]")
    documents["rulebook"] = "[[rules]]".join(each for each in rules if 'indicator = "ZZ-HON-03"' not in each)
    offers = read_known(Kind.SCENARIOS, BASE[Kind.SCENARIOS], rulebook=SHIPPED.rules.editions[0])
    told = []
    for beside in ([], [offers]):
        _, findings = check_draft(Kind.RULEBOOK, documents, beside, city=CITY, day=date(2026, 11, 22))
        told.append(any(each.startswith("ZZ-HON-03: is collected") for each in findings.notices))
    assert told == [True, False]
