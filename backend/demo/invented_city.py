"""A whole invented city as files: as many people, records and indicators as a real one has, and nobody in it is real.

Written part by part, so that its size needs time but no memory. By which shares: `invented_shares`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb
import pyarrow as pa

from backend.demo.invented_contents import Wheel, list_contents, make_wheel
from backend.demo.invented_sql import (
    write_citizens,
    write_events,
    write_macros,
    write_people,
    write_records,
    write_subjects,
)
from backend.population.city_files import (
    PARTS,
    CityFiles,
    CityFilesError,
    CityWriter,
    Kind,
    begin_files,
    writing_files,
)
from backend.population.columns import COMPRESSION, KEYS, SCHEMAS
from backend.population.settling import complete_files
from scoring.days import CITY_TIME
from scoring.rulebook import Rulebook

# What Zhengzhou has published of itself: so many people, records and indicators.
PUBLISHED_PEOPLE, PUBLISHED_RECORDS, PUBLISHED_INDICATORS = 12_600_000, 247_000_000, 1_180
MEMORY = "3GB"
_FORM = f"FORMAT parquet, COMPRESSION {COMPRESSION}, ROW_GROUP_SIZE 245760"


# Of each type a value that is in no file.
_NEVER = {
    pa.int16(): "(-1)::SMALLINT",
    pa.int32(): "-1",
    pa.int64(): "-1",
    pa.string(): "''",
    pa.date32(): "DATE '0001-01-01'",
    pa.timestamp("us", tz="UTC"): "make_timestamptz(0)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CitySize:
    """How large a city is, and by which chance it is made, as of `day`; in so many parts."""

    day: date
    people: int = PUBLISHED_PEOPLE
    records: int = PUBLISHED_RECORDS
    indicators: int = PUBLISHED_INDICATORS
    seed: int = 1
    parts: int = PARTS


class _Quota(NamedTuple):
    part: int
    weight: int
    records: int


def invent_city(
    folder: Path, rulebook: Rulebook, size: CitySize, *, progress: Callable[[int], object] = lambda _: None
) -> CityFiles:
    """Write the files of an invented city whose records its rulebook counts; `progress` is told records as they come.

    What was known when `day` began is in them. The same size and rulebook make the same city. Raises CityFilesError
    where the folder holds something, and IndicatorsError where the catalogue has more indicators than asked for.
    """
    wheel = make_wheel(list_contents(rulebook, indicators=size.indicators, seed=size.seed))
    if begin_files(folder, city=rulebook.city, parts=size.parts).manifest.files:
        raise CityFilesError(f"{folder} holds a city; give a folder that is empty or new")
    known_at = datetime(size.day.year, size.day.month, size.day.day, tzinfo=CITY_TIME).astimezone(UTC)
    with writing_files(folder) as writer, TemporaryDirectory(dir=folder.parent) as scratch, duckdb.connect() as engine:
        engine.execute("SET memory_limit = $1", [MEMORY])
        engine.execute("SET temp_directory = $1", [scratch])
        engine.execute("SET TimeZone = 'UTC'")
        _write_contents(engine, writer, wheel)
        for statement in write_macros(seed=size.seed, day=size.day):
            engine.execute(statement)
        for quota in _share_out(engine, size):
            _write_part(engine, writer, wheel, quota, size)
            progress(quota.records)
        complete_files(writer, known_at=known_at)
        return writer.files


def _write_contents(engine: duckdb.DuckDBPyConnection, writer: CityWriter, wheel: Wheel) -> None:
    engine.register("spokes", wheel.contents)
    engine.execute(
        "CREATE TEMP TABLE wheel AS SELECT begin + unnest(range(places)) AS place, content_no,"
        " first_no::INT AS first_no, siblings::INT AS siblings, is_lasting FROM spokes"
    )
    with writer.step() as step:
        _copy(engine, Kind.CONTENTS, "SELECT * FROM spokes", step.add(Kind.CONTENTS))
        step.keep()


def _share_out(engine: duckdb.DuckDBPyConnection, size: CitySize) -> Iterator[_Quota]:
    """Spread people over the parts, and give each part its share of the records, to the last one."""
    engine.execute(write_citizens(people=size.people, parts=size.parts))
    weights: list[tuple[int, int]] = engine.execute(
        "SELECT part, sum(weight)::BIGINT FROM citizens GROUP BY part ORDER BY part"
    ).fetchall()
    total = max(1, sum(weight for _, weight in weights))
    reached = [0, *(each * size.records // total for each in accumulate(weight for _, weight in weights))]
    for (part, weight), (lower, upper) in zip(weights, pairwise(reached), strict=True):
        yield _Quota(part, weight, upper - lower)


def _write_part(
    engine: duckdb.DuckDBPyConnection, writer: CityWriter, wheel: Wheel, quota: _Quota, size: CitySize
) -> None:
    engine.execute(write_people(quota.part, parts=size.parts, records=quota.records, weight=quota.weight))
    queries = {
        Kind.RECORDS: write_records(wheel),
        Kind.EVENTS: write_events(wheel),
        Kind.SUBJECTS: write_subjects(size.day),
    }
    with writer.step() as step:
        for kind, query in queries.items():
            _copy(engine, kind, query, step.add(kind, quota.part))
        step.keep()


def _copy(engine: duckdb.DuckDBPyConnection, kind: Kind, query: str, path: Path) -> None:
    """Write what a query gives to a file, sorted, with the columns of its kind.

    What DuckDB sees to be never null it marks as such, and the columns of city files are not: it is kept from seeing.
    """
    columns = ", ".join(f"nullif({each.name}, {_NEVER[each.type]}) AS {each.name}" for each in SCHEMAS[kind])
    quoted = str(path).replace("'", "''")
    sorting = ", ".join(KEYS[kind])
    engine.execute(f"COPY (SELECT {columns} FROM ({query}) ORDER BY {sorting}) TO '{quoted}' ({_FORM})")  # noqa: S608 - all ours
