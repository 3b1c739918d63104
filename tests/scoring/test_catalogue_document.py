import json
import re

import pytest

from scoring.catalogue import FORBIDDEN_CLASSES, Deadline, is_sensitive
from scoring.catalogue_document import read_catalogue
from scoring.documents import DocumentError
from scoring.rulebook_document import read_rulebook
from tests.scoring.small_city import CATALOGUE, CATALOGUE_TEXT, RULEBOOK, RULEBOOK_TEXT

QUOTE = "'"


def refuse(text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        read_catalogue(text, "spoilt")
    return str(caught.value)


def test_an_indicator_has_the_ten_columns_of_article_11() -> None:
    fine = CATALOGUE.indicators["FINE"]
    columns = (
        "code",
        "name",
        "format",
        "providers",
        "subjects",
        "nature",
        "sharing",
        "coverage",
        "update_cycle",
        "items",
    )
    assert all(getattr(fine, column) for column in columns)


@pytest.mark.parametrize(
    "column", ["name", "format", "nature", "sharing", "coverage", "update_cycle", "class", "basis"]
)
def test_a_missing_column_is_refused(column: str) -> None:
    without = re.sub(rf'\n{column} = "[^"]*"', "", CATALOGUE_TEXT)
    assert f"[HONOUR].{column}: is missing" in refuse(without)


@pytest.mark.parametrize(("sign", "told"), [("\\u001b", "U+001B"), ("\\u202e", "U+202E"), ("\\u0000", "U+0000")])
def test_a_character_that_nobody_sees_is_refused(sign: str, told: str) -> None:
    assert f"holds the hidden character {told}" in refuse(CATALOGUE_TEXT.replace('name = "', f'name = "{sign}', 1))


@pytest.mark.parametrize("rule_class", FORBIDDEN_CLASSES)
def test_a_forbidden_class_is_refused_with_its_ground(rule_class: str) -> None:
    fault = refuse(CATALOGUE_TEXT.replace('class = "public_welfare"', f'class = "{rule_class}"'))
    assert "[BLOOD].class" in fault
    assert FORBIDDEN_CLASSES[rule_class] in fault


def test_an_unknown_class_is_refused() -> None:
    assert "'dancing' is not one of" in refuse(CATALOGUE_TEXT.replace('class = "public_welfare"', 'class = "dancing"'))


@pytest.mark.parametrize("name", ["blood_type", "monthly_income", "religion", "disease_name", "血型"])
def test_a_sensitive_item_is_refused(name: str) -> None:
    assert f"{name} may not be collected" in refuse(CATALOGUE_TEXT.replace('name = "hours"', f'name = "{name}"'))


SENSITIVE = (
    *("blood_type", "bloodType", "blood-type", "BloodTypes", "hiv_status", "annual_income_fen", "annualIncome"),
    *("bank_deposit", "taxes_paid", "genes", "fingerprints", "religious_faith"),
    *("salaries", "illnesses", "diagnoses", "medical_histories", "insurance_policies", "HIVStatus", "DNASample"),
    *("DNA检测", "finger_print", "fingerPrint", "薪酬", "real_estate_holdings", "monthlyWages"),
    *("血型", "血\u3000型", "宗教信仰", "工资", "存款余额", "纳税额"),
)
HARMLESS = (
    *("hours", "insurance_fee_arrears_months", "social_insurance_kind", "medical_institution", "health_permit"),
    *("livestock_holding", "warehouse_value", "energy_savings", "wage_arrears_fen", "拖欠工资数额", "不动产登记证号"),
    *("good_faith", "real_estate_agent", "securities_licence", "generation", "社会保险", "服务时长"),
)


@pytest.mark.parametrize("name", SENSITIVE)
def test_no_spelling_lets_a_sensitive_item_in(name: str) -> None:
    assert is_sensitive(name)
    assert "may not be collected" in refuse(CATALOGUE_TEXT.replace('title = "小时"', f'title = "{name}"'))


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_item_is_not_taken_for_a_sensitive_one(name: str) -> None:
    assert not is_sensitive(name)


def test_a_label_may_not_speak_of_faith() -> None:
    assert "宗教团体 may not be collected" in refuse(CATALOGUE_TEXT.replace("校级", "宗教团体"))


def test_a_name_betrays_a_forbidden_class() -> None:
    assert "speaks of 信访" in refuse(CATALOGUE_TEXT.replace('name = "BLOOD"', 'name = "越级信访"'))


def test_a_provider_must_be_a_department() -> None:
    fault = refuse(CATALOGUE_TEXT.replace('providers = ["waterworks"]', 'providers = ["gasworks"]'))
    assert "gasworks is not a department" in fault


@pytest.mark.parametrize("name", ["x'; SELECT 1; --", "Hours", "hours\n", "9to5", "h" * 61])
def test_an_item_has_the_name_of_a_column(name: str) -> None:
    spoilt = CATALOGUE_TEXT.replace('name = "hours"', f"name = {json.dumps(name)}")
    assert f"{name!r} is not a code; use up to 60 small letters" in refuse(spoilt)


@pytest.mark.parametrize("code", ["HOURS", "civil_affairs"])
def test_codes_of_indicators_and_departments_have_no_quotes(code: str) -> None:
    spoilt = CATALOGUE_TEXT.replace(f'code = "{code}"', f'code = "{code}\'"')
    assert f"{code + QUOTE!r} is not a code; use up to 60 of A to Z" in refuse(spoilt)


def test_a_code_stands_once() -> None:
    assert "HOURS stands twice" in refuse(CATALOGUE_TEXT.replace('code = "STARS"', 'code = "HOURS"'))


def test_an_unknown_filter_is_refused() -> None:
    assert "gossip: is not a key" in refuse(CATALOGUE_TEXT.replace("not_final =", "gossip ="))


def add_deadline(text: str) -> str:
    """The small city's catalogue with a deadline on its fines."""
    return CATALOGUE_TEXT.replace('class = "penalty"', f'class = "penalty"\ndue = {{ {text} }}')


def test_deadlines_are_read_and_no_indicator_needs_one() -> None:
    text = (
        add_deadline('working_days = 7, basis = "公示办法"') + '\n[check_due]\nworking_days = 5\nbasis = "第十七条"\n'
    )
    catalogue = read_catalogue(text, "dated")
    assert catalogue.indicators["FINE"].due == Deadline(working_days=7, basis="公示办法")
    assert catalogue.indicators["HOURS"].due is None
    assert catalogue.check_due == Deadline(working_days=5, basis="第十七条")
    assert CATALOGUE.check_due is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("working_days = 7", "[FINE].due.basis: is missing"),
        ('basis = "公示办法"', "[FINE].due.working_days: is missing"),
        ('working_days = 0, basis = "公示办法"', "0 is not from 1 to 60"),
        ('working_days = 90, basis = "公示办法"', "90 is not from 1 to 60"),
        ('working_days = 7, basis = "公示办法", from = "receipt"', "[FINE].due.from: is not a key"),
    ],
)
def test_a_deadline_needs_its_length_and_its_law(text: str, fault: str) -> None:
    assert fault in refuse(add_deadline(text))


def test_a_deadline_changes_no_score() -> None:
    dated = read_catalogue(add_deadline('working_days = 7, basis = "公示办法"'), "dated")
    assert read_rulebook(RULEBOOK_TEXT, "rulebook", dated).digest == RULEBOOK.digest
