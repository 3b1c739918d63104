"""`shangding cities` as somebody at a prompt starts it: every step comes to what it says, and nothing stays behind."""

import os
import subprocess
import sys
from pathlib import Path
from socket import create_server

import pytest
from click.testing import CliRunner

from backend.cli import commands
from backend.clock import today
from backend.demo.cities_launch import STEPS
from backend.demo.cities_place import list_ports, opened_cities
from backend.demo.cities_seed import introduce_all, seed_people, sign_all
from backend.demo.workplace import DemoError
from backend.partners.partners import list_partners
from backend.partners.treaties import find_treaty
from tests.backend.demo.cities import NOW

WALK_S = 300


def _find_free_ports() -> int:
    """Find a port that is free together with the next five."""
    for port in range(20_000 + os.getpid() % 20_000, 60_000, 6):
        try:
            for each in list_ports(port):
                create_server(("127.0.0.1", each)).close()
        except OSError:
            continue
        return port
    raise LookupError("there are no six free ports")


@pytest.mark.long  # six processes are started, one of them twice, and five commands are run
@pytest.mark.timeout(WALK_S * 2)
def test_a_visit_in_both_directions_comes_to_what_it_says(tmp_path: Path) -> None:
    port = _find_free_ports()
    command = [sys.executable, "-c", "from backend.cli import main; main()", "cities", "--once"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHANGDING_")}
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, "--port", str(port), "--directory", str(tmp_path)],
        env=environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=WALK_S,
        check=False,
    )
    flaws = [line for line in done.stdout.splitlines() if "✗" in line]
    assert done.returncode == int(bool(flaws)), done.stdout + done.stderr
    # How long a merchant waited is for the walk to say: a machine may be busy with other tests.
    assert [line for line in flaws if not line.endswith("不到2秒")] == [], done.stdout
    assert done.stdout.count("✓") > len(STEPS) * 2
    assert all(f"\n{letter}  {zh}" in done.stdout for letter, zh, _, _ in STEPS)
    assert " of them erased) of zhengzhou with hangzhou, nothing wrong" in done.stdout
    assert '{"' not in done.stdout  # it is for citizens to read
    for each in list_ports(port):
        create_server(("127.0.0.1", each)).close()
    logs = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*/service.log"))
    assert '"event": "fault"' not in logs
    assert "sweep_failed" not in logs
    assert "post_failed" not in logs
    # Invented people are of a region that nobody is of: no number of theirs is in any log.
    assert "000000" not in logs


def test_the_cities_are_made_anew_with_the_keys_of_before(tmp_path: Path) -> None:
    made: list[dict[str, str]] = []
    for _ in range(2):
        with opened_cities(tmp_path, port=8300, environ={}, now=NOW) as cities:
            for city in cities.values():
                seed_people(city, now=NOW)
            introduce_all(cities, now=NOW)
            with pytest.raises(DemoError, match="--directory"), opened_cities(tmp_path, port=8400, environ={}, now=NOW):
                pass  # and the databases of those that run are still there, as follows
            signed = [document.treaty.id for document in sign_all(cities, now=NOW)]
            keys = {code: city.find_signer(NOW).key_id for code, city in cities.items()}
            for city in cities.values():
                with city.context.database.reading() as session:
                    found = [find_treaty(session, each.code, today(NOW)) for each in list_partners(session)]
                assert [each is not None and city.code in each.cities for each in found] == [True, True]
        assert signed == ["hangzhou-nanjing", "hangzhou-zhengzhou", "nanjing-zhengzhou"]
        made.append(keys)
    assert made[0] == made[1]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"lock", "city.env", "city.sqlite", "service.log"} <= {path.name for path in files}
    assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    port = _find_free_ports()
    with create_server(("127.0.0.1", port + 5)):
        result = CliRunner().invoke(commands, ["cities", "--port", str(port), "--directory", str(tmp_path)])
    assert isinstance(result.exception, DemoError)
    assert f"port {port + 5} is in use" in str(result.exception)
    assert not list(tmp_path.iterdir())
