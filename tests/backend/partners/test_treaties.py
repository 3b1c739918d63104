"""Treaties: only what both cities signed and what fits our rulebook gets in; whoever suspends must resume."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import EntitlementSourceRow
from backend.gateways.treaty_files import TREATIES, read_treaty_file
from backend.partners.agreed_treaties import begin_suspended
from backend.partners.city_keys import store_keys
from backend.partners.notices import NoticeKind, take_notices
from backend.partners.partners import PartnerError, end_partner, find_partner, list_partners, register_partner
from backend.partners.treaties import (
    AgreedTreaty,
    add_treaty,
    find_treaty,
    find_version,
    list_treaties,
    resume_treaty,
    suspend_treaty,
)
from backend.partners.treaty_signing import Signatures
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal
from scoring.documents import DocumentError
from scoring.rulebook import Rulebook
from tests.backend.partners.cities import NOON, OURS, RULEBOOK, THEIRS, TREATY, TREATY_TEXT, Pair

SECOND = timedelta(seconds=1)
ENDING = TREATY_TEXT.replace('on_suspension = "finish"', 'on_suspension = "end"')
NEXT = (
    ENDING.replace('version = "2026.1"', 'version = "2027.1"')
    .replace("starts_on = 2026-01-01", "starts_on = 2027-01-01")
    .replace("ends_on = 2028-01-01", "ends_on = 2029-01-01")
)


def suspend(session: Session, city: str, at: int = 0, version: str = TREATY[1]) -> AgreedTreaty | Refusal:
    """Suspend the treaty, so many seconds after noon."""
    return suspend_treaty(session, TREATY[0], version, city=city, by="zhao", reason="核查", now=NOON + at * SECOND)


def resume(session: Session, city: str, at: int = 0, version: str = TREATY[1]) -> AgreedTreaty | Refusal:
    """Resume the treaty, so many seconds after noon."""
    return resume_treaty(session, TREATY[0], version, city=city, by="zhao", reason="查清", now=NOON + at * SECOND)


def find_holder(session: Session) -> str | None:
    """Find by which city the treaty is suspended."""
    found = find_version(session, *TREATY)
    assert found is not None
    assert (found.suspended_by is None) == (find_treaty(session, THEIRS, NOON.date()) is not None)
    return found.suspended_by


def is_source_live(session: Session) -> bool:
    """Tell whether visitors still have what the treaty gave them."""
    return session.scalars(select(EntitlementSourceRow.is_live)).one()


def test_only_what_both_signed_and_fits_gets_in(database: Database) -> None:
    pair = Pair()
    good = Signatures(pair.us.sign_treaty(), pair.them.sign_treaty())
    best, *_, last = RULEBOOK.levels
    others = replace(RULEBOOK, levels=(best._replace(at_least=150), last._replace(code="bad")), ceiling=300)

    def refuse(text: str, signatures: Signatures, *said: str, rulebook: Rulebook = RULEBOOK) -> None:
        with pytest.raises(DocumentError) as refused, database.transaction() as session:
            add_treaty(session, text, signatures, city=OURS, rulebook=rulebook, by="zhao", now=NOON)
        assert all(word in str(refused.value) for word in said), str(refused.value)

    refuse(TREATY_TEXT, good, "hangzhou is not registered")
    refuse(read_treaty_file(TREATIES, "hangzhou-nanjing-2026-01-01.toml").text, good, "this city is zhengzhou")
    with database.transaction() as session:
        pair.meet(session)
    refuse(TREATY_TEXT, Signatures(good.theirs, good.ours), "our signature", "their signature", "is not known")
    refuse(TREATY_TEXT, Signatures(good.ours, good.ours), "their signature (of hangzhou)")
    refuse(TREATY_TEXT, Signatures(good.ours, f"{good.theirs[:-1]}!"), "no JWS")
    refuse(f"{TREATY_TEXT}\n", good, "has not signed these bytes")
    levels = ("outstanding begins at 151; by the rulebook it begins at 150", "level poor is not in", "level bad of the")
    refuse(TREATY_TEXT, good, *levels, "by the rulebook it is 0 to 300", rulebook=others)
    with database.transaction() as session:
        added = pair.agree(session)
        assert pair.agree(session) == added  # once more changes nothing
        assert find_version(session, *TREATY) == added == list_treaties(session, THEIRS)[0]
    changed = TREATY_TEXT.replace("data_life_hours = 72", "data_life_hours = 71")
    refuse(changed, Signatures(pair.us.sign_treaty(changed), pair.them.sign_treaty(changed)), "version of its own")
    with database.transaction() as session:  # a key of the past has signed as well
        pair.them.rotate()
        store_keys(session, THEIRS, pair.them.write_jwks(), now=NOON)
        add_treaty(session, TREATY_TEXT, good, city=OURS, rulebook=RULEBOOK, by="zhao", now=NOON)


def test_the_version_begun_last_has_the_say_also_when_it_is_suspended(sqlite_database: Database) -> None:
    pair = Pair()
    with sqlite_database.transaction() as session:
        pair.meet(session)
        for text in (TREATY_TEXT, NEXT):
            pair.agree(session, text)

        def find(day: date) -> str | None:
            found = find_treaty(session, THEIRS, day)
            return None if found is None else found.version

        days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1), date(2028, 12, 31)]
        assert [find(day) for day in days] == [None, "2026.1", "2026.1", "2027.1", "2027.1"]
        assert find(date(2029, 1, 1)) is None
        suspend(session, OURS, version="2027.1")
        assert [find(day) for day in days[2:4]] == ["2026.1", None]
        resume(session, OURS, version="2027.1")
        end_partner(session, THEIRS, by="zhao", because="合作终止", now=NOON)
        assert find(days[1]) is None
        partner = find_partner(session, THEIRS)
        assert partner == list_partners(session)[0] == pair.partner._replace(is_ended=True)


def test_each_city_suspends_for_itself(database: Database) -> None:
    pair = Pair()
    with database.transaction() as session:
        pair.meet(session)
        pair.agree(session, ENDING)
        assert resume(session, OURS) == Refusal(ProblemCode.NOT_SUSPENDED)
        assert suspend(session, OURS, version="9") == Refusal(ProblemCode.TREATY_NOT_FOUND)
        suspend(session, THEIRS)
        assert not is_source_live(session)
        assert resume(session, OURS) == Refusal(ProblemCode.TREATY_SUSPENDED_BY_PARTNER)
        suspend(session, OURS)
        suspend(session, OURS)
        resume(session, THEIRS, 1)
        assert find_holder(session) == OURS
        assert not is_source_live(session)
        resume(session, OURS)
        assert find_holder(session) is None
        assert is_source_live(session)
        told = take_notices(session, THEIRS, limit=9, now=NOON + SECOND)
    assert [(each.kind, dict(each.content)) for each in told] == [
        (kind, {"treaty_id": TREATY[0], "version": TREATY[1]}) for kind in (NoticeKind.SUSPENDED, NoticeKind.RESUMED)
    ]
    assert told[0].left_at < told[1].left_at  # said in one instant, and still told apart by whoever hears it


def test_a_third_city_has_no_say(sqlite_database: Database) -> None:
    pair = Pair()
    with sqlite_database.transaction() as session:
        pair.meet(session)
        pair.agree(session, ENDING)
        assert suspend(session, "nanjing") == resume(session, "nanjing") == Refusal(ProblemCode.TREATY_NOT_FOUND)
        assert find_holder(session) is None
        assert is_source_live(session)


def test_a_suspension_ends_what_earlier_versions_gave_as_well(sqlite_database: Database) -> None:
    pair = Pair()
    now = NEXT.replace("2027-01-01", "2026-11-01").replace("2027.1", "2026.2")
    with sqlite_database.transaction() as session:
        pair.meet(session)
        for text in (ENDING, now, NEXT):
            pair.agree(session, text)

        def list_live() -> set[str]:
            return set(session.scalars(select(EntitlementSourceRow.version).where(EntitlementSourceRow.is_live)))

        suspend(session, OURS)
        assert list_live() == {"2026.2", "2027.1"}
        suspend(session, OURS, version="2026.2")
        resume(session, THEIRS)  # what somebody else has said long ago, or now, gives nothing back
        assert list_live() == {"2027.1"}
        resume(session, OURS, version="2026.2")
        assert list_live() == {"2026.2", "2027.1"}
        resume(session, OURS)
        assert list_live() == {"2026.1", "2026.2", "2027.1"}


def test_a_version_that_was_suspended_ahead_begins_suspended(database: Database) -> None:
    pair, at_noon = Pair(), datetime(2027, 1, 1, 4, tzinfo=UTC)
    with database.transaction() as session:
        pair.meet(session)
        for text in (TREATY_TEXT, NEXT):
            pair.agree(session, text)
        suspend(session, OURS, version="2027.1")

    def list_live() -> set[str]:
        with database.reading() as session:
            return set(session.scalars(select(EntitlementSourceRow.version).where(EntitlementSourceRow.is_live)))

    eve = at_noon - timedelta(hours=12, seconds=1)
    assert (begin_suspended(database, now=eve), list_live()) == (0, {"2026.1"})
    assert (begin_suspended(database, now=at_noon), list_live()) == (1, set())
    assert begin_suspended(database, now=at_noon) == 0
    with database.transaction() as session:
        assert find_treaty(session, THEIRS, at_noon.date()) is None
        resume_treaty(session, TREATY[0], "2027.1", city=OURS, by="zhao", reason="查清", now=at_noon)
    assert list_live() == {"2026.1", "2027.1"}


def test_a_suspension_that_lets_finish_leaves_what_visitors_have(sqlite_database: Database) -> None:
    pair = Pair()
    with sqlite_database.transaction() as session:
        pair.meet(session)
        pair.agree(session)
        suspend(session, OURS)
        assert is_source_live(session)


@pytest.mark.parametrize("heard", [3, 4])
def test_the_partners_last_word_holds_in_whatever_order_it_comes(sqlite_database: Database, heard: int) -> None:
    words = [(suspend, 1), (resume, 2), (suspend, 3), (resume, 4)][:heard]
    with sqlite_database.transaction() as session:
        pair = Pair()
        pair.meet(session)
        pair.agree(session)
        for order in permutations(words):
            with session.begin_nested() as tried:
                for say, at in (*order, *order):
                    say(session, THEIRS, at)
                assert find_holder(session) == (THEIRS if heard == 3 else None), order
                tried.rollback()
            session.expire_all()


def test_a_city_is_registered_once_and_properly(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        Pair().meet(session)
    for code, url, said in (
        (THEIRS, "https://a.example", "already"),
        (OURS, "https://a.example", "itself"),
        ("Nanjing", "https://a.example", "no code"),
        ("nanjing", "ftp://a.example", "must be https"),
        ("nanjing", "https://a.example/?x", "must be https"),
        ("nanjing", "https://me@a.example", "must be https"),
        ("nanjing", "https://a.example/#", "must be https"),
    ):
        with pytest.raises(PartnerError, match=said), sqlite_database.transaction() as session:
            register_partner(session, code, title="南京市", url=url, city=OURS, by="zhao", now=NOON)
    with pytest.raises(PartnerError, match="no city"), sqlite_database.transaction() as session:
        end_partner(session, "nanjing", by="zhao", because="合作终止", now=NOON)
