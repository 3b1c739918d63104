"""No name makes the engine do anything else, even one that no reader lets pass; and there is little it could do."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import duckdb
import pytest

from backend.population.city_files import begin_files, reading_files
from backend.population.engine import open_engine
from backend.population.rescoring import rescore
from backend.storage.database import Database
from tests.backend.population.crowded import Crowd
from tests.backend.population.test_rescoring import DAY
from tests.databases import migrated_database
from tests.scoring.population.crowds import make_crowd
from tests.scoring.renaming import rename
from tests.scoring.small_city import RULEBOOK

QUOTES = "'/~*\".[0]$"


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[Database]:
    """A database; which one makes no difference here."""
    with migrated_database(sqlite_url) as database:
        yield database


def test_hostile_names_are_names(on_sqlite: Database, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    written = folder / "written"
    hostile = {
        "honour": f"x\" FROM (SELECT 1 AS y)); COPY (SELECT 1) TO '{written}'; --",
        "deeds": "x FROM (SELECT 1 AS y)) --",
        "hours": f"x'; COPY (SELECT 1) TO '{written}'; --",
        "grade": f"{QUOTES}\n",
        "amount_fen": "~0/-",
        "top": f"x'); COPY (SELECT 1) TO '{written}'; --",
        "high": QUOTES,
    }
    crowd = Crowd(on_sqlite, DAY, rename(RULEBOOK, hostile))
    crowd.settle(rename(make_crowd(Random(7), 60), hostile))  # noqa: S311 - a crowd that can be had again
    crowd.export(folder)
    with reading_files(folder) as files, open_engine(files, crowd.rulebook.catalogue) as engine:
        rescore(crowd.database, engine, crowd.rulebook, now=crowd.now)
    wanted = crowd.compute()
    assert crowd.read_kept() == wanted
    assert {score.level for score in wanted.values()} >= {hostile["top"], hostile["high"]}
    assert not written.exists()


def test_the_engine_reaches_its_folders_alone(tmp_path: Path) -> None:
    folder, writable, secret = tmp_path / "files", tmp_path / "writable", tmp_path / "secret.txt"
    begin_files(folder, city="smallville", parts=1)
    writable.mkdir()
    secret.write_text("secret")
    with (
        reading_files(folder) as files,
        open_engine(files, RULEBOOK.catalogue, scratch=tmp_path, writable=writable) as engine,
    ):
        for statement in (
            f"COPY (SELECT 1) TO '{tmp_path}/written.csv'",
            f"COPY (SELECT 1) TO '{writable}/../written.csv'",
            f"FROM read_text('{secret}')",
            f"ATTACH '{tmp_path}/written.db'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "SET allowed_directories = ['/']",
            "RESET lock_configuration",
        ):
            with pytest.raises(duckdb.Error, match=r"disabled|locked|Cannot"):
                engine.connection.execute(statement)
        engine.connection.execute(f"COPY (SELECT 1) TO '{writable}/written.csv'")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["files", "secret.txt", "writable"]
    assert [each.name for each in writable.iterdir()] == ["written.csv"]
