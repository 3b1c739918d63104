"""The manifest: which files make up the city. What it does not list does not count."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from backend.population.columns import Kind
from backend.population.faults import CityFilesError

FORM = "shangding city files 2"
NAME = "manifest.json"
CITY_FILE = re.compile(rf"(?:{'|'.join(Kind)})/(?:part=\d+/)?\d{{6,}}\.parquet")
MOST_PARTS = 999
NOTHING_KNOWN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class ListedFile:
    """A file that counts: its kind, its part (None of contents), its number, and what it must hold."""

    kind: Kind
    part: int | None
    number: int
    rows: int
    bytes: int
    sha256: str

    @property
    def path(self) -> Path:
        """The path inside the folder."""
        return place_file(self.kind, self.part, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the folder says about itself.

    `known_at`: whatever was known by then is in the files. `next_number` is that of the next file. `dropped` are files
    that no longer count and may still be there, because somebody read them when they were replaced.
    """

    city: str
    parts: int
    known_at: datetime = NOTHING_KNOWN
    is_complete: bool = False
    next_number: int = 1
    files: tuple[ListedFile, ...] = ()
    dropped: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what is listed: the city, the parts, and each file with its own SHA-256."""
        listed = [[str(each.path), each.sha256] for each in sorted(self.files, key=lambda each: each.path)]
        text = json.dumps([FORM, self.city, self.parts, listed], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self) -> str:
        """Write the manifest as JSON with its own SHA-256; `read` reads it back the same."""
        document: dict[str, Any] = {
            "form": FORM,
            "city": self.city,
            "parts": self.parts,
            "known_at": self.known_at.isoformat(),
            "is_complete": self.is_complete,
            "next_number": self.next_number,
            "dropped": self.dropped,
            "files": [[each.kind, each.part, each.number, each.rows, each.bytes, each.sha256] for each in self.files],
        }
        return _write_json(document | {"sha256": _digest(document)})

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a manifest; raises CityFilesError where it is of another form, or none."""
        try:
            document = _read_document(text)
            manifest = cls(
                city=document["city"],
                parts=document["parts"],
                known_at=datetime.fromisoformat(document["known_at"]),
                is_complete=document["is_complete"],
                next_number=document["next_number"],
                dropped=tuple(document["dropped"]),
                files=tuple(ListedFile(Kind(kind), *rest) for kind, *rest in document["files"]),
            )
            manifest.check()
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as fault:
            raise CityFilesError(
                f"{NAME} is not as we wrote it ({type(fault).__name__}); let `shangding population export` make the"
                " files anew in an empty folder"
            ) from fault
        return manifest

    def check(self) -> None:
        """Raise TypeError or ValueError where what was read is nothing that `write` writes."""
        numbers = [self.parts, self.next_number]
        paths = [str(each.path) for each in self.files]
        if len({*paths, *self.dropped}) != len(paths) + len(self.dropped):
            raise ValueError("a file is listed twice, or counts and was dropped")
        for each in self.files:
            numbers += [each.number, each.rows, each.bytes]
            if each.kind.is_parted != (each.part is not None) or not 0 <= int(each.part or 0) < self.parts:
                raise ValueError("a file is in no part that there is")
        if any(type(each) is not int for each in numbers) or type(self.is_complete) is not bool:
            raise TypeError("a number, or whether it is complete, is none")
        if not 0 < self.parts <= MOST_PARTS or min(numbers) < 0 or type(self.city) is not str:
            raise ValueError("a number is none that is counted, or the city is no name")
        if any(each.number >= self.next_number for each in self.files):
            raise ValueError("the next file would take the place of one that is listed")
        if self.known_at.tzinfo is None or not all(map(CITY_FILE.fullmatch, self.dropped)):
            raise ValueError("a moment is of no zone, or what was dropped is no file of a city")  # nor is it deleted


def _write_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _read_document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    form = document["form"]
    if form != FORM:
        raise CityFilesError(
            f"{NAME} is of the form {form!r}, and this version reads and writes {FORM!r}; run the version that wrote"
            " it, or let `shangding population export` make the files anew in an empty folder"
        )
    if document.pop("sha256") != _digest(document):
        raise ValueError("what was written had another digest")
    return document


def _digest(document: Mapping[str, Any]) -> str:
    """Give the SHA-256 of all that a manifest says, so that a flipped bit says nothing else."""
    return hashlib.sha256(_write_json(document).encode()).hexdigest()


def place_file(kind: Kind, part: int | None, number: int) -> Path:
    """Give the path of a file inside the folder."""
    folder = Path(kind) if part is None else Path(kind, f"part={part:02}")
    return folder / f"{number:06}.parquet"


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder; raises CityFilesError where there is none, or none of ours."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CityFilesError(f"{folder} holds no {NAME}; `shangding population export` makes one") from None
    except (IsADirectoryError, NotADirectoryError, UnicodeDecodeError):
        raise CityFilesError(f"{folder} is not a folder with files of a city; give one, or one to be made") from None
    try:
        return Manifest.read(text)
    except CityFilesError as fault:
        raise CityFilesError(f"{folder}: {fault}") from fault


def keep_manifest(folder: Path, manifest: Manifest) -> None:
    """Let a manifest take the place of the one before, all at once, also where the power goes."""
    new = folder / f"{NAME}.new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(manifest.write())
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / NAME)
    fsync_folder(folder)


def fsync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
