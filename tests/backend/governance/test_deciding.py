"""Nothing is announced that lacks anything, and whoever decides at once with others decides once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from backend.gateways.published_editions import load_published
from backend.governance.diary import Officer
from backend.governance.documents import Documents, Kind
from backend.governance.draft_views import Draft
from backend.governance.states import Lack, State, find_lacks
from backend.scores.edition_diary import EditionState, RolledBack, list_dated_editions
from backend.storage.editions import list_editions
from backend.web.problems import ProblemCode, Refusal
from tests.backend.governance.drafting import CITY, LI, WANG, ZHAO, Office, write_edition
from tests.databases import run_sql

HALF_PAST_ELEVEN = timedelta(hours=11, minutes=30)
CHANGES = {
    "rule_revision": "UPDATE rule_revision SET author = 'li'",
    "rule_check": "UPDATE rule_check SET is_sound = TRUE",
    "rule_impact": "DELETE FROM rule_impact",
    "rule_event": "UPDATE rule_event SET actor = 'li'",
}


def spoil(documents: Documents) -> Documents:
    """The same with a case that does not hold."""
    return {**documents, "cases": documents["cases"].replace("granted = true", 'unmet = ["age"]', 1)}


def _is_unchecked(office: Office) -> Draft:
    draft = office.draft()
    office.measure(draft.draft_id)
    return draft


def _is_unsound(office: Office) -> Draft:
    draft = office.draft_documents(spoil(office.read(office.draft().draft_id).documents))
    office.prepare(draft)
    return draft


def _was_checked_beside_others(office: Office) -> Draft:
    draft = office.draft(ahead=20)
    office.prepare(draft)
    office.announce(kind=Kind.RULEBOOK)
    office.measure(draft.draft_id)
    return draft


def _is_unmeasured(office: Office) -> Draft:
    draft = office.draft()
    office.check(draft.draft_id)
    return draft


def _was_revised_since(office: Office) -> Draft:
    draft = office.draft()
    office.prepare(draft)
    documents = office.read(draft.draft_id).documents
    revised = office.revise(draft, {**documents, "cases": documents["cases"] + "# no word changed\n"})
    assert isinstance(revised, Draft)
    office.check(draft.draft_id)
    return revised


def _was_measured_against_others(office: Office) -> Draft:
    draft = office.draft(ahead=20)
    office.prepare(draft)
    office.announce(kind=Kind.RULEBOOK)
    office.check(draft.draft_id)
    return draft


def _was_measured_yesterday(office: Office) -> Draft:
    draft = office.draft()
    office.prepare(draft)
    office.move_days(1)
    return draft


def _is_too_late(office: Office) -> Draft:
    draft = office.draft(ahead=1)
    office.prepare(draft)
    office.clock.move(HALF_PAST_ELEVEN)
    return draft


def _comes_before_another(office: Office) -> Draft:
    office.announce(ahead=20)
    draft = office.draft(ahead=10, version="2027.2")
    office.prepare(draft)
    return draft


LACKING: dict[Lack, tuple[Callable[[Office], Draft], ProblemCode]] = {
    Lack.CHECK: (_is_unchecked, ProblemCode.DRAFT_NOT_CHECKED),
    Lack.SOUNDNESS: (_is_unsound, ProblemCode.DRAFT_NOT_SOUND),
    Lack.CHECK_AGAINST_PRESENT: (_was_checked_beside_others, ProblemCode.CHECK_OUTDATED),
    Lack.IMPACT: (_is_unmeasured, ProblemCode.IMPACT_MISSING),
    Lack.IMPACT_OF_THIS_DRAFT: (_was_revised_since, ProblemCode.IMPACT_OF_OTHER_DRAFT),
    Lack.IMPACT_AGAINST_PRESENT: (_was_measured_against_others, ProblemCode.IMPACT_OF_OTHER_RULES),
    Lack.IMPACT_ON_TODAY: (_was_measured_yesterday, ProblemCode.IMPACT_OF_OTHER_DAY),
    Lack.DAY_AHEAD: (_is_too_late, ProblemCode.EDITION_DAY_TOO_NEAR),
    Lack.DAY_FREE: (_comes_before_another, ProblemCode.EDITION_DAY_TAKEN),
}


def find_wrong_answer(office: Office, draft: Draft, lack: Lack) -> str | None:
    """What is wrong when a draft that lacks one thing is approved; None when it is refused as it should be."""
    before, (_, code) = _list_announced(office), LACKING[lack]
    try:
        answer = office.approve(draft.draft_id, draft.digest)
    except RuntimeError as fault:
        return f"a draft that lacks {lack} gets a fault: {fault}"
    if not isinstance(answer, Refusal) or answer.code is not code:
        return f"a draft that lacks {lack} is answered {answer}"
    return None if _list_announced(office) == before else f"a draft that lacks {lack} was announced all the same"


@pytest.mark.parametrize("lack", Lack)
def test_nothing_is_announced_that_lacks_anything(
    sqlite_office: Office, lack: Lack, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, _ = LACKING[lack]
    draft = make(sqlite_office)
    assert find_wrong_answer(sqlite_office, draft, lack) is None
    # And where that precondition is forgotten, it is found.
    monkeypatch.setattr(
        "backend.governance.draft_views.find_lacks",
        lambda *given, **named: tuple(each for each in find_lacks(*given, **named) if each is not lack),
    )
    assert find_wrong_answer(sqlite_office, draft, lack) is not None


def test_nobody_approves_what_he_wrote_any_revision_of(office: Office) -> None:
    draft = office.draft(by=WANG)
    revised = office.revise(draft, write_edition(Kind.SCENARIOS, office.day + timedelta(days=9), "2027.1"), by=ZHAO)
    assert isinstance(revised, Draft)
    office.prepare(revised)
    # The last two write what looks like wang: full width, and two letters of Cyrillic around a blank of no width.
    twins = (Officer("ＷＡＮＧ", None), Officer("w\u0430\u200bng"))
    for officer in (WANG, ZHAO, Officer("li", "wang"), Officer("li", "zhao"), *twins):
        assert office.approve(draft.draft_id, revised.digest, by=officer) == Refusal(ProblemCode.OTHER_OFFICER_NEEDED)
    assert isinstance(office.approve(draft.draft_id, revised.digest, by=Officer("li", "7")), Draft)


URGENCY = "新增的扣分误及已履行完毕的当事人，须立即停止"


def test_who_loses_is_told_the_chosen_days_before(sqlite_office: Office) -> None:
    office = sqlite_office
    office.losses = {"falls": 20}
    draft = office.draft(ahead=29)
    office.prepare(draft)
    period = office.read(draft.draft_id).notice_period
    assert period is not None
    assert (period.is_adverse, period.days, period.first_on) == (True, 30, office.day + timedelta(days=30))
    too_short = Refusal(ProblemCode.NOTICE_TOO_SHORT, {"days": 30, "first_on": "2026-12-22"})
    assert office.approve(draft.draft_id, draft.digest) == too_short
    in_time = office.revise(draft, write_edition(Kind.SCENARIOS, office.day + timedelta(days=30), "2027.1"))
    assert isinstance(in_time, Draft)
    office.prepare(in_time)
    assert isinstance(office.approve(draft.draft_id, in_time.digest), Draft)


def test_with_its_urgency_a_change_back_is_told_late_and_to_everybody(office: Office) -> None:
    first = office.announce(ahead=1)
    office.move_days(1)
    office.export()
    office.losses = {"falls": None}
    back = office.roll_back(date(2026, 1, 1), ahead=1, version="2027.2")
    assert isinstance(back, Draft)
    office.measure(back.draft_id)
    refusal = office.approve(back.draft_id, back.digest)
    assert isinstance(refusal, Refusal)
    assert refusal.code is ProblemCode.NOTICE_TOO_SHORT
    urgent = office.revise(back, office.read(back.draft_id).documents, urgency=URGENCY)
    assert isinstance(urgent, Draft)
    assert (urgent.restores_on, urgent.digest == back.digest) == (date(2026, 1, 1), False)
    office.prepare(urgent)
    # Who has read the draft without its urgency has not read what is announced.
    assert office.approve(back.draft_id, back.digest) == Refusal(ProblemCode.DRAFT_REVISED, {"digest": urgent.digest})
    assert isinstance(office.approve(back.draft_id, urgent.digest), Draft)
    office.move_days(1)
    with office.database.reading() as session:
        diary = list_dated_editions(load_published(session, CITY), Kind.SCENARIOS, office.day)
    assert [(each.version, each.state) for each in diary] == [
        *(("2027.2", EditionState.IN_FORCE), ("2027.1", EditionState.ROLLED_BACK), ("2026.1", EditionState.RETIRED)),
    ]
    assert diary[0].announcement is not None
    assert diary[0].announcement.urgency == URGENCY
    assert diary[1].rolled_back == RolledBack("2027.2", office.day, "2026.1", date(2026, 1, 1), "x")
    assert office.read(first.draft_id).draft.state is State.ROLLED_BACK


def test_what_is_brought_back_is_not_rolled_back(sqlite_office: Office) -> None:
    office = sqlite_office
    kept = office.announce(ahead=1)
    left = office.announce(ahead=5, version="2027.2")
    back = office.roll_back(office.day + timedelta(days=1), ahead=10, version="2027.3")
    assert isinstance(back, Draft)
    office.prepare(back)
    assert isinstance(office.approve(back.draft_id, back.digest), Draft)
    assert isinstance(office.withdraw(left.draft_id), Draft)
    office.move_days(10)
    with office.database.reading() as session:
        diary = list_dated_editions(load_published(session, CITY), Kind.SCENARIOS, office.day)
    assert [each.state.value for each in diary] == ["in_force", "withdrawn", "retired", "retired"]
    assert diary[1].withdrawn_because == "撤回"
    assert office.read(kept.draft_id).draft.state is State.RETIRED


def test_a_rollback_with_other_documents_is_none_any_more(sqlite_office: Office) -> None:
    office = sqlite_office
    shipped_on = date(2026, 1, 1)
    office.announce()
    back = office.roll_back(shipped_on, ahead=30, version="2027.8")
    assert isinstance(back, Draft)
    assert back.restores_on == shipped_on
    documents = office.read(back.draft_id).documents
    revised = office.revise(back, write_edition(Kind.SCENARIOS, office.day + timedelta(days=30), "2027.9"))
    assert isinstance(revised, Draft)
    assert revised.restores_on is None
    # Nor does it become one again with its first documents, and who has read the rollback has not read this.
    again = office.revise(revised, documents)
    assert isinstance(again, Draft)
    assert (again.restores_on, again.digest == back.digest) == (None, False)


def test_the_database_holds_apart_who_wrote_and_who_approved(office: Office) -> None:
    draft = office.announce()
    with pytest.raises(IntegrityError, match="second_person"):
        run_sql(office.database, "UPDATE rule_draft SET decided_by = author")
    for table, change in CHANGES.items():
        with pytest.raises(DBAPIError, match="append-only"):
            run_sql(office.database, change)
        assert table in change
    assert office.read(draft.draft_id).draft.state is State.ANNOUNCED


def test_two_who_decide_at_once_decide_once(office: Office) -> None:
    draft = office.draft()
    office.prepare(draft)
    answers = _at_once(
        lambda: office.approve(draft.draft_id, draft.digest, by=LI),
        lambda: office.approve(draft.draft_id, draft.digest, by=ZHAO),
        lambda: office.reject(draft.draft_id, draft.digest, by=ZHAO),
        lambda: office.revise(draft, write_edition(Kind.SCENARIOS, office.day + timedelta(days=9), "2027.9")),
    )
    done = [each for each in answers if isinstance(each, Draft)]
    refused = {each.code for each in answers if isinstance(each, Refusal)}
    # A revision leaves the draft open, and then it can still be rejected: but not by the digest that was read.
    assert len(done) == 1
    assert refused <= {ProblemCode.DRAFT_CLOSED, ProblemCode.DRAFT_REVISED}
    assert len(_list_announced(office)) == (1 if done[0].state is State.ANNOUNCED else 0)


def test_of_two_drafts_approved_at_once_one_is_checked_anew(office: Office) -> None:
    one, other = office.draft(ahead=10), office.draft(ahead=20, version="2027.2")
    for each in (one, other):
        office.prepare(each)
    office.measure(one.draft_id)
    answers = _at_once(
        lambda: office.approve(one.draft_id, one.digest),
        lambda: office.approve(other.draft_id, other.digest),
    )
    codes = [each.code for each in answers if isinstance(each, Refusal)]
    assert codes in ([ProblemCode.CHECK_OUTDATED], [ProblemCode.EDITION_DAY_TAKEN])
    assert len(_list_announced(office)) == 1


def test_it_is_withdrawn_until_an_hour_before_its_day_and_rolled_back_after(office: Office) -> None:
    first = office.announce(ahead=1)
    office.clock.move(timedelta(hours=10, minutes=59))
    withdrawn = office.withdraw(first.draft_id)
    assert isinstance(withdrawn, Draft)
    assert withdrawn.state is State.WITHDRAWN
    assert office.withdraw(first.draft_id) == Refusal(ProblemCode.DRAFT_NOT_ANNOUNCED, {"state": "withdrawn"})
    office.clock.move(-timedelta(hours=1))
    second = office.announce(ahead=1, version="2027.2")
    office.clock.move(timedelta(hours=1, minutes=1))
    assert office.withdraw(second.draft_id) == Refusal(ProblemCode.EDITION_BEGUN)
    office.move_days(1)
    office.export()
    back = office.roll_back(second.created_at.date().replace(month=1, day=1), ahead=3, version="2027.3")
    assert isinstance(back, Draft)
    assert back.lacks == (Lack.IMPACT,)
    office.measure(back.draft_id)
    assert isinstance(office.approve(back.draft_id, back.digest), Draft)
    assert office.read(second.draft_id).draft.state is State.IN_FORCE
    office.move_days(3)
    assert office.read(second.draft_id).draft.state is State.ROLLED_BACK
    assert office.read(back.draft_id).draft.state is State.IN_FORCE
    assert [each.event for each in office.read(back.draft_id).events] == [
        *("drafted", "checked", "impact_attached", "approved"),
    ]
    assert office.roll_back(office.day, ahead=9, version="2027.9") == Refusal(ProblemCode.ROLLBACK_REFUSED)


def _list_announced(office: Office) -> list[str]:
    with office.database.reading() as session:
        return [each.version for each in list_editions(session) if each.withdrawn_at is None]


def _at_once(*calls: Callable[[], Draft | Refusal]) -> list[Draft | Refusal]:
    ready = Barrier(len(calls))

    def make(call: Callable[[], Draft | Refusal]) -> Draft | Refusal:
        ready.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [each.result() for each in [threads.submit(make, call) for call in calls]]
