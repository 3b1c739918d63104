"""What another city calls something is shown as it is, if it is a name and nothing else."""

import pytest

from backend.partners.shown_texts import is_plain_text, show_name


@pytest.mark.parametrize("text", ["西湖医院", "Dr. Wang & Söhne (2号店)", "a", "x" * 200, "3.5 折", "A.O.史密斯"])
def test_names_are_shown(text: str) -> None:
    assert is_plain_text(text)


UNSEEN = "\n\0\u202e\u2067\u200f\u200b\u2028\ue000\ud800\U000e0041"
LINKS = ("https://x.example", "ftp：／／x", "WWW.x", "到 Win-Prize.TOP 领奖", "ｅｖｉｌ．ｃｏｍ")


@pytest.mark.parametrize("text", ["", " a", "a\u3000", "x" * 201, "e\u0301", *LINKS, *(f"a{each}b" for each in UNSEEN)])
def test_what_does_something_on_a_screen_is_not(text: str) -> None:
    assert not is_plain_text(text)


def test_what_has_no_name_to_be_shown_goes_by_its_code() -> None:
    assert show_name("西湖医院", "code") == "西湖医院"
    assert {show_name(name, "code") for name in (None, *LINKS)} == {"code"}
