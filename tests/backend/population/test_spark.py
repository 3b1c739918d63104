"""Spark gives the scores that DuckDB gives, bit for bit: one expression, two engines."""

import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from random import Random

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.population.columns import CityTables
from scoring.population.plan import plan_scores
from tests.scoring.population.crowds import make_crowd, make_tables
from tests.scoring.small_city import RULEBOOK

ROOT = Path(__file__).parents[3]
DAY = date(2025, 4, 1)
CROWD = 120


def score_by_spark(folder: Path, tables: CityTables, master: str) -> pa.Table:
    """The scores that a Spark of its own computes."""
    assert shutil.which("java"), (
        "Spark needs java on PATH; install it (Debian: apt-get install openjdk-17-jre-headless)"
    )
    for name, table in zip(CityTables._fields, tables, strict=True):
        pq.write_table(table.to_pyarrow(), folder / f"{name}.parquet")
    command = [sys.executable, "-m", "tests.backend.population.on_spark", str(folder), DAY.isoformat(), master]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    return pq.read_table(folder / "scores.parquet")


def must_agree(folder: Path, master: str) -> None:
    tables = make_tables(make_crowd(Random(5), CROWD), RULEBOOK.catalogue)  # noqa: S311 - a crowd that can be had again
    found = score_by_spark(folder, tables, master).sort_by("subject_no")
    wanted = ibis.duckdb.connect().to_pyarrow(plan_scores(tables, RULEBOOK, as_of=DAY)).sort_by("subject_no")
    assert found.num_rows == CROWD
    assert found.select(wanted.column_names).cast(wanted.schema).equals(wanted)


@pytest.mark.timeout(300)
def test_spark_gives_what_duckdb_gives(tmp_path: Path) -> None:
    must_agree(tmp_path, "local[2]")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_spark_gives_it_on_a_cluster(tmp_path: Path) -> None:
    must_agree(tmp_path, "local-cluster[2,1,1024]")
