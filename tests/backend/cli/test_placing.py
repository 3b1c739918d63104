"""Files that commands write are refused before the work, and are there whole or as they were."""

import os
from pathlib import Path

import click
import pytest

from backend.cli.placing import NewFile, place_content


@pytest.mark.parametrize("name", ["nowhere/report.json", "taken", "file/report.json"])
def test_a_place_where_nothing_can_be_written_is_wrong_usage(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(click.BadParameter, match=name):
        NewFile().convert(str(tmp_path / name), None, None)
    assert NewFile().convert(str(tmp_path / "new.json"), None, None) == tmp_path / "new.json"
    assert {path.name for path in tmp_path.iterdir()} == {"taken", "file"}  # looking leaves nothing behind


def test_what_was_there_stays_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, link = tmp_path / "report.json", tmp_path / "latest"
    link.symlink_to(target)
    place_content(link, b"old")
    assert (link.is_symlink(), target.read_bytes()) == (True, b"old")

    def fail(_: int) -> None:
        assert target.read_bytes() == b"old"
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            place_content(target, b"new")
    assert (target.read_bytes(), len(list(tmp_path.iterdir()))) == (b"old", 2)


def test_a_pipe_takes_what_is_written_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert NewFile().convert(str(pipe), None, None) == pipe
    place_content(pipe, b"as it comes")
    assert (os.read(reader, 99), pipe.is_fifo()) == (b"as it comes", True)
    os.close(reader)
