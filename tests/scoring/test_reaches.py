"""信用穿透 in a catalogue: whom a record of an organisation reaches, and which such claims are refused."""

from importlib import resources

import pytest

from scoring.catalogue_document import read_catalogue
from scoring.documents import DocumentError

SHIPPED = (resources.files("scoring") / "rulebooks/zhengzhou/catalogue-2026-01-01.toml").read_text("utf-8")
PERSON = 'code = "ZZ-REG-05"'


def change(old: str, new: str, *, after: str = "") -> str:
    """The shipped catalogue with one thing changed."""
    start = SHIPPED.index(after)
    assert old in SHIPPED[start:]
    return SHIPPED[:start] + SHIPPED[start:].replace(old, new, 1)


def test_the_shipped_catalogue_reaches_only_whom_a_document_names() -> None:
    indicators = read_catalogue(SHIPPED, "shipped").indicators
    reaching = {code: each.reaches for code, each in indicators.items() if each.reaches is not None}
    assert list(reaching) == ["ZZ-LAW-13"]
    reach = reaching["ZZ-LAW-13"]
    assert (reach.indicator, reach.who, reach.when) == ("ZZ-REG-05", "legal_representative", "names_representative")
    assert "第三十五条" in reach.basis


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (change('reaches = { indicator = "ZZ-REG-05"', 'reaches = { indicator = "ZZ-REG-03"'), "natural persons"),
        (change('reaches = { indicator = "ZZ-REG-05"', 'reaches = { indicator = "ZZ-NO-01"'), "natural persons"),
        (change('when = "names_representative"', 'when = "named"'), "not a flag item"),
        (change('who = "legal_representative"', 'who = "neighbour"'), "legal_representative"),
        (change('who = "legal_representative", ', ""), "who"),
        (
            change('subjects = ["natural_person", "enterprise"]', 'subjects = ["natural_person"]', after='"ZZ-LAW-13"'),
            "nobody else",
        ),
        (change('"development_reform", ', "", after=PERSON), "not provided by everybody"),
        (change("continuing = true", "continuing = false", after=PERSON), "not continuing"),
        (
            change(
                "continuing = true\n",
                'continuing = true\n\n[[indicators.items]]\nname = "role"\ntitle = "职务"\ntype = "flag"\n',
                after=PERSON,
            ),
            "demands role",
        ),
    ],
)
def test_a_reach_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        read_catalogue(text, "changed")
