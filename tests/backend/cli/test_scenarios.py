import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli import commands
from backend.gateways.scenario_files import CATALOGUES, list_scenario_cities
from scoring.documents import DocumentError

NAME = "scenarios-2026-01-01.toml"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of Zhengzhou's scenarios, to be spoilt."""
    folder = tmp_path / "draft"
    shutil.copytree(str(CATALOGUES / "zhengzhou"), folder)
    return folder


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(commands, ["scenarios", *map(str, words)], env={"COLUMNS": "160"})


def spoil(folder: Path, old: str, new: str) -> Path:
    text = (folder / NAME).read_text("utf-8")
    assert old in text
    (folder / NAME).write_text(text.replace(old, new, 1), "utf-8")
    return folder / NAME


def test_every_shipped_city_is_listed_and_its_cases_hold() -> None:
    listed, run = call("list"), call("cases")
    assert (listed.exit_code, run.exit_code) == (0, 0), run.output
    for city in list_scenario_cities():
        assert city in listed.output
        assert f"{city} 2026.1" in run.output
    for words in ("160 points", "aged 60-", "in 350205", "not on defaulters", "discount, by contract", "10000 fen"):
        assert words in listed.output


def test_a_draft_is_checked_against_the_rulebook_of_its_city(draft: Path) -> None:
    assert "14 scenarios of zhengzhou 2026.1, no fault" in call("check", draft / NAME).output
    refused = call("check", spoil(draft, 'service = "public_library"', 'service = "emergency_care"'))
    assert isinstance(refused.exception, DocumentError)
    assert "nothing may depend on a score" in str(refused.exception)


def test_a_moved_threshold_fails_its_cases(draft: Path) -> None:
    spoil(draft, 'level = "excellent"', 'level = "good"')
    result = call("cases", draft)
    assert result.exit_code == 1
    assert "gives granted, expected unmet level" in result.output


def test_a_part_without_a_case_fails(draft: Path) -> None:
    cases = draft / NAME.replace("scenarios", "cases")
    head = cases.read_text("utf-8").partition("[[case]]")[0]
    cases.write_text(head, "utf-8")
    result = call("cases", draft)
    assert result.exit_code == 1
    assert "library_card granted" in result.output


def test_a_city_without_scenarios_is_named() -> None:
    assert "has no scenarios; there are those of fuzhou" in str(call("list", "atlantis").exception)
