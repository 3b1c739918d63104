"""Scores of the tables in a folder, computed by Spark in a process of its own, which ends with its Java.

python -m tests.backend.population.on_spark FOLDER DAY MASTER
"""

import sys
from datetime import date
from pathlib import Path

import ibis
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from backend.population.spark import score_on_spark
from scoring.population.columns import CityTables
from tests.scoring.small_city import RULEBOOK

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.executor.memory": "1g",
    # A Java that lives for seconds is not worth being made fast.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.session.timeZone": "UTC",
    # Small tables: what Spark does to be fast with large ones takes all the time.
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def main(folder: Path, day: date, master: str) -> None:
    builder = SparkSession.builder.master(master)
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    backend = ibis.pyspark.connect(session)
    found = (backend.read_parquet(folder / f"{each}.parquet", table_name=each) for each in CityTables._fields)
    tables = CityTables(*found)
    pq.write_table(score_on_spark(backend, tables, RULEBOOK, as_of=day).toArrow(), folder / "scores.parquet")
    session.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), sys.argv[3])
