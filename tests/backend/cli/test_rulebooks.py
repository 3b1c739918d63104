import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli import commands
from backend.gateways.rulebook_files import RULEBOOKS, list_cities
from scoring.documents import DocumentError


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of Zhengzhou's rules, to be spoilt."""
    folder = tmp_path / "draft"
    shutil.copytree(str(RULEBOOKS / "zhengzhou"), folder)
    return folder


def check(*cities: str | Path) -> Result:
    return CliRunner().invoke(commands, ["rulebook", "check", *map(str, cities)], env={"COLUMNS": "160"})


def spoil(folder: Path, kind: str, old: str, new: str) -> None:
    (path,) = folder.glob(f"{kind}-*.toml")
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_every_shipped_city_is_sound() -> None:
    result = check()
    assert result.exit_code == 0, result.output
    for city in list_cities():
        assert city in result.output
    assert "0 failed" in result.output


def test_a_moved_figure_fails_and_the_statement_is_shown(draft: Path) -> None:
    spoil(draft, "rulebook", "points = 10\ntimes", "points = 11\ntimes")
    result = check(draft)
    assert result.exit_code == 1
    assert "✗" in result.output
    assert "expected" in result.output


def test_a_new_gap_fails(draft: Path) -> None:
    spoil(draft, "rulebook", "total_ml = { below = 4000 }", "total_ml = { below = 3000 }")
    result = check(draft)
    assert result.exit_code == 1, result.output
    assert "ZZ-HON-05: total_ml = 3000..3999" in result.output


def test_an_overlap_refuses_the_document(draft: Path) -> None:
    spoil(draft, "rulebook", 'indicator = "ZZ-ETH-03"', 'indicator = "ZZ-ETH-02"')
    result = check(draft)
    assert isinstance(result.exception, DocumentError)
    assert "both match" in str(result.exception)


def test_missing_cases_refuse_the_edition(draft: Path) -> None:
    (path,) = draft.glob("cases-*.toml")
    path.unlink()
    assert "is missing; it belongs into draft/" in str(check(draft).exception)


def test_an_unknown_city_is_told_which_there_are() -> None:
    assert "there are hangzhou, nanjing, wendeng, zhengzhou" in str(check("atlantis").exception)
