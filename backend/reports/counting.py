"""The figures of a day: counted part by part over the files of the city, added up, and kept once.

Whoever has the scores of all people at hand (the nightly rescoring, `shangding reports count`) counts them here: the
kept scores of the database are only those of people who have looked.
"""

import secrets
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from duckdb import DuckDBPyConnection

from backend.population.quoting import quote_name, quote_text
from backend.reports.benefit_figures import count_benefit_people
from backend.reports.figure_tables import MOST_OFFSET, Cell, Counted, FigureKind, add_day, add_offsets
from backend.storage.database import Database
from scoring.bands import find_band, find_dimension_band
from scoring.rulebook import Rulebook


def count_scores(connection: DuckDBPyConnection, scores: str, rulebook: Rulebook) -> Counter[Cell]:
    """Count the scores of a part of the city, to be added to those of the other parts.

    `scores` is a table, view or bracketed query of DuckDB with the columns of `plan_scores`, a row for each person.
    """
    cells: Counter[Cell] = Counter()
    for level, dimension, points, people in connection.execute(write_count(scores, rulebook)).fetchall():
        if dimension is None:
            cells[Cell(FigureKind.SCORE, f"{level}:{find_band(points, rulebook).first}")] += people
        else:
            cells[Cell(FigureKind.DIMENSION, f"{dimension}:{find_dimension_band(points).first}")] += people
    return cells


def write_count(scores: str, rulebook: Rulebook) -> str:
    """Write the SQL of `count_scores`: people by level and points, then by dimension and points; no bands yet."""
    columns = {each.code: quote_name(f"points_{each.code}") for each in rulebook.dimensions}
    by_dimension = [
        f"SELECT NULL, {quote_text(code)}, {points}, count(*) FROM scored GROUP BY {points}"  # noqa: S608 - as below
        for code, points in columns.items()
    ]
    by_level = "SELECT level, NULL, points, count(*) FROM scored GROUP BY level, points"
    counts = " UNION ALL ".join((by_level, *by_dimension))
    return f"WITH scored AS MATERIALIZED (SELECT * FROM {scores}) {counts}"  # noqa: S608 - codes are quoted


def keep_figures(
    database: Database,
    counts: Iterable[Counter[Cell]],
    *,
    day: date,
    rulebook: Rulebook,
    known_at: datetime,
    now: datetime,
) -> bool:
    """Keep the figures of a day: the counts of all parts, and the benefits of people as they stand in the database.

    `known_at` is the moment until which the counted files know. False where the day has figures already: they stay, so
    that a run may be repeated. Raises StorageUnavailableError.
    """
    cells: Counter[Cell] = Counter()
    for each in counts:
        cells.update(each)
    people = sum(count for cell, count in cells.items() if cell.kind is FigureKind.SCORE)
    with database.reading() as session:
        cells.update(count_benefit_people(session))
    counted = Counted(day, people, rulebook.version, rulebook.digest, known_at)
    with database.transaction() as session:
        if not add_day(session, counted, cells, now=now):
            return False
        add_offsets(session, {cell: secrets.randbelow(MOST_OFFSET + 1) for cell in cells})
    return True
