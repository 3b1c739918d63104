"""Rescoring at the prompt: told before, done, checked, and counted along the way."""

from pathlib import Path
from random import Random

import pytest

from backend.gateways.sealing import Sealer
from backend.people.tables import open_enrolment
from backend.population.city_files import CityFilesError
from backend.scores.tables import StoredScoreRow
from backend.settings import read_settings
from tests.backend.cli.prompt import install, run
from tests.backend.population.town import Town
from tests.databases import count_rows, migrated_database


@pytest.fixture
def environment(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    """A new installation, with a place for the files of the city."""
    with migrated_database(sqlite_url):
        return install(tmp_path / "keys", sqlite_url) | {"SHANGDING_CITY_FILES": str(tmp_path / "files")}


def test_scores_are_refreshed_and_checked(environment: dict[str, str], sqlite_url: str) -> None:
    settings = read_settings(environment)
    keys = settings.sealing_keys
    with migrated_database(sqlite_url) as database:
        town = Town(database, Random(1), Sealer(keys.by_id, keys.current), settings.pseudonym_keys.current)  # noqa: S311 - a seed
        people = [town.add_person() for _ in range(3)]
        with database.transaction() as session:
            for each in people[:2]:
                open_enrolment(session, each, agreement_version="1", now=town.now)
        assert isinstance(run(["rescore"], environment).exception, CityFilesError)
        assert run(["population", "export", "--parts", "4"], environment).exit_code == 0

        assert run(["rescore", "--dry-run"], environment).stdout == "2 people; 2 would be refreshed\n"
        assert count_rows(database, "stored_score") == 0
        said = (
            "2 people; 2 refreshed; 0 held by somebody else or changed meanwhile;"
            " 0 whose score holds, or of whom the database knows more than the files\n"
        )
        counted = run(["rescore", "--count"], environment)
        assert counted.stdout.startswith(said), counted.output
        assert ": counted\n" in counted.stdout
        assert counted.stdout.endswith(
            "drawn for the API, each in Chinese and English:\n"
            "  3 for everybody: levels, points, benefits\n"
            "  3 for officers: levels, points, dimensions\n"
        )
        assert run(["rescore", "--dry-run"], environment).stdout == "2 people; 0 would be refreshed\n"

        said = "2 looked at; 2 agree, 0 differ, 0 have none that holds\n"
        assert run(["rescore", "--check", "9"], environment).stdout == said
        with database.transaction() as session:
            kept = session.get(StoredScoreRow, people[0])
            assert kept is not None
            kept.points += 1
        checked = run(["rescore", "--check", "2"], environment)
        assert (checked.exit_code, checked.stderr) == (1, f"{people[0]}: points not as evaluated from the ledger\n")


def test_what_is_missing_is_told(environment: dict[str, str]) -> None:
    del environment["SHANGDING_CITY_FILES"]
    told = run(["rescore"], environment)
    assert (told.exit_code, "give FOLDER, or set SHANGDING_CITY_FILES" in told.output) == (2, True)
