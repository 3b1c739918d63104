"""The drill: every key of an installation exchanged by the commands alone, step by step."""

import json
import re
import stat
from pathlib import Path
from uuid import UUID

import pytest

from backend.clock import SystemClock
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.gateways.tokens import TokenIssuer
from backend.people.session_tables import add_link
from backend.people.subjects import find_or_add_subject
from backend.settings import SettingsError, read_settings
from backend.storage.database import Database
from tests.backend.city import make_person
from tests.backend.cli.prompt import PUBLIC_URL, run

SOMEBODY = make_person("林一舟")


@pytest.fixture
def env_file(environment: dict[str, str], database: Database) -> Path:
    """The file of settings of an installation that knows one person."""
    know(environment, database)
    return Path(environment["SHANGDING_TOKEN_KEYS"]).with_name("shangding.env")


def know(environment: dict[str, str], database: Database) -> str:
    settings = read_settings(environment)
    pseudonym, sealing = settings.pseudonym_keys, settings.sealing_keys
    with database.transaction() as session:
        known = find_or_add_subject(
            session,
            kind="natural_person",
            identity_number=SOMEBODY.id_number,
            name=SOMEBODY.name,
            verified=True,
            pseudonyms=Pseudonyms(pseudonym.by_id, pseudonym.current),
            sealer=Sealer(sealing.by_id, sealing.current),
            now=SystemClock().now(),
        )
    return str(known.subject_id)


def restart(environment: dict[str, str], env_file: Path) -> None:
    """Load the settings anew, as a process does that is restarted."""
    environment |= dict(line.split("=", 1) for line in env_file.read_text().splitlines())


@pytest.mark.parametrize("ring", ["pseudonym", "sealing"])
def test_a_ring_is_exchanged_step_by_step(
    environment: dict[str, str], env_file: Path, database: Database, ring: str
) -> None:
    variable = f"SHANGDING_{ring.upper()}_KEYS"
    subject_id, older = know(environment, database), environment[variable].partition(":")[0]
    announced = run(["keys", "announce", ring, str(env_file)], environment)
    newer = announced.output.strip()
    assert re.fullmatch(r"[0-9]{8}-[0-9a-f]{8}", newer)
    restart(environment, env_file)
    assert f"{newer}  read: nothing hangs on it, it can be dropped" in run(["keys", "show"], environment).output
    assert run(["keys", "use", ring, str(env_file), newer], environment).output == f"{variable}: {newer}, {older}\n"
    restart(environment, env_file)
    assert know(environment, database) == subject_id
    shown = run(["keys", "show"], environment)
    assert (shown.exit_code, f"{older}  read: 1 subject." in shown.output) == (0, True)
    refused = run(["keys", "drop", ring, str(env_file), older], environment)
    assert (refused.exit_code, f"values hang on {older}" in refused.output) == (1, True)
    assert "renewed 1 rows" in run(["keys", "renew"], environment).output
    assert run(["keys", "drop", ring, str(env_file), older], environment).output == f"{variable}: {newer}\n"
    restart(environment, env_file)
    assert know(environment, database) == subject_id
    told = run(["keys", "show"], environment).output
    assert older not in told
    assert f"{newer}  in use: 1 subject." in told
    secret = environment[variable].partition(":")[2]
    assert secret not in told + announced.output
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_a_key_that_only_links_hang_on_is_dropped_when_that_is_said(
    environment: dict[str, str], env_file: Path, database: Database
) -> None:
    variable, drop = "SHANGDING_PSEUDONYM_KEYS", ["keys", "drop", "pseudonym", str(env_file)]
    older = environment[variable].partition(":")[0]
    subject_id = UUID(know(environment, database))
    with database.transaction() as session:
        add_link(session, subject_id, digest=b"a" * 32, key_id=older, now=SystemClock().now())
    newer = run(["keys", "announce", "pseudonym", str(env_file)], environment).output.strip()
    restart(environment, env_file)
    run(["keys", "use", "pseudonym", str(env_file), newer], environment)
    restart(environment, env_file)
    early = run([*drop, older, "--links-anew"], environment)
    assert (early.exit_code, f"values hang on {older}" in early.output) == (1, True)  # the flag is about links alone
    assert run(["keys", "renew"], environment).exit_code == 0
    shown = f"{older}  read: 1 mini_program_link.account_index, it can be dropped with --links-anew"
    assert shown in run(["keys", "show"], environment).output
    held = env_file.read_text()
    refused = run([*drop, older], environment)
    assert (refused.exit_code, f"nothing but 1 links of mini-program accounts hangs on {older}" in refused.output) == (
        1,
        True,
    )
    assert env_file.read_text() == held
    dropped = run([*drop, older, "--links-anew"], environment)
    assert dropped.output == f"{variable}: {newer}\nto be linked anew: 1 accounts\n"
    restart(environment, env_file)
    told = run(["keys", "show"], environment)
    expected = f"{older}  dropped: 1 mini_program_link.account_index, to be linked anew"
    assert (told.exit_code, expected in told.output) == (0, True)


def test_a_key_in_use_and_a_key_that_is_none_are_not_dropped(environment: dict[str, str], env_file: Path) -> None:
    run(["keys", "announce", "sealing", str(env_file)], environment)
    restart(environment, env_file)
    used = environment["SHANGDING_SEALING_KEYS"].partition(":")[0]
    assert run(["keys", "drop", "sealing", str(env_file), used], environment).exit_code == 1
    assert isinstance(run(["keys", "drop", "sealing", str(env_file), "nokey"], environment).exception, SettingsError)
    held = env_file.read_text()
    assert isinstance(run(["keys", "use", "sealing", str(env_file), "nokey"], environment).exception, SettingsError)
    assert env_file.read_text() == held


@pytest.mark.parametrize("ring", ["pseudonym", "sealing"])
def test_a_key_that_is_missing_is_told(environment: dict[str, str], env_file: Path, ring: str) -> None:
    variable = f"SHANGDING_{ring.upper()}_KEYS"
    older = environment[variable].partition(":")[0]
    newer = run(["keys", "announce", ring, str(env_file)], environment).output.strip()
    restart(environment, env_file)
    environment[variable] = next(key for key in environment[variable].split(",") if key.startswith(newer))
    shown = run(["keys", "show"], environment)
    assert shown.exit_code == 1
    assert f"{older}  MISSING: 1 subject." in shown.output
    assert older in shown.output.splitlines()[-1]


def test_a_file_without_the_ring_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.env"
    file.write_text("SHANGDING_CITY=zhengzhou\n")
    assert isinstance(run(["keys", "announce", "sealing", str(file)], {}).exception, SettingsError)
    assert file.read_text() == "SHANGDING_CITY=zhengzhou\n"


def test_signing_keys_are_rotated_beneath_a_running_process(environment: dict[str, str]) -> None:
    file, now = Path(environment["SHANGDING_TOKEN_KEYS"]), SystemClock().now()
    issuer = TokenIssuer.from_file(file, issuer=PUBLIC_URL)
    rotated = run(["keys", "rotate", "token", str(file)], environment)
    assert [line.split()[1] for line in rotated.output.splitlines()] == ["signs,", "signs"]
    (older, newer) = (line.split()[0] for line in rotated.output.splitlines())
    assert [key["kid"] for key in issuer.list_public_keys(now)] == [older, newer]
    again = run(["keys", "rotate", "token", str(file)], environment)
    assert f"key {newer} begins to sign at" in str(again.exception)
    at_once = run(["keys", "rotate", "token", str(file), "--at-once"], environment)
    assert older not in at_once.output
    assert len(json.loads(file.read_text())["keys"]) == 1
