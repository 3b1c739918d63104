import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.web import fields, flaws, json_parser, paging
from backend.web.messages import (
    Language,
    MessageError,
    choose_language,
    get_message,
    has_message,
    read_messages,
    read_placeholders,
)
from backend.web.problems import ProblemCode, Refusal, describe_refusal

CHINESE, ENGLISH = read_messages(Language.CHINESE), read_messages(Language.ENGLISH)


def compare(left: dict[str, str], right: dict[str, str]) -> list[str]:
    """The codes that only one language has, or whose placeholders differ."""
    return sorted(
        code
        for code in left.keys() | right.keys()
        if code not in left or code not in right or read_placeholders(left[code]) != read_placeholders(right[code])
    )


def test_both_languages_say_the_same_things() -> None:
    assert compare(dict(CHINESE), dict(ENGLISH)) == []


def test_a_missing_key_and_another_placeholder_are_found() -> None:
    planted = dict(ENGLISH)
    del planted["problem.not_found.title"]
    planted["validation.too_long"] = "At most {limit}."
    assert compare(dict(CHINESE), planted) == ["problem.not_found.title", "validation.too_long"]


def test_amounts_are_told_in_yuan() -> None:
    """To a citizen 分 are points, and nobody counts in fen."""
    for texts in (CHINESE, ENGLISH):
        assert [
            code for code, text in texts.items() if any(name.endswith("_fen") for name in read_placeholders(text))
        ] == []
    told = get_message("problem.amount_above_hold.detail", Language.CHINESE, held_fen=5_005)
    assert told == "这笔权益现占用或者欠付50.05元，金额不能超过此数。"


@pytest.mark.parametrize("code", list(ProblemCode))
def test_every_problem_code_has_title_and_detail(code: ProblemCode) -> None:
    assert has_message(f"problem.{code}.title")
    assert has_message(f"problem.{code}.detail")


def test_no_text_is_left_for_a_code_that_is_gone() -> None:
    codes = {key.split(".")[1] for key in CHINESE if key.startswith("problem.")}
    assert codes == {code.value for code in ProblemCode}


def test_every_flaw_that_the_source_names_has_a_text() -> None:
    for module in (fields, flaws, json_parser, paging):
        source = inspect.getsource(module)
        for code in re.findall(r'(?:refuse_value|JsonError|Flaw)\("([a-z0-9_]+)"', source):
            assert has_message(f"validation.{code}"), code
    for code in fields.CodedErrors.default_error_messages.values():
        assert has_message(f"validation.{code}"), code


def test_chinese_texts_are_chinese() -> None:
    assert [code for code, text in CHINESE.items() if not re.search(r"[\u4e00-\u9fff]", text)] == []
    assert [code for code, text in ENGLISH.items() if re.search(r"[\u4e00-\u9fff]", text)] == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.CHINESE),
        ("", Language.CHINESE),
        ("*", Language.CHINESE),
        ("fr", Language.CHINESE),
        ("en", Language.ENGLISH),
        ("EN-us", Language.ENGLISH),
        ("fr, en;q=0.5", Language.ENGLISH),
        ("en;q=0.1, zh-TW;q=0.9", Language.CHINESE),
        ("en;q=0", Language.CHINESE),
        (";;;q=x", Language.CHINESE),
    ],
)
def test_the_language_follows_the_header(header: str | None, language: Language) -> None:
    assert choose_language(header) is language


@given(st.text(max_size=40))
def test_no_header_breaks_the_choice(header: str) -> None:
    assert choose_language(header) in Language


def test_an_unknown_code_and_a_missing_value_are_faults() -> None:
    with pytest.raises(MessageError, match="no text"):
        get_message("problem.nonsense.title", Language.ENGLISH)
    with pytest.raises(MessageError, match="maximum"):
        get_message("validation.too_long", Language.ENGLISH)


def test_a_problem_has_the_members_of_rfc_9457_and_ours() -> None:
    refusal = Refusal(ProblemCode.SCOPE_MISSING, {"scope": "score:read"})
    document = describe_refusal(refusal, language=Language.CHINESE, instance="request-0001")
    assert document == {
        "type": "urn:shangding:problem:scope_missing",
        "title": "权限不足",
        "status": 403,
        "detail": "令牌缺少权限 score:read。",
        "code": "scope_missing",
        "instance": "request-0001",
    }
