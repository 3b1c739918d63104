"""The files of a city at the prompt: made, checked, made fewer."""

import sys
from pathlib import Path
from random import Random

import pytest

from backend.cli import main
from backend.gateways.sealing import Sealer
from backend.population.city_files import CityFilesError, Kind, open_city_files
from backend.settings import read_settings
from tests.backend.cli.prompt import install, run
from tests.backend.population.town import Town
from tests.databases import migrated_database


@pytest.fixture
def environment(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    """A new installation, with a place for the files of the city."""
    with migrated_database(sqlite_url):
        return install(tmp_path / "keys", sqlite_url) | {"SHANGDING_CITY_FILES": str(tmp_path / "files")}


def test_the_files_of_a_city_are_made_checked_and_made_fewer(environment: dict[str, str], sqlite_url: str) -> None:
    settings = read_settings(environment)
    folder, keys = settings.city_files, settings.sealing_keys
    assert folder is not None
    with migrated_database(sqlite_url) as database:
        town = Town(database, Random(1), Sealer(keys.by_id, keys.current), settings.pseudonym_keys.current)  # noqa: S311 - a seed
        for number, more in enumerate((["--parts", "4"], []), start=1):
            person = town.add_person()
            town.say(person, 3)
            made = run(["population", "export", *more], environment)
            assert f"{number} persons; 1 with news, 3 entries written" in made.output
    assert open_city_files(folder).parts == 4
    whole = run(["population", "verify", "--database"], environment)
    assert whole.exit_code == 0
    assert "2 subjects, 2 marked; 0 faults; 0 persons have news\n" in whole.output
    assert run(["population", "compact", "--at-least", "2"], environment).output.endswith("one file now\n")
    open_city_files(folder).list_files(Kind.SUBJECTS)[0].unlink()
    broken = run(["population", "verify"], environment)
    assert broken.exit_code == 1
    assert "is in the manifest and not in the folder" in broken.output
    assert "; 1 faults\n" in broken.output


def test_what_is_missing_is_told(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(["population", "verify"], {})
    assert (told.exit_code, "give FOLDER, or set SHANGDING_CITY_FILES" in told.output) == (2, True)
    told = run(["population", "verify"], environment)
    assert isinstance(told.exception, CityFilesError)
    assert "`shangding population export` makes them" in str(told.exception)
    monkeypatch.setattr(sys, "argv", ["shangding", "population", "verify", environment["SHANGDING_CITY_FILES"]])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1  # no wrong usage
