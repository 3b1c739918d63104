import pytest

from backend.people.names import fold_name


@pytest.mark.parametrize(
    "written",
    [
        "买买提·艾力",
        "买买提•艾力",
        "买买提・艾力",
        "买买提･艾力",
        "买买提．艾力",
        "买买提 · 艾力",
        "买买提\u3000艾力",
        "买买提艾力\u200b",
    ],
)
def test_dots_blanks_and_what_cannot_be_seen_make_no_other_name(written: str) -> None:
    assert fold_name(written) == "买买提艾力"


def test_full_width_letters_are_letters() -> None:
    assert fold_name("Ａｎｎ　Ｌｉ") == fold_name("Ann Li")


def test_other_characters_make_another_name() -> None:
    assert fold_name("王芳") != fold_name("王方")


def test_a_name_of_dots_says_nothing() -> None:
    assert fold_name(" ·• ") == ""
