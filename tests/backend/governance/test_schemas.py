"""What a document says is looked at as it is read, not only as it is written; and what stands apart is not joined."""

import random
import re
from pathlib import Path

import pytest
from marshmallow import ValidationError

from backend.governance.identity_guard import find_identity_number
from backend.governance.schemas import DocumentsSchema, ToldSchema
from backend.people.identity_numbers import holds_resident_id
from backend.web.flaws import list_faults
from backend.web.problems import Place

NUMBER = "1101011990030745\\u00373"  # 110101199003074573, invented
SHIPPED = [
    path.read_text("utf-8")
    for folder in ("scoring/rulebooks", "scenarios")
    for path in sorted((Path(__file__).parents[3] / folder).rglob("*.toml"))
]
ROUNDS = 3
# A number as somebody may write it, and which of the lines it is on.
PLANTED = {
    "# 110101199003074573": 1,
    "points = 5  # 110101 1990-0307-4573": 1,
    'name = "１１０１０１１９９００３０７４５７３"': 1,
    "name = '110101199003074573'": 1,
    f'name = "{NUMBER}"': 1,
    'note = """\n第一行\n110101 19900307 4573"""': 3,
    "note = '''\n110101\n19900307\n4573'''": 1,
    'note = """\n110101\\\n  19900307\\\n  4573"""': 1,
    "110101199003074573 = 1": 1,
    'lines = { ZZ-H-02 = 5, "110101199003074573" = 8 }': 1,
    "serial = 110_101_19900307_4573": 1,
    "of no toml 110101 19900307 4573": 1,
    'name = "never ended 110101199003074573': 1,
    'note = """never ended\n110101199003074573\\': 2,
}


@pytest.mark.parametrize(
    "text",
    ['title = "\\u001b[31m"', 'title = "\\u0000"', 'title = "\\u202e"', f'name = "{NUMBER}"', f'["{NUMBER}"]\na = 1'],
)
def test_an_escape_says_nothing_that_a_line_may_not(text: str) -> None:
    with pytest.raises(ValidationError):
        DocumentsSchema().load({"cases": text})
    assert DocumentsSchema().load({"cases": "a = 1\r\nb = 2\r\n"}) == {"cases": "a = 1\nb = 2\n"}
    with pytest.raises(ValidationError):  # a CR of its own hides what stands before it
        DocumentsSchema().load({"cases": "a = 1\rb = 2\n"})
    assert DocumentsSchema().load({"cases": 'title = "\\u4e00"'}) == {"cases": 'title = "\\u4e00"'}


def test_figures_that_stand_side_by_side_are_no_number() -> None:
    apart = 'lines = { ZZ-H = 110101, ZZ-E = 19900307 }  # 45\nname = "73"'
    joined = "lines = { A = 110101, B = 19900307, C = 4573 }"
    assert holds_resident_id(joined)
    assert (find_identity_number(joined), find_identity_number(apart)) == (None, None)
    rng = random.Random(1)  # noqa: S311
    assert len(SHIPPED) > 20
    for text in SHIPPED * ROUNDS:
        assert find_identity_number(re.sub(r"\d", lambda _: str(rng.randrange(10)), text)) is None, text


@pytest.mark.parametrize(("planted", "line"), PLANTED.items())
def test_a_number_that_somebody_wrote_is_found_with_its_line(planted: str, line: int) -> None:
    rng = random.Random(planted)  # noqa: S311
    text = rng.choice([each for each in SHIPPED if '"""' not in each and "'''" not in each])
    lines = text.split("\n")
    before = rng.randrange(len(lines))
    for document in (planted, "\n".join([*lines[:before], planted, *lines[before:]])):
        first = 0 if document == planted else before
        assert find_identity_number(document) == first + line, document
    with pytest.raises(ValidationError) as refused:
        DocumentsSchema().load({"cases": f"a = 1\n{planted}\n"})
    (fault,) = list_faults(refused.value, Place.BODY)
    assert (fault.pointer, fault.code, fault.values) == ("/cases", "line_holds_identity_number", {"line": 1 + line})


@pytest.mark.parametrize(
    "blank", ["\u3164" * 20, "\u2800" * 20, "." * 20, "系统检修，今日不办\u200b" * 3, "一二三四。" + "." * 20]
)
def test_an_urgency_says_something(blank: str) -> None:
    with pytest.raises(ValidationError):
        ToldSchema().load({"urgency": blank})
    urgency = "省里的办法后天施行，晚于这一天群众就会多扣分。"
    assert ToldSchema().load({"urgency": urgency})["urgency"] == urgency
