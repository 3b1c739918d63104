"""A seeded city: all levels, every refusal, every story as it is told; and nothing over what is there already."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from backend.access.entries import list_looks
from backend.context import Context
from backend.demo.cast import PERSONAS, list_persons
from backend.demo.seed import Seeded, check_usable
from backend.demo.shops import DEMO_SHOP, offers_everything
from backend.demo.workplace import DemoError
from backend.merchants.contracts import list_contracts
from backend.people.subjects import find_subject_id
from backend.people.tables import SubjectRow
from backend.records.tables import LedgerEntryRow
from backend.scores.facts import Facts, read_facts
from backend.scores.outlook import find_route, look_ahead, look_back, state_score
from backend.web.problems import Refusal
from scoring.statement import LineKind, Reason, Score
from tests.backend.demo.cities import DAY, NOW, opened_context, seed

PEOPLE = 300
REFUSALS = {
    "malformed_row",
    "bad_identity",
    "identity_in_doubt",
    "source_key_reused",
    "outside_catalogue",
    "sensitive_item",
    "not_provider",
    "wrong_subject",
    "future_day",
    "bad_items",
    "no_document",
    "unconfirmed_arrears",
    "simple_procedure",
    "minor_remedied",
    "not_final",
    "expired",
    "before_birth",
}
STANDINGS = {
    "lin_shouxin": "outstanding 165",
    "wang_ping": "good 105",
    "an_fen": "good 100",
    "chen_zhiyuan": "good 118",
    "jiang_mofan": "excellent 130",
    "xu_xian": "excellent 120",
    "han_xing": "excellent 125",
    "tang_tong": "good 110",
    "he_jing": "good 115",
    "zhao_cuo": "slight_breach 95",
    "yang_qi": "slight_breach 85",
    "qian_wan": "poor 50",
    "sun_qian": "poor 100",
    "li_weicheng": "under_age",
    "zhou_tongming": "identity_in_doubt",
    "wu_weikai": "not_enrolled",
    "zheng_tui": "consent_withdrawn",
    "shen_hui": "good 100",
    "feng_yi": "good 100",
    "zhu_gai": "slight_breach 95",
    "qin_che": "good 100",
    "you_fu": "good 100",
}


class City:
    """A seeded city, and what can be read in it."""

    def __init__(self, context: Context, seeded: Seeded) -> None:
        self.context, self.seeded = context, seeded

    def find(self, key: str) -> UUID:
        persons = {persona.key: person for persona, person in list_persons(self.context.rules.catalogue_on(DAY), DAY)}
        with self.context.database.reading() as session:
            found = find_subject_id(session, persons[key].id_number, pseudonyms=self.context.pseudonyms)
        assert found is not None
        return found

    def read(self, subject_id: UUID) -> Facts | Refusal:
        context = self.context
        with context.database.reading() as session:
            return read_facts(session, subject_id, rules=context.rules, sealer=context.sealer, now=NOW)

    def facts(self, key: str) -> Facts:
        found = self.read(self.find(key))
        assert not isinstance(found, Refusal)
        return found

    def score(self, key: str) -> Score:
        found = state_score(self.facts(key), as_of=None, known_at=None)
        assert isinstance(found, Score)
        return found

    def describe(self, subject_id: UUID) -> str:
        found = self.read(subject_id)
        if isinstance(found, Refusal):
            return found.code.value
        score = state_score(found, as_of=None, known_at=None)
        assert isinstance(score, Score)
        return f"{score.level.code} {score.points}"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with opened_context(tmp_path_factory.mktemp("city")) as context:
        yield City(context, seed(context, PEOPLE))


def test_the_levels_are_populated_as_in_a_real_city(city: City) -> None:
    with city.context.database.reading() as session:
        everybody = session.scalars(select(SubjectRow.subject_id)).all()
    levels = Counter(city.describe(subject_id).split()[0] for subject_id in everybody)
    assert levels["good"] > len(everybody) / 2
    assert levels["excellent"] > levels["outstanding"] > 0
    assert levels["slight_breach"] > levels["poor"] > 0
    assert levels["not_enrolled"] > 0
    assert levels["under_age"] > 0


def test_every_reason_of_refusal_occurs_and_none_by_accident(city: City) -> None:
    receipts = city.seeded.receipts
    assert set(receipts) == REFUSALS | {"accepted", "duplicate"}
    # One person in a hundred adults has one of each.
    assert {receipts[code] for code in REFUSALS} == {3}
    assert receipts["accepted"] > PEOPLE


@pytest.mark.parametrize("key", [persona.key for persona in PERSONAS])
def test_a_persona_stands_as_the_story_tells(city: City, key: str) -> None:
    assert city.describe(city.find(key)) == STANDINGS[key]


def test_the_volunteer_sees_a_way_to_the_next_level(city: City) -> None:
    route = find_route(city.facts("chen_zhiyuan"))
    assert route.missing == 2
    assert route.ways


def test_the_cap_the_choice_and_the_one_act_are_lines_of_their_own(city: City) -> None:
    assert LineKind.LIMIT in {line.kind for line in city.score("xu_xian").lines}
    assert LineKind.EXCLUSIVE in {line.kind for line in city.score("han_xing").lines}
    assert [item.reason for item in city.score("tang_tong").uncounted] == [Reason.SAME_ACT]


def test_the_listed_debtor_keeps_the_plus_lines_but_frozen(city: City) -> None:
    score = city.score("sun_qian")
    assert score.incentives_suspended
    assert LineKind.FREEZE in {line.kind for line in score.lines}


def test_the_record_under_objection_is_shown_and_suspended(city: City) -> None:
    assert [item.reason for item in city.score("feng_yi").uncounted] == [Reason.SUSPENDED]


def test_the_score_recovers_by_itself_within_a_month(city: City) -> None:
    _, steps, _ = look_ahead(city.facts("yang_qi"))
    assert steps[0].on <= DAY + timedelta(days=31)
    assert steps[0].after.points == 100


@pytest.mark.parametrize(
    ("key", "points"),
    [("zhu_gai", [90, 95]), ("qin_che", [85, 100]), ("you_fu", [95, 100]), ("feng_yi", [90, 100])],
)
def test_the_history_of_a_changed_record_is_alive(city: City, key: str, points: list[int]) -> None:
    _, first, steps = look_back(city.facts(key))
    assert [first.points, *(step.after.points for step in steps)] == [100, *points]


def test_a_persona_sees_who_looked(city: City) -> None:
    with city.context.database.reading() as session:
        (look,) = list_looks(session, city.find("chen_zhiyuan"), limit=10)
    assert (look.asker, look.asker_name) == ("youth_league", "团市委")


def test_records_became_known_over_the_year(city: City) -> None:
    with city.context.database.reading() as session:
        moments = session.scalars(select(LedgerEntryRow.known_at)).all()
    assert {moment.month for moment in moments} >= set(range(1, 12))
    assert max(moments) < NOW


def test_a_city_that_is_there_is_used_again(database_url: str, tmp_path: Path) -> None:
    with opened_context(tmp_path, url=database_url) as context:
        assert seed(context, 5).is_new
        before = _count_entries(context)
        again = seed(context, 5, now=NOW + timedelta(days=3))
        assert not again.is_new
        assert _count_entries(context) == before > 0
        check_usable(context, people=5, seed=7)


def test_nothing_is_put_over_other_data(sqlite_url: str, tmp_path: Path) -> None:
    with opened_context(tmp_path, url=sqlite_url) as context:
        seed(context, 1)
        with pytest.raises(DemoError, match="not empty"):
            seed(context, 2)
        with pytest.raises(DemoError, match="not empty"):
            check_usable(context, people=2, seed=7)


def test_a_city_made_with_other_keys_is_told_apart(sqlite_url: str, tmp_path: Path) -> None:
    with opened_context(tmp_path / "one", url=sqlite_url) as context:
        seed(context, 1)
    with opened_context(tmp_path / "other", url=sqlite_url) as context, pytest.raises(DemoError, match="other keys"):
        seed(context, 1)


def test_the_merchant_of_the_demo_is_under_contract_and_is_made_once(city: City) -> None:
    assert not seed(city.context, PEOPLE).is_new
    with city.context.database.reading() as session:
        contracts = list_contracts(session, [DEMO_SHOP.code])
    assert [each.scenario for each in contracts if each.ended_at is None] == [*DEMO_SHOP.contracts]


def test_another_city_can_be_made_from_its_catalogue(tmp_path: Path) -> None:
    with opened_context(tmp_path, city="wendeng") as context:
        receipts = seed(context, 20).receipts
        assert set(receipts) == {"accepted", "duplicate", *REFUSALS} - {
            "wrong_subject",
            "simple_procedure",
            "minor_remedied",
            "unconfirmed_arrears",
            "expired",
        }
        assert receipts["bad_items"] == 1
        assert not offers_everything(DEMO_SHOP, context.benefits, now=NOW)


def _count_entries(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(LedgerEntryRow)) or 0
