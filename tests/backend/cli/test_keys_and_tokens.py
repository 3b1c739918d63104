"""A new installation: keys, schema, departments and a first token, by the commands alone."""

import json
import stat
from pathlib import Path

from click.testing import Result

from backend.clients.roles import DEPARTMENT_SCOPES
from backend.clock import SystemClock
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.settings import SettingsError, read_settings
from backend.storage.migrations import head_revision
from tests.backend.cli.prompt import PUBLIC_URL, install, run


def test_keys_are_for_their_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert run(["keys", "new", str(folder)], {}).exit_code == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert set(modes.values()) == {0o600}
    held = (folder / "shangding.env").read_text()
    assert isinstance(run(["keys", "new", str(folder)], {}).exception, FileExistsError)
    assert (folder / "shangding.env").read_text() == held


def test_the_made_settings_are_usable(environment: dict[str, str]) -> None:
    assert read_settings(environment).city == "zhengzhou"


def test_migrating_twice_is_harmless_and_names_the_revision(tmp_path: Path, empty_database_url: str) -> None:
    environment = install(tmp_path / "keys", empty_database_url)
    first, again = run(["migrate"], environment), run(["migrate"], environment)
    assert first.output == again.output, first.output
    assert f"schema is at {head_revision()}" in first.output


def read_token(result: Result, environment: dict[str, str]) -> Principal:
    issuer = TokenIssuer.from_file(Path(environment["SHANGDING_TOKEN_KEYS"]), issuer=PUBLIC_URL)
    return issuer.read(result.stdout.strip(), SystemClock().now())


def test_a_token_made_by_hand_speaks_for_the_department_and_its_clerk(environment: dict[str, str]) -> None:
    result = run(["token", "department", "health_commission", "--clerk", "clerk-7"], environment)
    principal = read_token(result, environment)
    assert (principal.kind, principal.id, principal.acting) == (
        PrincipalKind.DEPARTMENT,
        "health_commission",
        "clerk-7",
    )
    assert principal.scopes == DEPARTMENT_SCOPES
    assert principal.client is None


def test_an_operator_token_made_by_hand_reads_metrics_unless_told_otherwise(environment: dict[str, str]) -> None:
    result = run(["token", "operator", "prometheus"], environment)
    assert read_token(result, environment).scopes == {"metrics:read"}
    result = run(["token", "operator", "wang", "--role", "registrar"], environment)
    assert read_token(result, environment).scopes == {"clients:read", "clients:write"}
    result = run(["token", "operator", "wang", "--role", "registrar", "--role", "auditor"], environment)
    assert (result.exit_code, "roles of different people" in result.output) == (2, True)


def test_what_is_made_by_hand_is_short_and_leaves_a_note(environment: dict[str, str]) -> None:
    result = run(["token", "operator", "wang", "--minutes", "11"], environment)
    assert (result.exit_code, result.stdout) == (2, "")
    result = run(["token", "operator", "wang", "--minutes", "3"], environment)
    note = json.loads(result.stderr)
    expected = {"event": "token_made_by_hand", "kind": "operator", "of": "wang", "minutes": 3, "scope": "metrics:read"}
    assert note | expected == note
    assert result.stdout.strip() not in result.stderr


def test_there_is_no_token_for_an_unknown_department(environment: dict[str, str]) -> None:
    result = run(["token", "department", "gossip"], environment)
    assert result.exit_code == 2
    assert "gossip is no department of the catalogue" in result.output


def test_without_settings_every_fault_is_told_at_once() -> None:
    fault = run(["serve"], {}).exception
    assert isinstance(fault, SettingsError)
    assert len(fault.faults) >= 6
