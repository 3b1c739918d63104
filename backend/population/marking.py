"""Marked records: those that share an act, and those of which more was heard, a few in a hundred.

They are in the files twice. Whoever scores everybody must look at them one by one, and would otherwise search all
records for them each time.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from backend.population.city_files import CityFiles, FileStep, Kind
from backend.population.columns import SCHEMAS, sort_rows, write_rows
from backend.population.quoting import quote_text


def is_marked(files: CityFiles, part: int) -> bool:
    """Tell whether the marked records of a part were found after all that is there of its records and events."""
    found = [entry.number for entry in files.list_entries(Kind.MARKED, part)]
    others = [entry.number for kind in (Kind.RECORDS, Kind.EVENTS) for entry in files.list_entries(kind, part)]
    return bool(found) and min(found) > max(others, default=-1)


def mark_records(files: CityFiles, step: FileStep) -> None:
    """Mark, in a step, the records of each part in which that was not done since its files were written."""
    for part in range(files.parts):
        if not is_marked(files, part):
            step.drop(Kind.MARKED, part)
            write_rows(Kind.MARKED, step.add(Kind.MARKED, part), [find_marked(files, part)])


def find_marked(files: CityFiles, part: int) -> pa.Table:
    """Find the marked records of a part among its records and events, sorted."""
    with duckdb.connect() as engine:
        for kind in (Kind.RECORDS, Kind.EVENTS):
            engine.register(f"no_{kind}", SCHEMAS[kind].empty_table())
            rows = read_files(kind, files.list_files(kind, part))
            engine.execute(f"CREATE TEMP VIEW {kind} AS SELECT * FROM {rows}")  # noqa: S608 - quoted paths
        found: pa.Table = engine.sql(MARKED_SQL).to_arrow_table()
    return sort_rows(Kind.MARKED, found.cast(SCHEMAS[Kind.MARKED]))


MARKED_SQL = (
    "SELECT * FROM records"
    " WHERE act IS NOT NULL OR (subject_no, record_no) IN (SELECT subject_no, record_no FROM events)"
)
"""Gives the marked ones of the tables `records` and `events`."""


def read_files(kind: Kind, paths: Sequence[Path]) -> str:
    """Give what DuckDB reads rows of a kind from: the files, or the empty table `no_` and the kind."""
    listed = ", ".join(quote_text(path) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false)" if paths else f"no_{kind}"
