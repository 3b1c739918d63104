from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint
from stdnum.cn.ric import calc_check_digit
from stdnum.cn.uscc import calc_check_digit as calc_code_check

from backend.people.identity_numbers import (
    IdentityFault,
    ResidentId,
    SubjectKind,
    find_check_character,
    happened_before_birth,
    holds_resident_id,
    read_identity,
    read_resident_id,
    read_uscc,
)
from backend.people.tables import SubjectRow
from scoring.catalogue_document import SUBJECTS

TODAY = date(2026, 11, 22)
USCC = "91110000600037341L"  # the example of the standard's own documentation
DIGITS = st.text("0123456789", min_size=17, max_size=17)


def number(first: str) -> str:
    return first + find_check_character(first)


def test_a_resident_id_gives_its_number_and_day_of_birth() -> None:
    found = read_resident_id("11010519491231002X", today=TODAY)  # the example of GB 11643-1999
    assert found == ResidentId("11010519491231002X", date(1949, 12, 31))


def test_a_small_x_is_a_capital_one() -> None:
    found = read_resident_id("11010519491231002x", today=TODAY)
    assert isinstance(found, ResidentId)
    assert found.number == "11010519491231002X"


@pytest.mark.parametrize("region", ["810000", "820000", "830000", "659012", "653228", "320506", "371082", "911001"])
def test_no_region_is_refused(region: str) -> None:
    assert isinstance(read_resident_id(number(f"{region}19700101001"), today=TODAY), ResidentId)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", IdentityFault.WRONG_LENGTH),
        ("110105491231002", IdentityFault.WRONG_LENGTH),
        ("11010519491231002X ", IdentityFault.WRONG_LENGTH),
        ("１１０１０５１９４９１２３１００２Ｘ", IdentityFault.FULL_WIDTH),
        ("11010519491231002Ｘ", IdentityFault.FULL_WIDTH),
        ("1101051949123100٢X", IdentityFault.WRONG_CHARACTER),
        ("11010519491231002\n", IdentityFault.WRONG_CHARACTER),
        ("11010519491231X02X", IdentityFault.WRONG_CHARACTER),
        ("11010519491231002Y", IdentityFault.WRONG_CHARACTER),
        (number("11010519490230002"), IdentityFault.NO_SUCH_BIRTH_DATE),
        (number("11010519000229002"), IdentityFault.NO_SUCH_BIRTH_DATE),
        (number("11010500000101002"), IdentityFault.NO_SUCH_BIRTH_DATE),
        (number("11010518991231002"), IdentityFault.BORN_BEFORE_1900),
        (number("11010520261123002"), IdentityFault.BORN_IN_FUTURE),
        ("110105194912310021", IdentityFault.WRONG_CHECK_CHARACTER),
    ],
)
def test_what_is_no_resident_id_is_refused_with_its_reason(text: str, fault: IdentityFault) -> None:
    assert read_resident_id(text, today=TODAY) is fault


@pytest.mark.parametrize("born", ["19000101", "20261122", "20000229"])
def test_the_edges_of_birth_are_inside(born: str) -> None:
    assert isinstance(read_resident_id(number(f"410102{born}001"), today=TODAY), ResidentId)


@given(DIGITS)
def test_the_check_character_is_that_of_an_independent_implementation(first: str) -> None:
    assert find_check_character(first) == calc_check_digit(first + "0")


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(place: int, step: int) -> None:
    right = number("41010219900307123")
    wrong = right[:place] + str((int(right[place]) + step) % 10) + right[place + 1 :]
    assert isinstance(read_resident_id(wrong, today=TODAY), IdentityFault)


@given(st.text(max_size=24))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    for kind in SubjectKind:
        found = read_identity(kind, text, today=TODAY)
        assert isinstance(found, IdentityFault) or len(found) == 18


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (USCC, USCC),
        (USCC.lower(), USCC),
        ("91110000600037341M", IdentityFault.WRONG_CHECK_CHARACTER),
        ("9111000060003734１L", IdentityFault.FULL_WIDTH),
        ("9111-0000600037341L", IdentityFault.WRONG_LENGTH),
        ("9111 000600037341L", IdentityFault.WRONG_CHARACTER),
        ("A1110000600037341L", IdentityFault.WRONG_CHARACTER),
        ("91110000600O37341L", IdentityFault.WRONG_CHARACTER),
    ],
)
def test_credit_codes_are_read_or_refused(text: str, expected: str | IdentityFault) -> None:
    assert read_uscc(text) == expected


