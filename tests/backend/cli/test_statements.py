"""Statements from the command line: closed by cron, and written out for whoever asks."""

import re
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from backend.clock import SystemClock, today
from tests.backend.city import make_person, running_city
from tests.backend.cli.prompt import install, run
from tests.backend.fulfilment.breaking import give
from tests.backend.merchants.shops import LIBRARY, open_shop
from tests.databases import run_sql


def test_days_are_closed_and_written_out(tmp_path: Path, sqlite_url: str) -> None:
    environment, now = install(tmp_path / "keys", sqlite_url), SystemClock().now()
    opened_at, out = now - timedelta(days=2), tmp_path / "statement.jsonl"
    with running_city(sqlite_url, now=opened_at) as city:
        open_shop(city)
        give(city, city.enrol(make_person()), open_shop(city, "a_shop"))
        run_sql(
            city.database,
            "INSERT INTO hold_transfer SELECT subject_id, grant_id, 9, 'held', 'available', 5, granted_at"
            " FROM benefit_grant",
        )
        closed = run(["statements", "close"], environment)  # those of the other one, right after midnight one less
        assert closed.exit_code == 1
        assert re.match(r"closed [12] statements\na_shop: grant .* holds something else", closed.output)
        show = ["statements", "show", LIBRARY]
        shown = run([*show, str(today(opened_at)), "--form", "jsonl", "--out", str(out)], environment)
        assert sha256(out.read_bytes()).hexdigest() in shown.output
        assert run([*show, str(today(opened_at))], environment).output.startswith("line,merchant,day")
        assert "is closed a quarter of an hour after" in run([*show, str(today(now))], environment).output
        assert "There are statements of registered merchants alone" in run([*show, "2020-01-01"], environment).output
        assert "of registered merchants alone" in run([*show[:2], "nobody", "2020-01-01"], environment).output
