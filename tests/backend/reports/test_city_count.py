"""The whole city counted over its files, against everybody's score by `evaluate`, one by one."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import pytest

from backend.population.city_files import CityFilesError, files_step, open_city_files
from backend.reports.city_count import count_city
from backend.reports.figure_tables import Cell, FigureKind
from scoring.bands import find_band, find_dimension_band
from scoring.days import ONE_DAY
from tests.backend.population.crowded import Crowd
from tests.databases import migrated_database

DAY = date(2025, 4, 1)


@pytest.fixture
def crowd(sqlite_url: str) -> Iterator[Crowd]:
    """Sixty people by chance; what is counted comes from files, so one database is enough."""
    with migrated_database(sqlite_url) as database:
        crowd = Crowd(database, DAY)
        crowd.gather(Random(11), 60)  # noqa: S311 - a crowd that can be had again
        yield crowd


def count_one_by_one(crowd: Crowd) -> Counter[Cell]:
    cells: Counter[Cell] = Counter()
    for score in crowd.compute().values():
        cells[Cell(FigureKind.SCORE, f"{score.level}:{find_band(score.points, crowd.rulebook).first}")] += 1
        for code, points in score.payload["dimensions"].items():
            cells[Cell(FigureKind.DIMENSION, f"{code}:{find_dimension_band(points).first}")] += 1
    return cells


def test_everybody_is_counted_once_and_where_the_score_says(crowd: Crowd) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # the export waits for the disk at each step
        crowd.export(Path(folder) / "files")
        told: list[tuple[int, int]] = []
        files = open_city_files(Path(folder) / "files")
        found = count_city(files, crowd.rulebook, DAY, progress=lambda done, of: told.append((done, of)))
        assert found == count_one_by_one(crowd)
        assert len({cell.name for cell in found if cell.kind is FigureKind.SCORE}) > 5
        assert told[-1] == (3, 3)
        with pytest.raises(CityFilesError, match="was exported on 2025-04-01, and what is kept is of 2025-04-02"):
            count_city(files, crowd.rulebook, DAY + ONE_DAY)
        with files_step(Path(folder) / "files") as step:
            step.keep(is_complete=False)
        with pytest.raises(CityFilesError, match="is not complete"):
            count_city(open_city_files(Path(folder) / "files"), crowd.rulebook, DAY)