def test_the_kind_of_subject_says_which_number_it_has() -> None:
    assert read_identity("enterprise", USCC, today=TODAY) == USCC
    assert read_identity("natural_person", USCC, today=TODAY) is IdentityFault.WRONG_CHARACTER
    assert read_identity("natural_person", "11010519491231002x", today=TODAY) == "11010519491231002X"
    with pytest.raises(ValueError, match="robot"):
        read_identity("robot", USCC, today=TODAY)


def test_a_persons_number_is_no_organisations_whatever_its_form() -> None:
    numbers = [number(f"41010219900307{sequence:03}") for sequence in range(200)]
    ambiguous = [each for each in numbers if isinstance(read_uscc(each), str)]
    assert ambiguous  # the defect: these passed for credit codes
    for each in ambiguous:
        assert read_identity("enterprise", each, today=TODAY) is IdentityFault.OF_A_PERSON
        assert read_identity("natural_person", each, today=TODAY) == each


@pytest.mark.parametrize(
    "text",
    [
        "11010519491231002X",
        "11010519491231002x",
        "fine-11010519491231002X-1",
        "当事人11010519491231002X有异议",
        "0" + number("41010219900307123"),
        number("41010219900307123") + "0",
        "110105 19491231 002X",
        "110105-1949-12-31-002x",
        "110105 - 19491231 - 002X",
        "〔110105〕〔19491231〕002X",
        "1.1.0.1.0.5.1.9.4.9.1.2.3.1.0.0.2.X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "11010519491231\u200b002X",
        "110105----19491231----002X",
        "110105 1949年12月31日 002X",
        "110105 and 19491231 and 002X",
        "一一〇一〇五一九四九一二三一〇〇二X",
        "11010519491231002Х",  # a Cyrillic letter
        "\u0661\u0661\u0660\u0661\u0660\u0665\u0661\u0669\u0664\u0669\u0661\u0662\u0663\u0661\u0660\u0660\u0662X",
        number("11010519000101002"),
        number("11010520261122002"),
    ],
)
def test_a_resident_id_is_found_wherever_it_stands(text: str) -> None:
    assert holds_resident_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "donation-20261102-0815",
        "郑交罚〔2026〕1号",
        "（2026）豫0102民初12345号",
        "110105194912310021",  # another check character
        "1101051949123100",
        number("11010519490230002"),  # 30 February
        number("11010518991231002"),
        "019a0000-0000-7000-8000-000000000001",
        USCC,
        "91410100MA44TG2P0X",
    ],
)
def test_other_texts_hold_none(text: str) -> None:
    assert not holds_resident_id(text)


@given(st.text(max_size=20), st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999), st.text(max_size=20))
def test_no_text_around_it_hides_a_resident_id(before: str, born_on: date, sequence: int, after: str) -> None:
    assert holds_resident_id(before + number(f"410102{born_on:%Y%m%d}{sequence:03}") + after)


@given(st.sampled_from(["91410100", "52370500", "12330000"]), st.text("0123456789", min_size=9, max_size=9))
def test_a_credit_code_is_public_and_held_for_no_resident_id(start: str, organisation: str) -> None:
    code = start + organisation
    code += calc_code_check(code)
    assert isinstance(read_uscc(code), str) or code[-1] not in "0123456789ABCDEFGHJKLMNPQRTUWXY"
    assert not holds_resident_id(f"register-{code}")


def test_nothing_of_a_number_shows_in_its_description() -> None:
    found = read_resident_id("11010519491231002X", today=TODAY)
    assert "1949" not in repr(found)


