"""openapi.yaml says what the routes do, and leaves nothing out."""

from pathlib import Path

import yaml
from click.testing import CliRunner

from backend.cli import commands
from backend.cli.openapi import describe_api
from backend.web.openapi import find_gaps

ROOT = Path(__file__).parents[3]


def test_the_file_is_what_the_routes_say() -> None:
    assert (ROOT / "openapi.yaml").read_text("utf-8") == describe_api(), "run: make openapi"


def test_every_operation_has_summary_examples_and_error_codes() -> None:
    document = yaml.load(describe_api(), Loader=yaml.CSafeLoader)
    assert document["openapi"] == "3.1.0"
    assert find_gaps(document) == []


def test_drift_is_found(tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"
    run = CliRunner().invoke
    assert run(commands, ["openapi", str(path)]).exit_code == 0
    assert run(commands, ["openapi", "--check", str(path)]).exit_code == 0
    path.write_text(path.read_text("utf-8").replace("/v1/score:", "/v1/scores:"), "utf-8")
    drifted = run(commands, ["openapi", "--check", str(path)])
    assert drifted.exit_code == 1
    assert "/v1/scores" in drifted.output
