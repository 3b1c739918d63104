"""Names that look alike are one, and names of different people stay apart."""

import pytest

from backend.clients.likeness import find_skeleton

# By width, case, blanks and separators, what cannot be seen, letters of other scripts, figures, and accents.
TWINS = ["Wang-Li", "ＷＡＮＧ　ＬＩ", "wang\u200b\u00ad li", "w\u0430ng li", "wang l1", "wan\u0261.l\u00ec", "vvang_lı"]


@pytest.mark.parametrize("twin", TWINS, ids=ascii)
def test_what_looks_alike_is_one(twin: str) -> None:
    assert find_skeleton(twin) == find_skeleton("wang li")


def test_names_of_different_people_stay_apart() -> None:
    names = [
        "wang",
        "wangl",
        "wang min",
        "wang ming",
        "wang na",
        "li",
        "lin",
        "liu",
        "王立",
        "王丽",
        "张三",
        "0317",
        "0371",
    ]
    assert len({find_skeleton(name) for name in names}) == len(names)
    assert find_skeleton("张 三") == find_skeleton("张三")
    assert find_skeleton("\u2f83") == find_skeleton("自")  # a radical by itself is the character
    assert find_skeleton("—— ·") == ""
