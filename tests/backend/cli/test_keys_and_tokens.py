"""A new installation: keys, schema, departments and a first token, by the commands alone."""

import stat
from datetime import UTC, datetime
from pathlib import Path

from backend.clock import SystemClock
from backend.gateways.tokens import TokenIssuer
from backend.principals import PrincipalKind
from backend.settings import SettingsError, read_settings
from tests.backend.cli.prompt import PUBLIC_URL, run


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


def test_migrating_twice_is_harmless_and_names_the_revision(environment: dict[str, str]) -> None:
    first, again = run(["migrate"], environment), run(["migrate"], environment)
    assert first.output == again.output, first.output
    assert "schema is at 0001" in first.output


def test_a_department_token_speaks_for_the_department_and_its_clerk(environment: dict[str, str]) -> None:
    result = run(["token", "department", "health_commission", "--clerk", "clerk-7"], environment)
    issuer = TokenIssuer.from_file(Path(environment["SHANGDING_TOKEN_KEYS"]), issuer=PUBLIC_URL)
    principal = issuer.read(result.output.strip(), SystemClock().now())
    assert (principal.kind, principal.id, principal.acting) == (
        PrincipalKind.DEPARTMENT,
        "health_commission",
        "clerk-7",
    )
    assert principal.scopes == {"records:read", "records:write"}


def test_an_operator_token_reads_metrics_and_nothing_else(environment: dict[str, str]) -> None:
    result = run(["token", "operator", "prometheus"], environment)
    issuer = TokenIssuer.from_file(Path(environment["SHANGDING_TOKEN_KEYS"]), issuer=PUBLIC_URL)
    assert issuer.read(result.output.strip(), datetime.now(UTC)).scopes == {"metrics:read"}


def test_there_is_no_token_for_an_unknown_department(environment: dict[str, str]) -> None:
    result = run(["token", "department", "gossip"], environment)
    assert result.exit_code == 2
    assert "gossip is no department of the catalogue" in result.output


def test_without_settings_every_fault_is_told_at_once() -> None:
    fault = run(["serve"], {}).exception
    assert isinstance(fault, SettingsError)
    assert len(fault.faults) >= 6
