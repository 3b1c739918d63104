import csv
import io

import pytest

from backend.storage.database import Database
from tests.backend.cli.prompt import run
from tests.backend.reports.handing_in import TRAFFIC, add_receipt, noon_of, open_batch, open_file, open_offices

OCTOBER = ["quality", "--from", "2026-10-01", "--to", "2026-10-31"]


@pytest.fixture
def installation(environment: dict[str, str], database: Database) -> dict[str, str]:
    """An installation that received three rows on 2026-10-12, two of them in time."""
    open_offices(database)
    with database.transaction() as session:
        batch = open_batch(session, noon_of("2026-10-12"))
        for occurred_on in ("2026-09-24", "2026-09-23", "2026-10-12"):
            add_receipt(session, batch, occurred_on=occurred_on)
        add_receipt(session, batch, "refused", code="not_final", occurred_on="2026-10-09")
    return environment


def test_figures_are_shown_as_a_table(installation: dict[str, str]) -> None:
    result = run(OCTOBER, installation)
    assert result.exit_code == 0, result.output
    assert "received 2026-10-01 to 2026-10-31" in result.output
    row = next(line for line in result.output.splitlines() if "交警支队" in line)
    cells = [cell.strip() for cell in row.strip("│┃").split("│")]
    assert cells[2:] == ["4", "3", "0", "1", "0", "2/3", "4/4", "7, 8", "-", "0/3", "0/3", "-"]


def test_figures_are_written_as_csv(installation: dict[str, str]) -> None:
    result = run([*OCTOBER, "--csv"], installation)
    (row,) = csv.DictReader(io.StringIO(result.output))
    assert (row["department"], row["indicator"], row["handed_in"], row["accepted"]) == (TRAFFIC, "ZZ-LAW-03", "4", "3")
    assert (row["timeliness_working_days"], row["timeliness_in_time"], row["timeliness_judged"]) == ("7", "2", "3")
    assert (row["check_in_time"], row["check_judged"]) == ("4", "4")
    assert (row["delay_median_working_days"], row["delay_worst_working_days"]) == ("7", "8")
    assert row["refusals"] == "not_final:1"


@pytest.mark.parametrize("form", [[], ["--csv"]])
def test_unread_files_are_told_beside_the_figures(
    installation: dict[str, str], database: Database, form: list[str]
) -> None:
    assert "not read" not in run([*OCTOBER, *form], installation).stderr
    with database.transaction() as session:
        open_file(session, noon_of("2026-10-12"))
    result = run([*OCTOBER, *form], installation)
    assert result.stderr == "files not read to their end: 1; their rows not read yet are in no figure\n"
    assert "not read" not in result.stdout
    assert "not read" not in run([*OCTOBER, *form, "--department", "taxation"], installation).stderr


def test_another_department_has_no_figures(installation: dict[str, str]) -> None:
    result = run([*OCTOBER, "--department", "taxation", "--csv"], installation)
    assert (result.exit_code, result.output) == (0, "")


def test_a_period_that_cannot_be_is_refused(environment: dict[str, str]) -> None:
    result = run(["quality", "--from", "2026-10-02", "--to", "2026-10-01"], environment)
    assert result.exit_code == 2
    assert "must not end before it begins" in result.output
