"""The shipped treaties stand on the shipped rules and scenarios of their cities."""

import shutil
from pathlib import Path

import pytest

from backend.gateways.rulebook_files import read_city
from backend.gateways.scenario_files import read_benefits
from backend.gateways.treaty_files import TREATIES, find_catalogues, read_treaties, read_treaty_file
from scenarios.catalogue import BenefitKind
from scoring.documents import DocumentError


def test_three_cities_have_a_treaty_each_with_each_other() -> None:
    assert [each.treaty.id for each in read_treaties()] == [
        "hangzhou-nanjing",
        "hangzhou-zhengzhou",
        "nanjing-zhengzhou",
    ]
    assert [each.treaty.id for each in read_treaties("nanjing")] == ["hangzhou-nanjing", "nanjing-zhengzhou"]
    assert read_treaties("atlantis") == ()


def test_levels_and_scales_are_those_of_the_rulebooks_and_no_right_is_easier_than_at_home() -> None:
    """A level in a treaty begins where the city's own does; a visitor stands at least as high as a resident must."""
    for name, text, treaty in read_treaties():
        catalogues = find_catalogues(text, name)
        assert set(catalogues) == set(treaty.cities)
        for city, party in treaty.parties.items():
            rulebook = read_city(city).rulebook_on(treaty.starts_on)
            if party.levels:
                own = [(each.code, rulebook.floor if each.at_least is None else each.at_least, each.name)
                       for each in rulebook.levels]  # fmt: skip
                assert [(each.code, each.at_least, each.title.zh) for each in party.levels] == own
                assert (party.floor, party.ceiling) == (rulebook.floor, rulebook.ceiling)
        for right in treaty.rights:
            wanted = catalogues[right.host].scenarios[right.scenario].condition.level
            host, home = treaty.party(right.host), treaty.party(right.home)
            needed = host.level(wanted)
            given = home.level(right.from_level) or home.lists[right.on_list or ""]
            assert needed is None or given.tier is None or given.tier >= needed.tier, right


def test_a_process_can_run_as_each_of_the_three() -> None:
    for city in ("hangzhou", "nanjing", "zhengzhou"):
        (edition,) = read_benefits(city, read_city(city)).editions
        assert edition.levels == tuple(level.code for level in read_city(city).editions[-1].levels)
        assert set(BenefitKind) >= {scenario.benefit.kind for scenario in edition.scenarios.values()}


def test_a_treaty_under_another_name_is_refused(tmp_path: Path) -> None:
    shutil.copy(str(TREATIES / "hangzhou-nanjing-2026-01-01.toml"), tmp_path / "draft.toml")
    with pytest.raises(DocumentError, match=r"call it hangzhou-nanjing-2026-01-01\.toml"):
        read_treaty_file(tmp_path, "draft.toml")
