"""The import contracts of pyproject.toml bite: a small house keeps them, a planted import breaks one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT

_HOUSE = {
    "backend/__init__.py": "",
    "backend/app.py": "import backend.people.routes\n",
    "backend/cli/__init__.py": "",
    "backend/cli/reports.py": "",
    "backend/cli/rescore.py": "import backend.cli.reports\n",
    "backend/cli/serving.py": "import backend.app\n",
    "backend/context.py": "import backend.gateways\n",
    "backend/clock.py": "import scoring\n",
    "backend/settings.py": "",
    "backend/gateways/__init__.py": "import backend.storage\n",
    "backend/storage/__init__.py": "import sqlalchemy\n",
    "backend/web/__init__.py": "import flask\nimport backend.context\n",
    "backend/people/__init__.py": "",
    "backend/people/routes.py": "import backend.web\nfrom backend.people import enrolment, schemas\n",
    "backend/people/schemas.py": "import marshmallow\n",
    "backend/people/enrolment.py": "from backend.people import tables\n",
    "backend/people/tables.py": "import backend.storage\n",
    # The second modules of routes, schemas and tables that the contracts name.
    "backend/people/session_routes.py": "from backend.people import schemas\n",
    "backend/people/session_tables.py": "",
    "backend/people/sign_in_routes.py": "",
    "backend/records/file_routes.py": "",
    "backend/records/file_schemas.py": "import marshmallow\n",
    "backend/records/file_tables.py": "",
    "backend/records/quarantine_routes.py": "",
    "backend/records/quarantine_schemas.py": "",
    "backend/records/quarantine_tables.py": "",
    "backend/records/__init__.py": "",
    **{
        f"backend/{room}/{module}.py": ""
        for room, modules in {
            "benefits": (
                *("__init__", "ask_routes", "card_routes", "edition_routes", "offer_routes", "verification_routes"),
                *("card_schemas", "edition_schemas", "offer_schemas", "verification_schemas"),
                *("card_tables", "consent_tables", "desk_tables", "offer_tables", "probe_tables", "situation_tables"),
                *("ask_tables", "nobody", "verification_tables", "visitor_tables"),
            ),
            "disclosures": (
                *("__init__", "citizen_routes", "content_schemas", "schemas"),
                *("answer_tables", "doubt_tables", "person_tables"),
            ),
            "fulfilment": (
                *("__init__", "citizen_routes", "complaint_routes", "proposal_routes"),
                *("complaint_schemas", "proposal_schemas"),
                *("complaint_tables", "integrity_tables", "proposal_tables"),
            ),
            "governance": ("__init__", "impact_routes", "shadow_tables"),
            "grants": ("__init__", "my_grant_routes", "places", "queries"),
            "partners": ("__init__", "message_tables", "unlinked_tables"),
            "merchants": ("__init__", "offering_routes", "webhook_routes", "webhook_schemas", "webhook_tables"),
            "reports": ("__init__", "figure_routes", "figure_schemas", "figure_tables"),
            "scores": ("__init__", "edition_routes", "edition_schemas", "refresh_tables", "rulebook_schemas"),
            "visits": ("__init__", "ask_tables", "use_queries"),
        }.items()
        for module in modules
    },
    "backend/records/ingest.py": "import backend.people.enrolment\n",
    "scoring/__init__.py": "",
    "scoring/days.py": "import datetime\nfrom scoring import rules\n",
    "scoring/rules.py": "",
    "scenarios/__init__.py": "import scoring\n",
}


def _lint(house: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    for path, text in house.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    program = Path(sys.executable).with_name("lint-imports")
    command: list[str | Path] = [program, "--config", ROOT / "pyproject.toml", "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def test_a_small_house_keeps_every_contract(tmp_path: Path) -> None:
    result = _lint(_HOUSE, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("path", "text", "contract"),
    [
        ("backend/people/enrolment.py", "import backend.records.ingest\n", "Rooms stand on floors"),
        ("backend/storage/__init__.py", "import backend.gateways\n", "Rooms stand on floors"),
        ("backend/settings.py", "import backend.clock\n", "Rooms stand on floors"),
        ("backend/unlisted.py", "", "Rooms stand on floors"),
        ("backend/people/enrolment.py", "from backend.people import routes\n", "Only the app knows routes"),
        (
            "backend/people/enrolment.py",
            "from backend.people import schemas\n",
            "Only routes know wire forms",
        ),
        ("backend/records/ingest.py", "import backend.people.schemas\n", "Only routes know wire forms"),
        ("backend/records/ingest.py", "import backend.records.file_schemas\n", "Only routes know wire forms"),
        ("backend/records/ingest.py", "import backend.people.session_routes\n", "Only the app knows routes"),
        ("backend/people/session_tables.py", "import flask\n", "Tables do not know the web"),
        ("backend/people/tables.py", "import backend.web\n", "Tables do not know the web"),
        ("backend/people/tables.py", "import flask\n", "Tables do not know the web"),
        ("backend/people/enrolment.py", "import duckdb\n", "What serves does not load"),
        ("backend/cli/reports.py", "import matplotlib\n", "What counts and tells does not load"),
        ("scoring/rules.py", "import backend.clock\n", "scoring imports no IO"),
        ("scoring/rules.py", "import time\n", "scoring imports no IO"),
        ("scoring/rules.py", "import pathlib\n", "scoring imports no IO"),
        ("scoring/rules.py", "import ibis\n", "scoring imports no IO"),
        ("scoring/rules.py", "import sqlalchemy\n", "scoring imports no IO"),
        ("scoring/rules.py", "import scenarios\n", "scoring imports no IO"),
        ("scenarios/__init__.py", "import backend.clock\n", "scenarios are as pure"),
        ("scenarios/__init__.py", "import random\n", "scenarios are as pure"),
        ("scoring/rules.py", "import scoring.days\n", "No cycle among siblings"),
    ],
)
def test_a_planted_import_breaks_its_contract(tmp_path: Path, path: str, text: str, contract: str) -> None:
    result = _lint(_HOUSE | {path: text}, tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), result.stdout
