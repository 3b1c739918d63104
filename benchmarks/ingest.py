"""How long 200,000 rows take into PostgreSQL, beside a bare COPY of the same rows into a plain table.

    python -m benchmarks.ingest [--rows N] [--profile]

The rows are invented: parsed already, as JSON has them, about 60,000 people whom nobody knows before.
"""

import argparse
import cProfile
import gc
import json
import pstats
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

import psycopg

from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import read_city
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import find_check_character
from backend.records.departments import register_departments
from backend.records.intake import settle_rows
from backend.records.quick_reader import read_quickly
from backend.records.receipts import Outcome
from backend.records.rows import AnyRow, Desk, MalformedRow
from backend.records.tables import BatchRow, add_batch
from backend.storage.database import Database
from backend.storage.migrations import upgrade
from tests.servers import fresh_postgres_database, libpq_url, running_postgres

ROWS, CHUNK, PEOPLE_PER_ROW = 200_000, 2_000, 0.3
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
DEPARTMENT = "traffic_police"
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴", "一舟海岸晓月明远思宁子涵"
COLUMNS = ("source_key", "id_number", "name", "indicator", "occurred_on", "items", "legal")
PLAIN_TABLE = """CREATE TABLE plain (source_key text PRIMARY KEY, id_number text, name text, indicator text,
 occurred_on date, items jsonb, legal jsonb)"""


def invent_people(number: int, chance: Random) -> list[tuple[str, str]]:
    """Invent people: valid numbers that differ, and names."""
    people = []
    for each in range(number):
        born_on = date(1950, 1, 1) + timedelta(days=each % 18_000)
        first = f"410102{born_on:%Y%m%d}{each // 18_000:03}"
        people.append((first + find_check_character(first), chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, 2))))
    return people


def invent_rows(number: int) -> list[dict[str, Any]]:
    """Invent the rows of a traffic police: fines under the ordinary procedure, final."""
    chance = Random(7)  # noqa: S311 - chance for figures, not for secrets
    people = invent_people(max(1, int(number * PEOPLE_PER_ROW)), chance)
    rows = []
    for each in range(number):
        id_number, name = chance.choice(people)
        rows.append(
            {
                "source_key": f"JG-2026-{each:08}",
                "id_number": id_number,
                "name": name,
                "indicator": "ZZ-LAW-03",
                "occurred_on": (date(2026, 1, 1) + timedelta(days=each % 300)).isoformat(),
                "items": {"amount_fen": 5_000 * (1 + each % 40)},
                "legal": {
                    "document_no": f"郑交罚〔2026〕{each}号",
                    "procedure": "ordinary",
                    "finality": "no_appeal_in_time",
                },
            }
        )
    return rows


def make_desk() -> Desk:
    """Make the desk of one batch, with keys of its own."""
    keys = {"k1": secrets.token_bytes(32)}
    return Desk(
        department=DEPARTMENT,
        clerk="clerk-7",
        batch_id=uuid4(),
        catalogue=read_city("zhengzhou").catalogue_on(NOW.date()),
        pseudonyms=Pseudonyms(keys, "k1"),
        sealer=Sealer(keys, "k1"),
        now=NOW,
    )


def read(raw: Mapping[str, Any]) -> AnyRow:
    """Read a row; those of the benchmark are all good."""
    return read_quickly(raw) or MalformedRow(())


def cut(rows: list[dict[str, Any]]) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Cut rows into chunks, numbered from 1."""
    numbered = iter(enumerate(rows, start=1))
    while chunk := list(islice(numbered, CHUNK)):
        yield chunk


def take_in(database: Database, rows: list[dict[str, Any]], desk: Desk) -> None:
    """Take all rows in, a chunk a transaction."""
    accepted = 0
    for chunk in cut(rows):
        read_rows = [(row_no, read(raw)) for row_no, raw in chunk]
        with database.transaction() as session:
            receipts = settle_rows(session, read_rows, desk)
        accepted += sum(receipt.outcome is Outcome.ACCEPTED for receipt in receipts)
    if accepted != len(rows):
        raise ValueError(f"{accepted} of {len(rows)} rows were accepted; the benchmark is about good rows")


def copy_plainly(url: str, rows: list[dict[str, Any]]) -> float:
    """Copy the same rows into a plain table, and give the seconds."""
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute(PLAIN_TABLE)
        begun = perf_counter()
        with connection.cursor() as cursor, cursor.copy(f"COPY plain ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([json.dumps(v) if isinstance(v := row[name], dict) else v for name in COLUMNS])
        connection.commit()
        return perf_counter() - begun


def open_city(url: str, desk: Desk) -> Database:
    """Give a database with the departments and one batch."""
    upgrade(url)
    database = Database(url)
    with database.transaction() as session:
        register_departments(session, desk.catalogue)
        batch = BatchRow(batch_id=desk.batch_id, department=DEPARTMENT, clerk="clerk-7", batch_no="1", received_at=NOW)
        add_batch(session, batch)
    return database


def main() -> None:
    """Print the rows a second, the bare copy's, their ratio, and where the time goes if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    rows, desk, profile = invent_rows(asked.rows), make_desk(), cProfile.Profile()
    gc.freeze()  # whoever reads a file does not hold all of it for the collector to walk through
    with running_postgres() as server, fresh_postgres_database(server, "ingest") as url:
        database = open_city(url, desk)
        if asked.profile:
            profile.enable()
        begun, begun_here = perf_counter(), process_time()
        take_in(database, rows, desk)
        ours, here = perf_counter() - begun, process_time() - begun_here
        profile.disable()
        bare = copy_plainly(url, rows)
        database.dispose()
    for name, seconds in (("settle_rows", ours), ("of it Python", here), ("bare COPY", bare)):
        print(f"{name:12} {seconds:8.2f} s {len(rows) / seconds:10.0f} rows/s {seconds / len(rows) * 1e6:8.1f} us/row")
    print(f"ratio        {ours / bare:8.2f}")
    if asked.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
