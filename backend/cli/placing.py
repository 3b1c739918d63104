"""Files that a command is asked to write: whether it can is known before its work, and they are there whole or not."""

import os
from pathlib import Path
from typing import Any, cast

import click
from typing_extensions import override


class NewFile(click.Path):
    """The path of a file to be written, over one that is there if need be; what cannot be written is wrong usage."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = cast("Path", super().convert(value, param, ctx))
        try:
            check_place(path)
        except OSError as fault:
            self.fail(f"{path} cannot be written ({fault.strerror}); name a file in a folder that you may write to")
        return path


def check_place(path: Path) -> None:
    """Raise OSError where a file cannot be placed."""
    if _is_stream(path):
        return
    beside = _name_beside(path)
    beside.touch(exist_ok=False)
    beside.unlink()


def place_content(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole, or as it was before; to a device or a pipe as it comes."""
    if _is_stream(path):
        path.write_bytes(content)
        return
    beside = _name_beside(path)
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path.resolve())
    finally:
        beside.unlink(missing_ok=True)


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _name_beside(path: Path) -> Path:
    whole = path.resolve()  # a link stays one
    return whole.with_name(f".{whole.name}.{os.getpid()}")