def test_the_catalogue_and_the_table_know_the_same_kinds_of_subjects() -> None:
    assert set(SUBJECTS) == set(SubjectKind)
    (check,) = (
        str(each.sqltext)
        for each in SubjectRow.__table__.constraints  # type: ignore[attr-defined]  # typed as FromClause
        if isinstance(each, CheckConstraint) and "kind IN" in str(each.sqltext)
    )
    assert set(check.split("'")[1::2]) == set(SubjectKind)


OLD_FOREIGN = "KAZ410190123105"  # invented: three letters, place of issue, 31 December 1990, two more


@pytest.mark.parametrize("text", [OLD_FOREIGN, OLD_FOREIGN.lower()])
def test_the_old_number_of_a_foreigner_is_read_by_its_form_and_its_day(text: str) -> None:
    found = read_resident_id(text, today=TODAY)
    assert found == ResidentId(OLD_FOREIGN, date(1990, 12, 31))
    assert read_identity("natural_person", text, today=TODAY) == OLD_FOREIGN


@pytest.mark.parametrize("last", "0123456789")
def test_its_last_character_is_not_checked(last: str) -> None:
    assert isinstance(read_resident_id(OLD_FOREIGN[:-1] + last, today=TODAY), ResidentId)


def test_where_it_leaves_the_century_open_neither_is_ruled_out() -> None:
    young = read_resident_id("USA110010050112", today=TODAY)
    assert isinstance(young, ResidentId)
    assert (young.born_on, young.earliest_birth) == (date(2010, 5, 1), date(1910, 5, 1))
    assert not happened_before_birth("USA110010050112", date(1950, 1, 1))
    leap = read_resident_id("USA110000022912", today=TODAY)  # 1900 had no 29 February
    assert leap == ResidentId("USA110000022912", date(2000, 2, 29))
    assert read_resident_id("USA110030050112", today=TODAY) == ResidentId("USA110030050112", date(1930, 5, 1))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("KAZ410190133105", IdentityFault.NO_SUCH_BIRTH_DATE),
        ("KA1410190123105", IdentityFault.WRONG_CHARACTER),
        ("KAZ41019012310A", IdentityFault.WRONG_CHARACTER),
        ("ＫAZ410190123105", IdentityFault.FULL_WIDTH),
        ("KAZ41019012310５", IdentityFault.FULL_WIDTH),
        ("KAZ41019012310", IdentityFault.WRONG_LENGTH),
        ("410102901231005", IdentityFault.WRONG_LENGTH),  # a citizen's number of before 1999
    ],
)
def test_what_is_no_old_foreign_number_is_refused(text: str, fault: IdentityFault) -> None:
    assert read_resident_id(text, today=TODAY) is fault


def test_the_new_number_of_a_foreigner_is_built_like_a_citizens() -> None:
    new = number("91184019901231001")
    assert read_resident_id(new, today=TODAY) == ResidentId(new, date(1990, 12, 31))
    wrong = new[:-1] + ("0" if new[-1] != "0" else "1")
    assert read_resident_id(wrong, today=TODAY) is IdentityFault.WRONG_CHECK_CHARACTER


@pytest.mark.parametrize(
    "text",
    [
        OLD_FOREIGN,
        f"证号{OLD_FOREIGN}，已核",
        "kaz 4101 901231 05",
        "KAZ-4101-901231-05",
        "ＫＡＺ４１０１９０１２３１０５",
        f"{OLD_FOREIGN}X",
    ],
)
def test_an_old_foreign_number_is_found_in_a_text(text: str) -> None:
    assert holds_resident_id(text)


@pytest.mark.parametrize(
    "text", ["XZC202603010012", "ABC410190133105", f"{OLD_FOREIGN}1", f"X{OLD_FOREIGN}", "JG-2026-00000001"]
)
def test_a_departments_own_key_is_none(text: str) -> None:
    assert not holds_resident_id(text)


@given(st.text(max_size=40) | st.from_regex(r"[A-Za-z 0-9〇一二三-]{10,30}", fullmatch=True))
def test_the_short_way_finds_what_the_long_way_finds(text: str) -> None:
    assert holds_resident_id(text) == holds_resident_id(f"{text}\u200a\u00e9")  # a sign that is not common
