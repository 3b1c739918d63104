"""The files of a city: records, later words and accounts of all persons in columns, for what goes over everybody.

A folder of Parquet files and a manifest that lists them. Files are never changed: a step writes new ones, and they
count from the moment its manifest takes the place of the one before. So whoever is killed leaves what was before; what
lies about is deleted when the next one begins. One writes at a time; readers are not held up, and what they read is not
deleted under their hands (`reading_files`).
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backend.population.columns import SCHEMAS, Kind
from backend.population.damage import check_files_are_whole, damage_told
from backend.population.faults import CityFilesError
from backend.population.locking import READER_LOCK, WRITER_LOCK, locked
from backend.population.manifest import (
    CITY_FILE,
    NAME,
    ListedFile,
    Manifest,
    fsync_folder,
    keep_manifest,
    place_file,
    read_manifest,
)

__all__ = [
    "PARTS",
    "CityFiles",
    "CityFilesError",
    "CityWriter",
    "FileStep",
    "Kind",
    "begin_files",
    "files_step",
    "open_city_files",
    "reading_files",
    "writing_files",
]

PARTS = 64
_LEFT_OVER = re.compile(rf"{CITY_FILE.pattern}|{re.escape(NAME)}\.new")
_OWN = 0o600
_OWN_FOLDER = 0o700


@dataclass(frozen=True)
class CityFiles:
    """The files of a city as they were when they were opened; paths are absolute where `folder` is."""

    folder: Path
    manifest: Manifest = field(repr=False)

    @property
    def city(self) -> str:
        """The folder name of the city, as in the settings."""
        return self.manifest.city

    @property
    def parts(self) -> int:
        """How many parts the subjects are spread over."""
        return self.manifest.parts

    @property
    def known_at(self) -> datetime:
        """The moment at which the last complete export began; 1970 where there was none."""
        return self.manifest.known_at

    @property
    def is_complete(self) -> bool:
        """Whether no export is under way, or was broken off."""
        return self.manifest.is_complete

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, of what the manifest lists: files of the same digest hold the same."""
        return self.manifest.digest

    @cached_property
    def _by_place(self) -> dict[tuple[Kind, int | None], tuple[ListedFile, ...]]:
        found: dict[tuple[Kind, int | None], list[ListedFile]] = {}
        for each in sorted(self.manifest.files, key=lambda each: each.number):
            found.setdefault((each.kind, each.part), []).append(each)
        return {place: tuple(listed) for place, listed in found.items()}

    def list_entries(self, kind: Kind, part: int | None = None) -> tuple[ListedFile, ...]:
        """List what the manifest says of the files of a kind, in the order of their numbers; of all parts unless told.

        A part that there is not is a ValueError.
        """
        if part is not None:
            if not (kind.is_parted and 0 <= part < self.parts):
                raise ValueError(f"{kind} have no part {part}; the parts are 0 to {self.parts - 1}")
            return self._by_place.get((kind, part), ())
        mine = [listed for (of_kind, _), listed in self._by_place.items() if of_kind is kind]
        return tuple(sorted((each for listed in mine for each in listed), key=lambda each: each.number))

    def list_files(self, kind: Kind, part: int | None = None) -> tuple[Path, ...]:
        """List the files of a kind, in the order of their numbers; of all parts unless told."""
        return tuple(self.folder / each.path for each in self.list_entries(kind, part))

    def count_rows(self, kind: Kind, part: int | None = None) -> int:
        """Count the rows of a kind; while an export is under way a subject may have several."""
        return sum(each.rows for each in self.list_entries(kind, part))


def open_city_files(folder: Path) -> CityFiles:
    """Open the files of a city as they are now, whole or not; raises CityFilesError where there are none."""
    return CityFiles(folder, read_manifest(folder))


@contextmanager
def reading_files(folder: Path, *, are_checked: bool = True) -> Iterator[CityFiles]:
    """Open the files of a city, none of which is deleted before the end, even when it is replaced meanwhile.

    Raises CityFilesError where there are none, and where they are damaged; with `are_checked` false the latter only
    where that is why they cannot be read.
    """
    with locked(folder, READER_LOCK, fcntl.LOCK_SH):
        files = open_city_files(folder)
        listed = files.manifest.files
        if are_checked:
            check_files_are_whole(folder, listed)
        with damage_told(folder, lambda: listed):
            yield files


def begin_files(folder: Path, *, city: str, parts: int = PARTS) -> CityFiles:
    """Open the files of `city` in a folder, and make them, empty, where it does not exist or is empty.

    Raises CityFilesError where the folder holds another city, other parts, or something else.
    """
    folder.mkdir(mode=_OWN_FOLDER, parents=True, exist_ok=True)
    is_new = not (folder / NAME).exists()
    strange = {path.name for path in folder.iterdir()} - {WRITER_LOCK, READER_LOCK, f"{NAME}.new"} if is_new else set()
    if strange:
        raise CityFilesError(f"{folder} holds {min(strange)} and no {NAME}; give a folder that is empty or new")
    for name in (WRITER_LOCK, READER_LOCK):  # a copy may lack them
        (folder / name).touch(mode=_OWN)
    if is_new:
        with locked(folder, WRITER_LOCK, fcntl.LOCK_EX):
            if not (folder / NAME).exists():
                keep_manifest(folder, Manifest(city=city, parts=parts))
    files = open_city_files(folder)
    if files.city != city:
        raise CityFilesError(f"{folder} holds the files of {files.city}; give another folder for {city}")
    if files.parts != parts:
        raise CityFilesError(f"{folder} has {files.parts} parts; give another folder for {parts}")
    return files


