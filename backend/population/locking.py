"""Who may write to the files of a city, and who reads them: locks that go with the process that holds them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.population.faults import CityFilesError
from backend.population.manifest import NAME

WRITER_LOCK, READER_LOCK = "writer.lock", "reader.lock"


@contextmanager
def locked(folder: Path, name: str, how: int) -> Iterator[None]:
    """Hold a lock of the files; who shares it waits, who wants it alone gets a CityFilesError where somebody has it."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        what = f"the files of a city without {name}" if (folder / NAME).exists() else "no files of a city"
        raise CityFilesError(f"{folder} holds {what}; `shangding population export` makes them") from None
    try:
        try:
            fcntl.flock(descriptor, how if how == fcntl.LOCK_SH else how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CityFilesError(f"somebody else is writing to {folder}; wait until that has ended") from None
        yield
    finally:
        os.close(descriptor)  # lets the lock go, as the end of the process would
