import os
import subprocess
import sys
from pathlib import Path

from backend.principals import PrincipalKind
from tests.backend.web.probe import Probe


def read_figures(probe: Probe) -> str:
    headers = probe.sign_in("metrics:read", kind=PrincipalKind.OPERATOR)
    answer = probe.client().get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    return answer.text


def test_requests_are_counted_by_operation_method_and_status(probe: Probe) -> None:
    probe.client().get("/health/live")
    probe.client().get("/v1/probe/notes")
    figures = read_figures(probe)
    assert 'shangding_requests_total{method="GET",operation="read_liveness",status="200"} 1.0' in figures
    assert 'shangding_requests_total{method="GET",operation="list_notes",status="401"} 1.0' in figures
    assert 'shangding_request_duration_seconds_count{operation="list_notes"} 1.0' in figures
    assert 'shangding_build_info{commit="0a1b2c3"} 1.0' in figures


def test_strangers_cannot_add_labels(probe: Probe) -> None:
    for number in range(5):
        probe.client().open(f"/v1/{number}", method=f"BREW{number}")
    figures = read_figures(probe)
    assert 'shangding_requests_total{method="other",operation="unmatched",status="404"} 5.0' in figures
    assert "BREW" not in figures


def test_figures_are_for_the_operator(probe: Probe) -> None:
    assert probe.client().get("/metrics").status_code == 401
    headers = probe.sign_in("metrics:read")
    assert probe.client().get("/metrics", headers=headers).status_code == 403


def test_several_processes_add_up(tmp_path: Path) -> None:
    """Each process counts one request; the third one's figures hold all of them."""
    script = tmp_path / "count.py"
    script.write_text(
        "from flask import Flask, Response\n"
        "from backend.web.metrics import Metrics\n"
        "from backend.web.requests import begin_request\n"
        "metrics = Metrics(commit='abc')\n"
        "with Flask('x').test_request_context():\n"
        "    begin_request()\n"
        "    metrics.count_response(Response())\n"
        "print(metrics.write())\n"
    )
    folder = tmp_path / "figures"
    folder.mkdir()
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": str(Path.cwd())}
    figures = ""
    for _ in range(3):
        ran = subprocess.run(  # noqa: S603 - our own interpreter and script
            [sys.executable, str(script)], env=environ, capture_output=True, text=True, check=True
        )
        figures = ran.stdout
    assert 'operation="unmatched",status="200"} 3.0' in figures
    assert 'shangding_build_info{commit="abc"} 1.0' in figures
