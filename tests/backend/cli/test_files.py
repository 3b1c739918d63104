"""Reading a file at the prompt, and what is left when whoever reads it is killed."""

import csv
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.people.identity_numbers import find_check_character
from backend.storage.database import Database
from tests.backend.cli.prompt import install, run
from tests.backend.records.filing import TITLES
from tests.databases import count_rows

COMMAND = [sys.executable, "-c", "from backend.cli import main; main()"]
SIMPLE, BAD_ID, UNLIKE = "simple_procedure", "bad_identity", "malformed_row"
# The whole process, measured from outside; what it takes for an empty file is the base.
MEBIBYTE = 1024


def write_lines(rows: int) -> Iterator[tuple[list[str], str]]:
    """Lines and what must become of them: one in a hundred is bad, and 5,000 people have several."""
    for number in range(rows):
        person = number % max(rows // 4, 1)
        # Never 00 before the check character: 000 at the end is how Excel leaves a number that it has destroyed.
        born_on = date(1920, 1, 1) + timedelta(days=person // 99 % 30_000)
        first = f"{410100 + person // 2_970_000}{born_on:%Y%m%d}{1 + person % 99:03}"
        line = [
            f"fine-{number}",
            first + find_check_character(first),
            f"林{chr(0x4E00 + person % 5000)}舟",
            "ZZ-LAW-03",
            "2026-03-02",
            "50000",
            f"郑交罚〔2026〕{number}号",
            "ordinary",
            "no_appeal_in_time",
        ]
        outcome = "accepted"
        match number % 300:
            case 7:
                line[7], outcome = "simple", SIMPLE
            case 107:
                line[1], outcome = first + "?", BAD_ID
            case 207:
                line[5], outcome = "about 500", UNLIKE
        yield line, outcome


def write_file(path: Path, rows: int) -> Counter[str]:
    """Write a file and count what must become of its rows."""
    expected: Counter[str] = Counter()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(TITLES)
        for line, outcome in write_lines(rows):
            writer.writerow(line)
            expected[outcome] += 1
    return expected


def start(path: Path, environment: dict[str, str], *more: str) -> subprocess.Popen[bytes]:
    arguments = ["files", "take", str(path), "--department", "traffic_police", "--clerk", "clerk-7"]
    arguments += ["--file-no", "file-1", *more]
    return subprocess.Popen(  # noqa: S603 - our own command, on a file that this test has written
        COMMAND + arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def kill_some(path: Path, environment: dict[str, str], database: Database, *, kills: int, seed: int) -> int:
    """Start reading and kill the reader at a random moment, so many times; gives in how many rows it had moved."""
    chance, moved = random.Random(seed), 0  # noqa: S311 - a seed makes a failure happen again
    for _ in range(kills):
        before = count_rows(database, "receipt")
        reader = start(path, environment)
        deadline = time.monotonic() + 60
        while count_rows(database, "receipt") == before and reader.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.3))
        reader.kill()
        reader.communicate()
        moved += count_rows(database, "receipt") > before
    return moved


def check_whole(database: Database, expected: Counter[str], rows: int) -> None:
    """Every good row is one record, every bad one has its reason, and no ledger has a gap."""
    with database.reading() as session:
        outcomes = session.execute(text("SELECT coalesce(code, outcome), count(*) FROM receipt GROUP BY 1"))
        found = Counter({str(outcome): int(number) for outcome, number in outcomes})
        gaps = session.scalar(
            text(
                "SELECT count(*) FROM (SELECT subject_id FROM ledger_entry GROUP BY subject_id"
                " HAVING max(ledger_no) <> count(*)) AS gaps"
            )
        )
        versions = session.scalar(
            text(
                "SELECT count(*) FROM subject WHERE facts_version <>"
                " (SELECT count(*) FROM ledger_entry WHERE ledger_entry.subject_id = subject.subject_id)"
            )
        )
        counted = session.execute(text("SELECT accepted + refused, accepted FROM batch")).one()
        keys = session.scalar(text("SELECT count(DISTINCT source_key) FROM ledger_entry"))
    assert (found, gaps, versions) == (expected, 0, 0)
    assert tuple(counted) == (rows, expected["accepted"])
    assert keys == count_rows(database, "ledger_entry") == expected["accepted"]


@pytest.fixture
def installation(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    assert run(["migrate"], environment).exit_code == 0
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environment}


@pytest.fixture
def database(installation: dict[str, str]) -> Iterator[Database]:
    made = Database(installation["SHANGDING_DATABASE_URL"])
    yield made
    made.dispose()


def test_a_reader_that_is_killed_loses_and_doubles_nothing(
    installation: dict[str, str], database: Database, tmp_path: Path
) -> None:
    path, rows = tmp_path / "fines.csv", 5_000
    expected = write_file(path, rows)
    assert kill_some(path, installation, database, kills=2, seed=7) >= 1
    receipt = tmp_path / "receipt.csv"
    last = start(path, installation, "--receipt", str(receipt))
    _, said = last.communicate(timeout=100)
    assert last.returncode == 0, said.decode()
    check_whole(database, expected, rows)
    with receipt.open(newline="", encoding="utf-8") as file:
        told = Counter(row["处理结果"] for row in csv.DictReader(file))
    assert told == {"已接收": expected["accepted"], "不予接收": rows - expected["accepted"]}


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_a_million_rows_and_twenty_kills(postgresql_url: str, tmp_path: Path) -> None:
    from_prompt = install_on(tmp_path, postgresql_url)
    database = Database(postgresql_url)
    empty, path, rows = tmp_path / "empty.csv", tmp_path / "fines.csv", 1_000_000
    write_file(empty, 1)
    expected = write_file(path, rows)
    base = measure_peak_kib(empty, from_prompt, "--dry-run")
    assert kill_some(path, from_prompt, database, kills=20, seed=29) >= 15
    peak = measure_peak_kib(path, from_prompt)
    check_whole(database, expected, rows)
    assert peak - base < 64 * MEBIBYTE, f"{(peak - base) // MEBIBYTE} MiB over the base of {base // MEBIBYTE} MiB"
    database.dispose()


def install_on(folder: Path, url: str) -> dict[str, str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **install(folder / "keys", url)}
    assert run(["migrate"], environment).exit_code == 0
    return environment


def measure_peak_kib(path: Path, environment: dict[str, str], *more: str) -> int:
    """Let a process read a file to its end; the most memory it held, by the kernel's account."""
    reader = start(path, environment, *more)
    _, status, used = os.wait4(reader.pid, 0)
    reader.returncode = os.waitstatus_to_exitcode(status)
    assert reader.stderr is not None
    said = reader.stderr.read().decode()
    reader.stderr.close()
    assert reader.returncode == 0, said
    return used.ru_maxrss
