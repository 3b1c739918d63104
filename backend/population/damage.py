"""Whether the files of a city are what the manifest lists: there, of their size, and byte for byte the same.

DuckDB takes a flipped byte as it comes; it neither writes checksums of pages nor looks at those that others write. So
nothing but SHA-256 tells that files are whole. It costs seconds for a large city, little beside whatever goes over
everybody, and whoever makes new files of old ones would hide the damage for good.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from backend.population.faults import CityFilesError
from backend.population.manifest import ListedFile

# What damaged files make of whoever reads them: they cannot be read, or say what nobody wrote.
_SYMPTOMS = (duckdb.Error, pa.ArrowException, OSError, ValueError, LookupError, ArithmeticError)


class Fault(NamedTuple):
    """Where something is not as it must be, and what."""

    place: str
    what: str


def find_damage(folder: Path, listed: Iterable[ListedFile]) -> Iterator[Fault]:
    """Find the files that are not as the manifest says, in the order in which they are listed."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:  # who hashes leaves the others be
        yield from filter(None, threads.map(partial(_look_at, folder), listed))


def check_files_are_whole(folder: Path, listed: Iterable[ListedFile]) -> None:
    """Raise CityFilesError with the first file that is not as the manifest says."""
    fault = next(find_damage(folder, listed), None)
    if fault is not None:
        raise CityFilesError(_advise(folder, fault))


@contextmanager
def damage_told(folder: Path, list_files: Callable[[], Iterable[ListedFile]]) -> Iterator[None]:
    """Where reading the files comes to grief, look whether they are damaged: that is a CityFilesError then.

    What goes wrong with files that are whole goes on as it is.
    """
    try:
        yield
    except _SYMPTOMS as symptom:
        fault = next(find_damage(folder, list_files()), None)
        if fault is None:
            raise
        raise CityFilesError(_advise(folder, fault)) from symptom


def _advise(folder: Path, fault: Fault) -> str:
    return (
        f"{folder / fault.place} {fault.what}: the files are damaged; run `shangding population verify` to see all that"
        " is wrong, and let `shangding population export` make them anew in an empty folder"
    )


def _look_at(folder: Path, listed: ListedFile) -> Fault | None:
    path, place = folder / listed.path, str(listed.path)
    if path.is_symlink():  # what it leads to may lie where no engine may read, and is not ours to delete
        return Fault(place, "is a link; give a folder that holds the files themselves")
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return Fault(place, "is in the manifest and not in the folder")
    if size != listed.bytes:
        return Fault(place, f"has {size} bytes, not {listed.bytes}")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return None if sha256 == listed.sha256 else Fault(place, f"has SHA-256 {sha256}, not {listed.sha256}")
