"""Counting the whole city over its files: every part is scored and counted, and nothing of anybody is kept."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

from backend.population.city_files import CityFiles
from backend.population.engine import group_parts, open_engine
from backend.population.files_of_day import check_files
from backend.reports.counting import count_scores
from backend.reports.figure_tables import Cell
from scoring.rulebook import Rulebook

SCORED = "scored_for_figures"


def count_city(
    files: CityFiles,
    rulebook: Rulebook,
    day: date,
    *,
    scratch: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Counter[Cell]:
    """Count everybody who has a score on a day, by all that the files know; `progress` is told the parts done, of all.

    `scratch` is where DuckDB puts what does not fit into its memory. Raises CityFilesError for files that
    are half written, of another city, or not of an export on that day.
    """
    check_files(files, city=rulebook.city, day=day)
    cells: Counter[Cell] = Counter()
    with open_engine(files, rulebook.catalogue, scratch=scratch) as engine:
        scoring = engine.prepare(SCORED, rulebook, day)
        scores = scoring.compile_scores()
        for parts in group_parts(files):
            engine.look_at(*parts)
            scoring.begin()
            cells.update(count_scores(engine.connection, f"({scores})", rulebook))
            progress(parts[-1] + 1, files.parts)
    return cells
