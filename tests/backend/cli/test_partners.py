"""Partner cities at the prompt: from two documents and some keys to a bundle that a third party verifies."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from backend.clock import SystemClock
from backend.gateways.exchange_keys import read_exchange_keys
from backend.gateways.public_keys import write_fingerprint
from backend.partners.message_log import Direction, MessageKind
from backend.storage.database import Database
from tests.backend.cli.prompt import install, run
from tests.backend.partners.cities import OURS, PROPOSAL, THEIRS, TREATY_NAME, TREATY_TEXT, Pair
from tests.databases import copy_sqlite_template

Run = Callable[..., str]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Our keys as they stand in a file, and the partner's."""
    file = tmp_path / "exchange.jwks"
    assert run(["keys", "exchange", "new", str(file)], {}).exit_code == 0
    pair = Pair()
    pair.us.held = read_exchange_keys(file.read_text())
    (tmp_path / "theirs.jwks").write_text(pair.them.write_jwks())
    (tmp_path / TREATY_NAME).write_text(TREATY_TEXT)
    return pair


@pytest.fixture
def prompt(tmp_path: Path, sqlite_url: str, pair: Pair) -> Run:  # noqa: ARG001 - it makes the files
    """Run a command in an installation that takes part in the exchange; gives what it says."""
    copy_sqlite_template(sqlite_url)
    settings = install(tmp_path / "keys", sqlite_url) | {"SHANGDING_EXCHANGE_KEYS": str(tmp_path / "exchange.jwks")}

    def say(*arguments: object, fails: bool = False, **changes: str) -> str:
        ended = run([str(each) for each in arguments], settings | changes)
        assert (ended.exit_code != 0) == fails, ended.output
        return ended.output if not fails or ended.output else str(ended.exception)

    return say


def test_from_a_document_to_a_bundle(tmp_path: Path, prompt: Run, pair: Pair, sqlite_url: str) -> None:
    file, keys = tmp_path / TREATY_NAME, tmp_path / "theirs.jwks"
    by = ("--by", "zhao")
    register = ("partners", "add", THEIRS, "--title", "杭州市", "--keys", keys, *by)
    assert "rights, no fault" in prompt("treaties", "check", file)
    ours, theirs = prompt("treaties", "sign", file).strip(), pair.them.sign_treaty()
    add = ("treaties", "add", file, "--ours", ours, "--theirs", theirs, *by)
    assert "not registered" in prompt(*add, fails=True)
    assert "give https" in prompt(*register, "--url", "http://hangzhou.example", fails=True)
    registered = prompt(*register, "--url", "https://hangzhou.example/")
    theirs_shown = [write_fingerprint(entry) for entry in json.loads(keys.read_text())["keys"]]
    assert len(theirs_shown) == 2
    assert all(each in registered and each in prompt("partners", "list") for each in theirs_shown)
    assert "already" in prompt(*register, "--url", "https://hangzhou.example", fails=True)
    assert "has not signed" in prompt(*add[:-5], ours, "--theirs", theirs[:-8] + ours[-8:], *by, fails=True)
    assert "added" in prompt(*add)
    version, because = ("hangzhou-zhengzhou", "2026.1"), ("--reason", "核查")
    assert f"suspended by {OURS}" in prompt("treaties", "suspend", *version, *by, *because)
    assert f"by {OURS}" in prompt("treaties", "list")
    assert "1 since" in prompt("partners", "list")
    assert prompt("treaties", "resume", *version, *by, *because).strip().endswith("resumed")
    assert "no suspension" in prompt("treaties", "resume", *version, *by, *because, fails=True)

    bundle = tmp_path / "bundle.jsonl"
    assert "no messages with hangzhou" in prompt("exchange", "export", THEIRS, "--out", bundle, fails=True)
    database = Database(sqlite_url)
    now = SystemClock().now()
    with database.transaction() as session:
        pair.talk(session, MessageKind.QUESTION, Direction.IN, UUID(int=1), now)
    database.dispose()
    for stretch, why in (((2, 1), "--from-no 2 is above"), ((3, 9), "has number 2")):
        range_options = ("--from-no", stretch[0], "--to-no", stretch[1])
        assert why in prompt("exchange", "export", THEIRS, "--out", bundle, *range_options, fails=True)
    assert not bundle.exists()
    assert "2 messages with hangzhou, numbers 1 to 2" in prompt("exchange", "export", THEIRS, "--out", bundle)
    assert bundle.stat().st_mode & 0o077 == 0
    assert "exists" in prompt("exchange", "export", THEIRS, "--out", bundle, fails=True)
    sets = json.loads(prompt("exchange", "keys"))
    assert set(sets) == {OURS, THEIRS}
    (tmp_path / "ours.jwks").write_text(prompt("exchange", "keys", OURS))
    check_alone(bundle, [f"{OURS}={tmp_path / 'ours.jwks'}", f"{THEIRS}={keys}"])

    end = ("partners", "end", THEIRS, *by, *because)
    assert "Aborted" in prompt(*end, fails=True)  # nobody says yes
    assert "hangzhou: ended" in prompt(*end, "--yes")
    assert "by zhao: 核查)" in " ".join(prompt("partners", "list").split())
    assert "ended already" in prompt(*end, "--yes", fails=True)
    assert f"by {OURS}" in prompt("treaties", "list")
    assert "partnership with hangzhou has ended" in prompt("treaties", "resume", *version, *by, *because, fails=True)


def check_alone(bundle: Path, keys: list[str]) -> None:
    """Verify a bundle without any settings, honest and changed."""
    command = ["exchange", "verify", str(bundle), "--keys", keys[0], "--keys", keys[1]]
    sound = run(command, {})
    assert (sound.exit_code, "nothing wrong" in sound.output) == (0, True), sound.output
    content = bundle.read_bytes()
    bundle.write_bytes(content.replace(b"question_digest", b"question_digesT"))
    changed = run(command, {})
    assert (changed.exit_code, changed.output.startswith("line 3: ")) == (1, True), changed.output
    bundle.write_bytes(content)
    unknown = run([*command[:4], keys[0]], {})
    assert (unknown.exit_code, "--keys hangzhou=FILE is missing" in unknown.output) == (2, True)
    assert run([*command[:4], "hangzhou"], {}).exit_code == 2
    broken = run([*command[:4], f"hangzhou={bundle}"], {})
    assert (broken.exit_code, f"{bundle}: the key set is not" in " ".join(broken.output.split())) == (2, True)


def test_a_treaty_that_is_not_ours_is_not_signed(tmp_path: Path, prompt: Run) -> None:
    said = prompt("treaties", "sign", tmp_path / TREATY_NAME, fails=True, SHANGDING_CITY="nanjing")
    assert "this city is nanjing" in said
    said = prompt("treaties", "sign", tmp_path / TREATY_NAME, fails=True, SHANGDING_EXCHANGE_KEYS="")
    assert "SHANGDING_EXCHANGE_KEYS is missing" in said
    (tmp_path / TREATY_NAME).write_text(PROPOSAL, "utf-8")
    for command in (["sign"], ["add", "--ours", "x", "--theirs", "x", "--by", "zhao"]):
        said = prompt("treaties", *command, tmp_path / TREATY_NAME, fails=True)
        assert "parties[zhengzhou]: authority or contact is open" in said
