"""The secret keys in a file of settings, such as the one that `shangding keys new` makes: one line a ring."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from backend.gateways.token_keys import replace_file
from backend.settings import SettingsError


class Ring(StrEnum):
    """The rings of secret keys."""

    PSEUDONYM = "pseudonym"
    SEALING = "sealing"


VARIABLES: Mapping[Ring, str] = {
    Ring.PSEUDONYM: "SHANGDING_PSEUDONYM_KEYS",
    Ring.SEALING: "SHANGDING_SEALING_KEYS",
}


def change_ring(path: Path, ring: Ring, change: Callable[[list[str]], list[str]]) -> list[str]:
    """Change the keys (`id:base64`, the current one first) of a ring in a file of settings, in one step.

    Gives their ids as they are then. Raises SettingsError when the file has no such line; then nothing is changed.
    """
    lines, start = path.read_text(encoding="utf-8").splitlines(), f"{VARIABLES[ring]}="
    places = [place for place, line in enumerate(lines) if line.startswith(start)]
    if len(places) != 1:
        raise SettingsError((f"{path} has {len(places)} lines that begin with {start} and needs one",))
    held = lines[places[0]].removeprefix(start).strip("\"'").split(",")
    changed = change([key.strip() for key in held])
    lines[places[0]] = start + ",".join(changed)
    replace_file(path, "\n".join(lines) + "\n")
    return list_ids(changed)


def list_ids(keys: list[str]) -> list[str]:
    """List the ids of keys in the form of the settings."""
    return [key.partition(":")[0] for key in keys]


def find_place(keys: list[str], key_id: str) -> int:
    """Find where a key stands in its ring; raises SettingsError when it does not."""
    ids = list_ids(keys)
    if key_id not in ids:
        raise SettingsError((f"there is no key {key_id}; there are {', '.join(ids)}",))
    return ids.index(key_id)
