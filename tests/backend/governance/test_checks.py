"""What a check finds beside the cases, and that nobody who writes waits for it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from backend.gateways.published_editions import read_shipped
from backend.governance import checks
from backend.governance.documents import Documents, Kind, KnownEdition, check_draft, read_beside
from backend.governance.draft_views import Draft
from backend.governance.notices import list_notices
from backend.web.problems import ProblemCode, Refusal
from scoring.pricing import ByTable
from tests.backend.editions import make_rulebook, publish
from tests.backend.governance.drafting import BASE, CITY, Office, write_edition


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
    renamed, shared = found.notices
    assert renamed.startswith("level outstanding: is named 信用最好")
    assert shared == "5 more that 2026.1 has as well, whose place it takes"
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
    book = read_beside(Kind.RULEBOOK, BASE[Kind.RULEBOOK], [], city=CITY)
    offers = read_beside(Kind.SCENARIOS, BASE[Kind.SCENARIOS], [book], city=CITY)
    told = []
    for beside in ([], [offers]):
        _, findings = check_draft(Kind.RULEBOOK, documents, beside, city=CITY, day=date(2026, 11, 22))
        told.append(any(each.startswith("ZZ-HON-03: is collected") for each in findings.notices))
    assert told == [True, False]


NOTE = "每次十分参照文登、宿迁，有效期参照文登；只记次数，不采集血型和检测结果；非郑州公布值"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            [('points = 10\ntimes = "donations"', 'points = 8\ntimes = "donations"')],
            [f"ZZ-E-02: points is +8, and was +10, but people read of its origin what they did (analogue, {NOTE});"],
        ),
        (
            [
                ('points = 10\ntimes = "donations"', 'points = 8\ntimes = "donations"'),
                ("每次十分参照文登、宿迁", "每次八分自定"),
            ],
            [],
        ),
        (
            [("at_most = 20\nbasis", "at_most = 30\nbasis")],
            ["ZZ-CAP-02: at_most is +30, and was +20, but people read of its origin what they did (own_choice, 自定，"],
        ),
        ([("at_most = 20\nbasis", "at_most = 30\nbasis"), ("自定，与采集间隔不少于六个月相应；", "自定；")], []),
        ([('name = "无偿献血"', 'name = "献血"')], []),
    ],
)
def test_people_read_no_origin_of_a_figure_that_is_another(changes: list[tuple[str, str]], told: list[str]) -> None:
    city: list[KnownEdition] = []
    for kind in Kind:
        city.append(read_beside(kind, BASE[kind], city, city=CITY))
    _, findings = check_draft(Kind.RULEBOOK, make_rulebook(*changes), city, city=CITY, day=date(2026, 11, 22))
    assert len(findings.notices) == len(told) + 1, findings.notices
    assert all(each.startswith(words) for each, words in zip(findings.notices, told, strict=False)), findings.notices


def test_each_row_says_by_itself_where_it_was_published() -> None:
    (former,) = read_shipped("wendeng").rules.editions
    rule = next(each for each in former.rules if isinstance(each.pricing, ByTable) and each.pricing.rows[0].published)
    assert isinstance(rule.pricing, ByTable)
    row, *rows = rule.pricing.rows
    told: list[list[str]] = []
    for published in (row.published, ()):
        pricing = replace(rule.pricing, rows=(row._replace(points=row.points + 1, published=published), *rows))
        changed = tuple(replace(each, pricing=pricing) if each is rule else each for each in former.rules)
        told.append([each.partition(":")[0] for each in list_notices(replace(former, rules=changed), former)])
    assert told == [[rule.id], []]


def test_a_case_on_a_day_that_no_score_is_computed_of_is_a_fault() -> None:
    documents = {**BASE[Kind.RULEBOOK]}
    assert "as_of = 2026-06-01" in documents["cases"]
    documents["cases"] = documents["cases"].replace("as_of = 2026-06-01", "as_of = 9999-12-31", 1)
    edition, findings = check_draft(Kind.RULEBOOK, documents, [], city=CITY, day=date(2025, 11, 22))
    assert edition is not None
    (fault,) = findings.faults
    assert fault.endswith("as_of: 9999-12-31 is out of reach; give a day from 1900-01-01 to 2999-12-31")
