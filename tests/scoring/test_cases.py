from dataclasses import replace

import pytest

from scoring.cases import read_cases
from scoring.documents import DocumentError
from tests.scoring.small_city import RULEBOOK

CASES = """
[cases]
city = "smallville"
rulebook = "1"
[[case]]
name = "献血"
as_of = 2026-06-01
records = [{ indicator = "BLOOD", occurred_on = 2026-03-01 }]
score = 110
level = "fair"
lines = { R-BLOOD = 10, base = 100, repeat = 0, freeze = 0, clamp = 0, L-DEEDS = 0, X-VOLUNTEER = 0 }
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "R-BLOOD =",
            "R-BLOD =",
            "case[献血].lines: 'R-BLOD' is no rule, limit or group of the rulebook; did you mean R-BLOOD?",
        ),
        ("L-DEEDS =", "嗯 =", "lines: '嗯' is no rule, limit or group of the rulebook"),
        ("2026-06-01", "9999-06-01", "as_of: 9999-06-01 is out of reach; give a day from 1900-01-01 to 2999-12-31"),
        ('"fair"', '"fairy"', "level: 'fairy' is no level of the rulebook; did you mean fair?"),
        ('"BLOOD"', '"BLOD"', "indicator: 'BLOD' is no indicator of the catalogue; did you mean BLOOD?"),
    ],
)
def test_a_case_names_only_what_there_is(old: str, new: str, words: str) -> None:
    assert len(read_cases(CASES, "cases", RULEBOOK)) == 1
    with pytest.raises(DocumentError) as caught:
        read_cases(CASES.replace(old, new.replace("嗯", '"嗯"')), "cases", RULEBOOK)
    (fault,) = caught.value.faults
    assert fault.endswith(words)


def test_more_cases_than_can_be_run_while_somebody_waits_are_refused() -> None:
    records = ", ".join(['{ indicator = "BLOOD", occurred_on = 2026-03-01 }'] * 4000)
    text = CASES.replace('{ indicator = "BLOOD", occurred_on = 2026-03-01 }', records)
    (case,) = read_cases(text, "cases", RULEBOOK)
    assert len(case.records) == 4000
    wide = replace(RULEBOOK, rule_limits=RULEBOOK.rule_limits * 400)
    with pytest.raises(DocumentError, match="steps to run, each record by each rule and limit"):
        read_cases(text, "cases", wide)
