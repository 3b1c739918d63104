"""The shipped treaties: each right and figure is held by a case, and no proposal of ours passes as what cities said."""

import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from scenarios.treaty_document import build_treaty
from scoring.documents import DocumentError

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "scenarios" / "treaties"
TREATIES = sorted(path.name for path in FOLDER.glob("*.toml"))


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))


def spoil(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give copies with a right gone or moved, a tier, scope, flag or point of a map changed, each with the place."""
    levels = {party["city"]: [level["code"] for level in party.get("levels", [])] for party in document["parties"]}
    places: list[tuple[tuple[Any, ...], object]] = []
    for number, right in enumerate(document["rights"]):
        others = [code for code in levels[right["home"]] if code != right.get("from_level")]
        places += [(("rights", number, "from_level"), code) for code in others if "from_level" in right]
        places.append((("rights", number), None))
    for number, party in enumerate(document["parties"]):
        for part in ("levels", "lists"):
            graded = [(index, each["tier"]) for index, each in enumerate(party.get(part, [])) if "tier" in each]
            places += [
                (("parties", number, part, index, "tier"), f"T{tier}")
                for index, own in graded
                for tier in range(1, 6)
                if f"T{tier}" != own and {own, f"T{tier}"} != {"T1", "T2"}  # of neither is anything told
            ]
    for number, scale_map in enumerate(document.get("maps", [])):
        for index, (home, host) in enumerate(scale_map["points"]):
            places += [(("maps", number, "points", index), [home, host + step]) for step in (1, -1)]
    for key in ("scopes", "flags"):
        places += [(("treaty", key, index), None) for index in range(len(document["treaty"][key]))]
    for (*path, last), value in places:
        spoilt = deepcopy(document)
        parent: Any = spoilt
        for step in path:
            parent = parent[step]
        if value is None:
            del parent[last]
        else:
            parent[last] = value
        yield f"{path} {last} = {value}", spoilt


@pytest.mark.parametrize("name", TREATIES)
def test_whatever_is_moved_some_case_or_check_notices(name: str) -> None:
    assert build_treaty(read(name), "sound", digest="", catalogues={}).note
    survivors = []
    for place, spoilt in spoil(read(name)):
        try:
            build_treaty(spoilt, "spoilt", digest="", catalogues={})
        except DocumentError:
            continue
        survivors.append(place)
    assert survivors == []


@pytest.mark.parametrize("name", TREATIES)
def test_nothing_but_the_one_published_sentence_is_claimed(name: str) -> None:
    treaty = read(name)["treaty"]
    assert "建议稿" in treaty["title"]["zh"]
    assert "没有公布" in treaty["note"]
    assert "均为自定，不代表两市的约定" in treaty["note"]
    assert "界线上的分数归哪一级没有完整公布" in treaty["note"]
    assert "双方的义务为自定的建议" in treaty["note"]
    assert not any(party.is_named for party in build_treaty(read(name), "", digest="", catalogues={}).parties.values())


def test_the_examples_of_the_format_page_stand_in_a_shipped_treaty() -> None:
    page = (ROOT / "docs" / "treaty-format.md").read_text("utf-8")
    shipped = [(FOLDER / name).read_text("utf-8") for name in TREATIES]
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(examples) >= 5
    for example in examples:
        assert any(example.strip() in text for text in shipped), example
