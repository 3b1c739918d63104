"""The whole city once, each in a process of its own: by the compiled plan, and by a statement written by hand."""

import resource
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeAlias

import duckdb

from backend.gateways.rulebook_files import read_city
from backend.population.city_files import CityFiles, Kind, open_city_files
from backend.population.damage import check_files_are_whole
from backend.population.engine import Engine, group_parts, open_engine
from scoring.population.weighing import list_sets
from scoring.rulebook import Rulebook

CITY = "zhengzhou"
BY_HAND = Path(__file__).with_name("rescore_by_hand.sql")
KIB = 1024


# Scores everybody in a folder on a day, writes the scores to another one, and tells how long it took to get ready.
Work: TypeAlias = Callable[[Path, date, Path], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run took: wall time, time of all CPUs, and the most memory that its process ever held.

    `prepared_seconds` of the wall time passed before the first record was looked at, however many there are.
    """

    prepared_seconds: float
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def read_rulebook(day: date) -> Rulebook:
    """Read the rulebook that everything here is measured with."""
    return read_city(CITY).rulebook_on(day)


def run_apart(work: Work, folder: Path, day: date, out: Path) -> Run:
    """Run work in a fresh process, which writes scores to `out`, and tell what it took; importing is not counted."""
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(work, folder, day, out, sending))
    process.start()
    sending.close()
    try:
        run: Run = receiving.recv()
    except EOFError:
        raise RuntimeError(f"{work.__name__} failed; what went wrong stands above") from None
    finally:
        process.join()
    return run


def _run(work: Work, folder: Path, day: date, out: Path, sending: Connection) -> None:
    cpu, begun = _cpu_seconds(), perf_counter()
    prepared = work(folder, day, out)
    seconds, cpu = perf_counter() - begun, _cpu_seconds() - cpu
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    peak = sum(usage.ru_maxrss for usage in usages) * KIB
    sending.send(Run(prepared_seconds=prepared, seconds=seconds, cpu_seconds=cpu, peak_bytes=peak))


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run_plan(folder: Path, day: date, out: Path) -> float:
    """Score everybody by the plan that is compiled from the rulebook, every byte of the files checked before."""
    begun = perf_counter()
    files, rulebook = open_city_files(folder), read_rulebook(day)
    with open_engine(files, rulebook.catalogue, writable=out) as engine:
        scoring = engine.prepare("rescoring", rulebook, day)
        scores = scoring.compile_scores()
        prepared = perf_counter() - begun
        check_files_are_whole(folder, files.manifest.files)  # as for whoever opens the files to read them
        for parts in group_parts(files):
            engine.look_at(*parts)
            scoring.begin()
            _write_scores(engine, scores, out, parts)
    return prepared


def run_by_hand(folder: Path, day: date, out: Path) -> float:
    """Score everybody by the statement written by hand, under the same engine and the same settings: the floor."""
    begun = perf_counter()
    files, rulebook = open_city_files(folder), read_rulebook(day)
    text = BY_HAND.read_text(encoding="utf-8").replace("$as_of", f"DATE '{day}'")
    *before, scores = (statement for statement in text.split(";\n") if statement.strip())
    with open_engine(files, rulebook.catalogue, writable=out) as engine:
        contents = ", ".join(f"'{path}'" for path in files.list_files(Kind.CONTENTS))
        engine.connection.execute(f"CREATE OR REPLACE VIEW contents AS FROM read_parquet([{contents}])")
        for statement in before:
            engine.connection.execute(statement)
        prepared = perf_counter() - begun
        for parts in group_parts(files):
            engine.look_at(*parts)
            _write_scores(engine, scores, out, parts)
    return prepared


def _write_scores(engine: Engine, scores: str, out: Path, parts: tuple[int, ...]) -> None:
    engine.connection.execute(f"COPY ({scores}) TO '{out / f'{parts[0]:02}.parquet'}' (COMPRESSION zstd)")


def find_difference(ours: Path, theirs: Path, rulebook: Rulebook) -> str | None:
    """Compare what two runs wrote, person by person and column by column; None when it is the same."""
    points = [f"points_{dimension.code}" for dimension in rulebook.dimensions]
    columns = ["points", "level", "incentives_suspended", "changes_on", *points, *list_sets(rulebook)]
    differs = " OR ".join(f"one.{name} IS DISTINCT FROM other.{name}" for name in columns)
    with TemporaryDirectory() as scratch, duckdb.connect() as engine:
        engine.execute("SET temp_directory = $1", [scratch])
        found = engine.execute(
            f"SELECT count(*), min(coalesce(one.subject_no, other.subject_no)) FROM '{ours}/*.parquet' AS one"  # noqa: S608 - paths of ours
            f" FULL JOIN '{theirs}/*.parquet' AS other ON one.subject_no = other.subject_no"
            f" WHERE one.subject_no IS NULL OR other.subject_no IS NULL OR {differs}"
        ).fetchone()
    if found is None or not found[0]:
        return None
    return f"{found[0]} people are scored differently, the first of them is {found[1]}"


def read_all(files: CityFiles) -> None:
    """Read every byte once, so that no run pays for a cold disk that another one warmed."""
    for kind in Kind:
        for path in files.list_files(kind):
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass
