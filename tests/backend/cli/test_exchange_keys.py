"""The keys of the exchange, made, told of and rotated by the commands alone."""

import json
import re
import stat
from pathlib import Path

from backend.clock import SystemClock
from backend.context import make_context
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.public_keys import write_fingerprint
from backend.settings import read_settings
from tests.backend.cli.prompt import install, run


def test_keys_are_made_for_their_owner_alone_and_rotated(tmp_path: Path) -> None:
    file, now = tmp_path / "exchange.json", SystemClock().now()
    made = run(["keys", "exchange", "new", str(file)], {})
    entries = json.loads(file.read_text())["keys"]
    told = [f"fingerprint {write_fingerprint(entry)}" for entry in entries]
    assert [line.strip() for line in made.output.splitlines()] == [
        f"{entries[0]['kid']}  signs",
        told[0],
        f"{entries[1]['kid']}  sealed to",
        told[1],
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    held = file.read_text()
    assert isinstance(run(["keys", "exchange", "new", str(file)], {}).exception, FileExistsError)
    assert file.read_text() == held
    first = ExchangeKeys.from_file(file).find_signer(now)
    rotated = run(["keys", "exchange", "rotate", str(file)], {})
    states = [re.sub(r"[0-9-]+ [0-9:]+Z", "T", line.split(None, 1)[1]) for line in rotated.output.splitlines()[::2]]
    assert states == ["signs, read until T", "signs from T", "sealed to, opens until T", "sealed to from T"]
    assert ExchangeKeys.from_file(file).find_signer(now).key_id == first.key_id
    alone = run(["keys", "exchange", "rotate", str(file), "--at-once"], {})
    assert (alone.exit_code, first.key_id in alone.output, len(alone.output.splitlines())) == (0, False, 4)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_city_without_partners_needs_none(tmp_path: Path, sqlite_url: str) -> None:
    file, environment = tmp_path / "exchange.json", install(tmp_path / "keys", sqlite_url)
    run(["keys", "exchange", "new", str(file)], {})
    assert make_context(read_settings(environment)).exchange_keys is None
    environment["SHANGDING_EXCHANGE_KEYS"] = str(file)
    keys = make_context(read_settings(environment)).exchange_keys
    assert keys is not None
    shown = run(["keys", "show"], environment).output
    assert f"exchange keys, {file}" in shown
    assert all(
        entry["kid"] in shown and write_fingerprint(entry) in shown for entry in keys.describe(SystemClock().now())
    )
