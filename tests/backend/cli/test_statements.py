"""Statements from the command line: closed by cron, and written out for whoever asks."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from backend.clock import SystemClock, today
from tests.backend.city import running_city
from tests.backend.cli.prompt import install, run
from tests.backend.merchants.shops import LIBRARY, open_shop


def test_days_are_closed_and_written_out(tmp_path: Path, sqlite_url: str) -> None:
    environment, now = install(tmp_path / "keys", sqlite_url), SystemClock().now()
    opened_at, out = now - timedelta(days=2), tmp_path / "statement.jsonl"
    with running_city(sqlite_url, now=opened_at) as city:
        open_shop(city)
        closed = run(["statements", "close"], environment)
        assert closed.output in {"closed 1 statements\n", "closed 2 statements\n"}  # right after midnight one less
        show = ["statements", "show", LIBRARY]
        shown = run([*show, str(today(opened_at)), "--form", "jsonl", "--out", str(out)], environment)
        assert sha256(out.read_bytes()).hexdigest() in shown.output
        assert run([*show, str(today(opened_at))], environment).output.startswith("line,merchant,day")
        assert "is closed a quarter of an hour after" in run([*show, str(today(now))], environment).output
        assert "There are statements from the day" in run([*show, "2020-01-01"], environment).output
