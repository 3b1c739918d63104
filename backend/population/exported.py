"""What the files hold of each subject already: its number, how many ledger entries, and since when it is scored.

Twelve million persons fit into half a gigabyte: sorted arrays, in which a portion of them is looked up at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.clock import today
from backend.population.city_files import CityFiles, CityFilesError, Kind
from backend.population.columns import find_part
from backend.population.ledger_reading import Account
from backend.population.traits import Traits

_ID_BYTES = 16
_NONE = -1 << 31  # of days and districts, as a number; there is neither such a day nor such a district
_NO_YEAR = -1
_FIRST_DAY = date(1970, 1, 1).toordinal()
_SEXES = (None, "female", "male")

Ids = npt.NDArray[np.bytes_]


class Held(NamedTuple):
    """What the files hold of one subject."""

    subject_no: int
    facts_version: int
    since: date | None
    traits: Traits


@dataclass(frozen=True, slots=True)
class Change:
    """What the files must hold of a person, of whom they hold not all: entries after the known ones, account."""

    known_entries: int
    facts_version: int
    since: date | None
    traits: Traits | None  # None: to be read


def find_change(account: Account, held: Held | None) -> Change | None:
    """Find what the files must learn of a person; None where they hold all.

    Traits are told of the scored alone, and read once: the number of a person does not change. Raises CityFilesError
    where the files hold more than the ledger.
    """
    subject_id, version, opened_at = account
    since = None if opened_at is None else today(opened_at)
    if held is None:
        return Change(0, version, since, Traits() if since is None else None)
    if version < held.facts_version:
        raise CityFilesError(
            f"the files hold {held.facts_version} entries of {subject_id}, of whom the ledger has {version}: they"
            " were made from another database, or this one was set back; make them anew in an empty folder"
        )
    if (version, since) == (held.facts_version, held.since):
        return None
    traits = Traits() if since is None else None if held.since is None else held.traits
    return Change(held.facts_version, version, since, traits)


class Exported:
    """What the files held when the export began; a subject that is new gets the next number of its part."""

    def __init__(self, files: CityFiles) -> None:
        """Read the subjects of files that have one file of them in each part."""
        self._parts = files.parts
        columns = [_read_columns(path) for path in files.list_files(Kind.SUBJECTS)]
        ids = np.concatenate([np.empty(0, f"S{_ID_BYTES}"), *(each.pop("subject_id") for each in columns)])
        order = _sort(ids)
        self._ids: Ids = ids[order]
        self._columns = {
            name: np.concatenate([np.empty(0, kind), *(each[name] for each in columns)])[order]
            for name, kind in _KINDS.items()
        }
        self._is_seen = np.zeros(len(self._ids), np.bool_)
        self._next = np.arange(self._parts, dtype=np.int64)
        numbers = self._columns["subject_no"]
        np.maximum.at(self._next, numbers % self._parts, numbers + self._parts)

    def __len__(self) -> int:
        return len(self._ids)

    def look_up(self, subject_ids: Sequence[UUID]) -> list[Held | None]:
        """Tell what the files hold of each of some subjects, and note that these exist."""
        if not len(self._ids):
            return [None] * len(subject_ids)
        wanted = np.array([each.bytes for each in subject_ids], self._ids.dtype)
        places = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1)
        is_held = self._ids[places] == wanted
        self._is_seen[places[is_held]] = True
        held = zip(is_held.tolist(), *(column[places].tolist() for column in self._columns.values()), strict=True)
        return [_make_held(*values) if is_known else None for is_known, *values in held]

    def give_number(self, subject_id: UUID) -> int:
        """Give a subject that the files do not hold its number; modulo the parts it is its part."""
        part = find_part(subject_id, self._parts)
        number = int(self._next[part])
        self._next[part] += self._parts
        return number

    def count_unseen(self) -> int:
        """Count the subjects that the files hold and nobody has looked up."""
        return len(self._is_seen) - int(np.count_nonzero(self._is_seen))


def read_ids(texts: pa.ChunkedArray) -> Ids:
    """Read ids of subjects, as texts, as 16 bytes each, in whose order they are sorted."""
    plain = pc.replace_substring(texts, "-", "").to_pylist()
    return np.frombuffer(bytes.fromhex("".join(plain)), f"S{_ID_BYTES}")


_KINDS = {
    "subject_no": np.int64,
    "facts_version": np.int32,
    "since": np.int32,
    "birth_year": np.int16,
    "sex": np.int8,
    "district": np.int32,
}


def _make_held(number: int, version: int, since: int, birth_year: int, sex: int, district: int) -> Held:
    traits = Traits(
        None if birth_year == _NO_YEAR else birth_year,
        _SEXES[sex],
        None if district == _NONE else f"{district:06}",
    )
    return Held(number, version, None if since == _NONE else date.fromordinal(since + _FIRST_DAY), traits)


def _read_columns(path: Path) -> dict[str, npt.NDArray[Any]]:
    table = pq.read_table(path, partitioning=None)
    return {
        "subject_id": read_ids(table["subject_id"]),
        "subject_no": table["subject_no"].to_numpy(),
        "facts_version": table["facts_version"].to_numpy(),
        "since": pc.fill_null(table["since"].cast(pa.int32()), _NONE).to_numpy(),
        "birth_year": pc.fill_null(table["birth_year"], _NO_YEAR).to_numpy(),
        "sex": pc.fill_null(pc.index_in(table["sex"], pa.array(_SEXES, pa.string())), 0).to_numpy().astype(np.int8),
        "district": pc.fill_null(table["district"].cast(pa.int32()), _NONE).to_numpy(),
    }


def _sort(ids: Ids) -> npt.NDArray[np.intp]:
    """Sort ids as two numbers each, which takes a third of the time that sorting them as bytes does."""
    halves = ids.view(">u8").reshape(-1, 2)
    return np.lexsort((halves[:, 1], halves[:, 0]))