class FileStep:
    """Files that come and go together: nothing counts before `keep`, and then all of it does."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._manifest = manifest
        self._next_number = manifest.next_number
        self._added: list[tuple[Kind, int | None, int]] = []
        self._dropped: set[tuple[Kind, int | None]] = set()

    def add(self, kind: Kind, part: int | None = None) -> Path:
        """Give the path at which to write a new file of `kind`; its folder is there, the file is not."""
        if kind.is_parted != (part is not None and 0 <= part < self._manifest.parts):
            raise ValueError(f"{kind} have no part {part}")
        number = self._next_number
        self._next_number += 1
        self._added.append((kind, part, number))
        path = self._folder / place_file(kind, part, number)
        for inside in reversed(path.relative_to(self._folder).parents):  # `mkdir` gives its mode to the last one alone
            (self._folder / inside).mkdir(mode=_OWN_FOLDER, exist_ok=True)
        return path

    def drop(self, kind: Kind, part: int | None = None) -> None:
        """Let the files of `kind` in a part that counted before this step count no more."""
        self._dropped.add((kind, part))

    def keep(self, *, known_at: datetime | None = None, is_complete: bool = False) -> None:
        """Let what was added count, and what was dropped count no more; `known_at` stays as it was unless given.

        Raises CityFilesError where an added file is not there or has other columns than its kind.
        """
        before = self._manifest
        added = [self._look_at(*each) for each in self._added]
        for folder in {(self._folder / each.path).parent for each in added}:
            fsync_folder(folder)
            fsync_folder(folder.parent)
        kept = [each for each in before.files if (each.kind, each.part) not in self._dropped]
        gone = [str(each.path) for each in before.files if (each.kind, each.part) in self._dropped]
        manifest = replace(
            before,
            known_at=before.known_at if known_at is None else known_at,
            is_complete=is_complete,
            next_number=self._next_number,
            files=(*kept, *added),
            dropped=(*before.dropped, *gone),
        )
        keep_manifest(self._folder, manifest)
        _delete_dropped(self._folder, manifest)

    def _look_at(self, kind: Kind, part: int | None, number: int) -> ListedFile:
        path = self._folder / place_file(kind, part, number)
        path.chmod(_OWN)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
            size = file.tell()
        try:
            footer = pq.read_metadata(path)
        except pa.ArrowInvalid as fault:
            raise CityFilesError(f"{path} is not a Parquet file that was written to its end") from fault
        columns = footer.schema.to_arrow_schema()
        if not columns.equals(SCHEMAS[kind]):
            raise CityFilesError(f"{path} has other columns than {kind}: {columns} instead of {SCHEMAS[kind]}")
        return ListedFile(kind, part, number, footer.num_rows, size, digest)


class CityWriter:
    """Who may write to the files: takes one step after another, and nobody else between them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def files(self) -> CityFiles:
        """The files as they are after the last step."""
        return open_city_files(self._folder)

    @contextmanager
    def step(self) -> Iterator[FileStep]:
        """Begin a step; left without `keep`, it has not happened."""
        yield FileStep(self._folder, self.files.manifest)


@contextmanager
def writing_files(folder: Path) -> Iterator[CityWriter]:
    """Be the one who writes; deletes what a killed one left.

    Raises CityFilesError where somebody else writes, and where the files are damaged.
    """
    with locked(folder, WRITER_LOCK, fcntl.LOCK_EX):
        check_files_are_whole(folder, read_manifest(folder).files)
        _delete_strays(folder)
        with damage_told(folder, lambda: read_manifest(folder).files):
            yield CityWriter(folder)


@contextmanager
def files_step(folder: Path) -> Iterator[FileStep]:
    """Take one step, as the only one who writes (`writing_files` and `CityWriter.step`)."""
    with writing_files(folder) as writer, writer.step() as step:
        yield step


def list_strays(folder: Path, manifest: Manifest) -> list[Path]:
    """List what is in the folder and neither listed, nor dropped, nor ours to lie there."""
    known = {folder / each.path for each in manifest.files} | {folder / path for path in manifest.dropped}
    known |= {folder / name for name in (NAME, WRITER_LOCK, READER_LOCK)}
    return sorted(path for path in folder.rglob("*") if path not in known and not path.is_dir())


def _delete_strays(folder: Path) -> None:
    manifest = read_manifest(folder)
    for path in list_strays(folder, manifest):
        if _LEFT_OVER.fullmatch(path.relative_to(folder).as_posix()):  # what else lies there is not ours to delete
            path.unlink()
    _delete_dropped(folder, manifest)


def _delete_dropped(folder: Path, manifest: Manifest) -> None:
    """Delete what no longer counts, unless somebody reads; then whoever writes next does it."""
    if not manifest.dropped:
        return
    descriptor = os.open(folder / READER_LOCK, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        for path in manifest.dropped:
            (folder / path).unlink(missing_ok=True)
        keep_manifest(folder, replace(manifest, dropped=()))
    finally:
        os.close(descriptor)
