"""docs/for-merchants.md is run from its first line to its last, against a sandbox that is served on this machine."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection, create_server
from typing import Any

import pytest
from werkzeug.serving import make_server

from backend.cli.starting import make_courier
from backend.demo.processes import QuietHandler
from backend.demo.sandbox_cast import FIXED_PEOPLE
from backend.demo.sandbox_launch import write_calls
from backend.merchants.dispatch import Dispatcher
from backend.web.problems import ProblemCode
from tests.backend.sandbox.sandboxes import Sandbox, opened_sandbox
from tests.tidy.tree import ROOT

GUIDE = ROOT / "docs" / "for-merchants.md"
EXAMPLES = ROOT / "docs" / "examples"
BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<kind>python|bash|json)\n(?P<text>.*?)```", re.DOTALL)
SERVICE, RECEIVER = "127.0.0.1:8100", 8200
WAIT_S = 20


@dataclass
class Reader:
    """Somebody who does what the guide says, in a directory of his own."""

    place: Path
    ports: dict[str, str]
    processes: ExitStack
    known: dict[str, Any] = field(default_factory=dict)

    def follow(self, block: re.Match[str]) -> None:
        """Do what one block says."""
        mark, kind, text = block["mark"], block["kind"], block["text"]
        for told, real in self.ports.items():
            text = text.replace(told, real)
        if kind == "python":
            above = "\n" * block.string.count("\n", 0, block.start("text"))  # so that a fault names its line
            exec(compile(above + text, str(GUIDE), "exec"), self.known)  # noqa: S102 - our own document
        elif kind == "json":
            assert list_members(json.loads(text)) == list_members(self.known["answer"])
        elif mark is None:
            self.run(text)
        elif mark.startswith("goes on: port"):
            self.leave_running(text, int(self.ports[str(RECEIVER)]))

    def run(self, script: str) -> None:
        """Run a script to its end."""
        done = self.start(script)
        said, _ = done.communicate(timeout=WAIT_S)
        assert done.returncode == 0, said

    def leave_running(self, script: str, port: int) -> None:
        """Run a script that does not end, until it listens at a port; it is ended when the reader is done."""
        *before, last = script.strip().splitlines()
        process = self.start("\n".join([*before, f"exec {last}"]))
        self.processes.callback(process.wait, WAIT_S)
        self.processes.callback(process.terminate)
        until = time.monotonic() + WAIT_S
        while process.poll() is None and time.monotonic() < until:
            try:
                create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"nobody listens at port {port}")

    def start(self, script: str) -> subprocess.Popen[str]:
        environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        process = subprocess.Popen(  # noqa: S603
            ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607
            cwd=self.place,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.callback(lambda: process.stdout and process.stdout.close())
        return process


def list_members(value: object) -> object:
    """What an answer is made of: the names of its members, and of theirs."""
    return {name: list_members(each) for name, each in value.items()} if isinstance(value, dict) else None


def find_free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def serving(sandbox: Sandbox) -> Iterator[None]:
    """Serve a sandbox, and send its events, as its two processes do."""
    server = make_server("127.0.0.1", sandbox.place.port, sandbox.app, threaded=True, request_handler=QuietHandler)
    stopped = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}),
        threading.Thread(target=Dispatcher(make_courier(sandbox.context), threads=4).run, args=(stopped,)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    port = find_free_port()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    ports = {SERVICE: f"127.0.0.1:{port}", str(RECEIVER): str(find_free_port())}
    # In the time of this machine: the receiver and the scripts are processes of their own.
    with opened_sandbox(tmp_path / "var" / "sandbox", port=port, at=None) as sandbox, serving(sandbox):
        (tmp_path / "var" / "sandbox" / "calls.sh").write_text(write_calls(sandbox.place, sandbox.issue_token()))
        with ExitStack() as processes:
            yield Reader(tmp_path, ports, processes)


@pytest.mark.timeout(90)
def test_the_guide_can_be_followed_to_its_end(reader: Reader) -> None:
    blocks = list(BLOCK.finditer(GUIDE.read_text("utf-8")))
    for block in blocks:
        reader.follow(block)
    assert len(blocks) > 15
    assert reader.known["answer"]["figure"] == 100
    compare = "python docs/examples/reconcile.py var/sandbox/statement.jsonl var/sandbox/books.csv"
    for script, word in ((compare, "agrees: "), ("bash var/sandbox/calls.sh", "令牌已失效")):  # the clock was moved
        said, _ = reader.start(script).communicate(timeout=WAIT_S)
        assert word in said


def test_the_guide_names_the_twenty_people_and_every_wrong_turn() -> None:
    text = GUIDE.read_text("utf-8")
    for number, fixed in enumerate(FIXED_PEOPLE, start=1):
        who = fixed.purpose.en.partition(":")[0]
        assert f"| {number:02} | {who} |" in text
    turns = [code for code in ProblemCode if code.startswith(("grant_", "amount_"))]
    assert [code for code in turns if f"`{code}`" not in text] == []
