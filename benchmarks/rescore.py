"""How long it takes to score a whole city, beside a statement written by hand for the same rulebook.

    python -m benchmarks.rescore --folder F [--people N --records N ...] [--rounds N] [--sample N]

Cities are invented into F, one for each number of records, where they are not there already. Plan and floor take turns,
each in a process of its own, over the same files, with the same engine and the same memory; both write all scores to
Parquet, and what they write is compared person by person. Each figure is the median of the rounds. What a record costs
is told without the time until the engine is ready, which is the same for any city; wall times and the ratio have it.

Beside it, on a sample of people: `evaluate` record by record, a generic rule engine and OpenFisca computing the same
points (`rescore_sample`).
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from backend.demo.invented_city import PUBLISHED_PEOPLE, PUBLISHED_RECORDS, CitySize, invent_city
from backend.population.city_files import PARTS, CityFiles, Kind, open_city_files
from benchmarks.rescore_runs import Run, find_difference, read_all, read_rulebook, run_apart, run_by_hand, run_plan
from benchmarks.rescore_sample import print_sample

SIZES = (1_000_000, 10_000_000, 100_000_000, PUBLISHED_RECORDS)
DAY = date(2026, 11, 22)
NANO, GIB = 1e9, 1 << 30


def find_city(folder: Path, *, people: int, records: int) -> CityFiles:
    """Open the city of this size in the folder, and invent it where it is not there."""
    mine = folder / f"records-{records}"
    if not (mine / "manifest.json").exists():
        print(f"inventing {people:,} people with {records:,} records", flush=True)
        parts = max(1, PARTS * records // PUBLISHED_RECORDS)  # of equal size, whatever the city's
        invent_city(mine, read_rulebook(DAY), CitySize(day=DAY, people=people, records=records, parts=parts))
    files = open_city_files(mine)
    if not files.is_complete or files.count_rows(Kind.RECORDS) != records or files.count_rows(Kind.SUBJECTS) != people:
        raise SystemExit(f"{mine} does not hold this city to its end; delete it, or give another folder")
    return files


def measure(files: CityFiles, rounds: int) -> tuple[list[Run], list[Run]]:
    """Let plan and floor take turns over the files; what they write must be the same."""
    plans, floors = [], []
    read_all(files)
    for _ in range(rounds):
        with _scratch(files.folder.parent) as ours, _scratch(files.folder.parent) as theirs:
            plans.append(run_apart(run_plan, files.folder, DAY, ours))
            floors.append(run_apart(run_by_hand, files.folder, DAY, theirs))
            difference = find_difference(ours, theirs, read_rulebook(DAY))
        if difference is not None:
            raise SystemExit(difference)
    return plans, floors


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    with TemporaryDirectory(prefix="rescore-", dir=folder) as path:
        yield Path(path)


def print_runs(files: CityFiles, plans: list[Run], floors: list[Run], first: float | None) -> float:
    """Print what both took over a city; `first` is the cost of a record in the first city. Give that of this one."""
    records = files.count_rows(Kind.RECORDS)

    def middle(runs: list[Run], of: Callable[[Run], float]) -> float:
        return median(of(run) for run in runs)

    ours, theirs = (middle(runs, lambda run: run.seconds) for runs in (plans, floors))
    cost = middle(plans, lambda run: run.seconds - run.prepared_seconds) / records * NANO
    figures = [f"{records:12,}", f"{middle(plans, lambda run: run.prepared_seconds):8.2f}", f"{ours:9.2f}"]
    figures += [f"{cost:9.0f}", f"{cost / (first or cost):8.2f}"]
    for runs, total in ((plans, ""), (floors, f"{theirs:11.2f}")):
        cpu, peak = middle(runs, lambda run: run.cpu_seconds), middle(runs, lambda run: run.peak_bytes) / GIB
        figures.append(f"{total}{cpu:9.2f}{peak:7.2f}")
    print(*figures, f"{ours / theirs:8.2f}", sep="", flush=True)
    return cost


def main() -> None:
    """Print, for each size, what the plan takes, its floor and their ratio; then the sample."""
    parser = argparse.ArgumentParser(description="Score a whole invented city, beside SQL written by hand.")
    parser.add_argument("--folder", type=Path, required=True, help="where the cities are, or come")
    parser.add_argument("--records", type=int, nargs="+", default=SIZES)
    parser.add_argument("--people", type=int, nargs="+", help="of each city; as many as Zhengzhou, in proportion")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=int, default=5_000, help="people of the last city; 0 leaves the sample out")
    asked = parser.parse_args()
    people = asked.people or [records * PUBLISHED_PEOPLE // PUBLISHED_RECORDS for records in asked.records]
    asked.folder.mkdir(parents=True, exist_ok=True)
    cities = [
        find_city(asked.folder, people=each, records=records)
        for each, records in zip(people, asked.records, strict=True)
    ]
    print(f"{'records':>12}{'ready s':>8}{'plan s':>9}{'ns each':>9}{'to 1st':>8}{'cpu s':>9}{'GiB':>7}", end="")
    print(f"{'by hand s':>11}{'cpu s':>9}{'GiB':>7}{'ratio':>8}   the same for everybody")
    first: float | None = None
    for files in cities:
        cost = print_runs(files, *measure(files, asked.rounds), first)
        first = first or cost
    if asked.sample:
        print_sample(cities[-1], DAY, people=asked.sample)


if __name__ == "__main__":
    main()
