"""`shangding sandbox` as somebody at a prompt starts it: what it prints can be pasted, and nothing stays behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.cli import commands
from backend.demo.calls import CLOSING, OPENING
from backend.demo.client import is_ready
from backend.demo.sandbox_cast import FIXED_PEOPLE
from backend.demo.workplace import DemoError
from tests.backend.sandbox.test_merchant_guide import GUIDE, find_free_port

LAST_LINE, WAIT_S = "Ctrl-C ends it", 40


def test_the_guide_starts_it_in_two_commands() -> None:
    assert "```bash\npip install -e .\nshangding sandbox\n```" in GUIDE.read_text("utf-8")


@pytest.mark.long  # three processes are started; what they serve and print is tried in one by the test of the guide
@pytest.mark.timeout(WAIT_S * 2)
def test_what_the_sandbox_prints_can_be_pasted_and_nothing_stays_behind(tmp_path: Path) -> None:
    directory, port = tmp_path / "sandbox", find_free_port()
    command = [sys.executable, "-c", "from backend.cli import main; main()", "sandbox"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHANGDING_")}
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, "--port", str(port), "--directory", str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=environ | {"COLUMNS": "200"},
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if LAST_LINE in line:
                    break
            printed = "".join(lines)
            assert printed.count("000000") == len(FIXED_PEOPLE), printed
            assert json.loads((directory / "client.json").read_text())["client_id"] in printed
            script = printed[printed.index(OPENING) : printed.index(CLOSING)]
            assert script in (directory / "calls.sh").read_text()
            pasted = subprocess.run(  # noqa: S603
                ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607
                capture_output=True,
                text=True,
                timeout=WAIT_S,
                check=False,
            )
            assert '"answer":"granted"' in pasted.stderr, pasted.stderr
            assert '"state":"cancelled"' in pasted.stdout
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(WAIT_S) == 0
    assert not is_ready(port)


def test_fresh_deletes_the_own_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHANGDING_DATABASE_URL", f"sqlite:///{tmp_path}/city.sqlite")
    result = CliRunner().invoke(
        commands, ["sandbox", "--fresh", "--port", str(find_free_port()), "--directory", str(tmp_path)]
    )
    assert isinstance(result.exception, DemoError)
    assert "--fresh deletes" in str(result.exception)
