"""The whole demo, as somebody would try it: start it, paste what it prints, end it."""

import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server

import pytest
from click.testing import CliRunner

from backend.cli import commands
from backend.demo.calls import CLOSING, OPENING
from backend.demo.client import is_ready

START_S, PASTE_S, STOP_S = 60, 120, 45
LAST_LINE = "Ctrl-C ends both"
# Each command of its own would load everything anew, for seconds.
SAID = "said:"


def _find_two_free_ports() -> int:
    """Find a port that is free together with the next one."""
    for port in range(20_000 + os.getpid() % 20_000, 60_000, 2):
        try:
            for each in (port, port + 1):
                create_server(("127.0.0.1", each)).close()
        except OSError:
            continue
        return port
    raise LookupError("there are no two free ports")


@contextmanager
def _running_demo(directory: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a demo of 30 people and give it with what it printed until it was ready."""
    options = ["--people", "30", "--port", str(port), "--directory", str(directory)]
    command = [sys.executable, "-c", "from backend.cli import main; main()", "demo", *options]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHANGDING_")}
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", env=environ
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if LAST_LINE in line:
                    break
            yield process, "".join(lines)
        finally:
            process.terminate()
            process.wait(STOP_S)


def _paste(printed: str) -> str:
    """Paste it into bash, but for the later commands of operators: those bash only says, word by word."""
    script = printed[printed.index(OPENING) : printed.index(CLOSING)]
    said = f"shangding() {{ printf {SAID!r}; printf ' %q' \"$@\"; echo; }}"
    script = script.replace("\nshangding population verify", f"\n{said}\nshangding population verify")
    done = subprocess.run(  # noqa: S603
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PASTE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _run_said(answered: str, settings: Path) -> str:
    """Run the commands of which bash has told the words, with the settings of the demo, and give what they print."""
    given = (line.partition("=") for line in settings.read_text("utf-8").splitlines())
    variables: dict[str, str | None] = {name: "".join(shlex.split(value)) for name, _, value in given}
    printed = []
    for line in answered.splitlines():
        if line.startswith(SAID):
            done = CliRunner().invoke(commands, shlex.split(line.removeprefix(SAID)), env=variables)
            assert done.exit_code == 0, f"{line}: {done.output} {done.exception}"
            printed.append(done.output)
    return "".join(printed)


@pytest.mark.timeout(START_S * 4)
def test_what_the_demo_prints_can_be_pasted_and_nothing_stays_behind(tmp_path: Path) -> None:
    port = _find_two_free_ports()
    with _running_demo(tmp_path / "demo", port) as (process, printed):
        assert "陈志远：118 分，信用良好" in printed, printed
        assert "报送回执" in printed
        answered = _paste(printed)
        settings = tmp_path / "demo" / "shangding.env"
        answered += _run_said(answered, settings)
        process.terminate()  # as Ctrl-C, which Python handles by itself
        assert process.wait(STOP_S) == 0
    for expected in (
        '"status_text": "已开通"',
        '"title": "志愿服务时长"',
        '"balance": 118',
        '"name": "团市委"',
        '"next_level": {',
        '"answer": "granted"',
        '"state": "completed"',
        '"name": "演示便民服务点"',
        '"accepted": 1',
        '"refused": 1',
        '"code": "simple_procedure"',
        '"mini_program_linked_at": "20',
        '"device": "小程序"',
        '"rows_read": 3',
        "第2号,ordinary,upheld,已接收",
        "第3号,ordinary,not_final,不予接收",
        "shangding_build_info",
        " with news, ",
        "; 0 faults",
        " refreshed; 0 held by ",
        " agree, 0 differ, 0 have none that holds",
        "修改规则 ZZ-E-02 无偿献血：分值 +10 → +12",
        "│ 信用良好 │",
    ):
        assert expected in answered
    assert not is_ready(port)
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    secrets = [line.partition("=")[2] for line in settings.read_text("utf-8").splitlines() if "_KEYS=" in line]
    assert len(secrets) == 3
    assert not any(secret in printed for secret in secrets)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    port = _find_two_free_ports()
    with create_server(("127.0.0.1", port + 1)), _running_demo(tmp_path, port) as (process, printed):
        assert process.wait(STOP_S) != 0
    assert f"port {port + 1} is in use" in printed
