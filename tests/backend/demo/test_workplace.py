"""The directory of a demo: keys made once, for one's own eyes, and never anybody else's."""

import stat
from pathlib import Path

from backend.demo.workplace import Workplace, open_workplace, write_private
from tests.backend.demo.cities import NOW


def _place(directory: Path) -> Workplace:
    return Workplace(directory=directory, people=10, seed=1, port=8000)


def test_keys_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    place = _place(tmp_path / "demo")
    first, _ = open_workplace(place, {}, NOW)
    assert open_workplace(place, {}, NOW)[0] == first
    files = list(place.directory.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700


def test_database_and_redis_of_the_user_win_and_keys_never_do(tmp_path: Path) -> None:
    given = {
        "SHANGDING_DATABASE_URL": "postgresql+psycopg://somebody@127.0.0.1/city",
        "SHANGDING_REDIS_URL": "redis://127.0.0.1:6379/1",
        "SHANGDING_TOKEN_KEYS": "/real/keys",
        "SHANGDING_SEALING_KEYS": "real:key",
        "SHANGDING_PUBLIC_URL": "https://real.example",
        "PATH": "/bin",
    }
    variables, settings = open_workplace(_place(tmp_path), given, NOW)
    assert settings.database_url == given["SHANGDING_DATABASE_URL"]
    assert settings.redis_url == given["SHANGDING_REDIS_URL"]
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.token_keys.parent == tmp_path
    assert "PATH" not in variables


def test_each_size_and_seed_has_a_file_of_its_own(tmp_path: Path) -> None:
    urls = {
        open_workplace(Workplace(directory=tmp_path, people=people, seed=seed, port=8000), {}, NOW)[1].database_url
        for people, seed in ((10, 1), (10, 2), (20, 1))
    }
    assert len(urls) == 3


def test_a_private_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "calls.sh"
    path.write_text("old")
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
