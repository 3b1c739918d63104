"""The numbers of contents: the same items of the same indicator are written once, and records name them by number."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from backend.population.columns import SCHEMAS, Kind
from backend.storage.database import write_json

_DIGEST_BYTES = 16
_MOST_REMEMBERED = 300_000

Digests = npt.NDArray[np.bytes_]


class ContentNumbers:
    """Gives each content its number, the one it has in the files or the next.

    Known contents are kept as sorted digests, 20 bytes each, because there may be millions of them.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        """Learn the contents of the files."""
        self._digests: Digests = np.empty(0, f"S{_DIGEST_BYTES}")
        self._numbers: npt.NDArray[np.int32] = np.empty(0, np.int32)
        self._fresh: dict[bytes, int] = {}
        self._rows: list[tuple[int, str, str]] = []
        self._remembered: dict[tuple[str, str], int] = {}
        self._next_number = 1
        for path in files:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    self._learn(batch)
        self._merge()

    def number(self, indicator: str, items: str) -> int:
        """Give the number of a content; `items` is a JSON object in any spelling."""
        number = self._remembered.get((indicator, items))
        if number is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            number = self._remembered[indicator, items] = self._find_or_add(indicator, write_json(json.loads(items)))
        return number

    def take_new(self) -> pa.Table:
        """Give the contents that have become known since the last time, as rows to be written."""
        numbers, indicators, items = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        self._rows = []
        self._merge()
        return pa.table([numbers, indicators, items], schema=SCHEMAS[Kind.CONTENTS])

    def _find_or_add(self, indicator: str, items: str) -> int:
        digest = _digest(indicator, items)
        fresh = self._fresh.get(digest)
        if fresh is not None:
            return fresh
        place = int(np.searchsorted(self._digests, np.bytes_(digest)))
        if place < len(self._digests) and self._digests[place].ljust(_DIGEST_BYTES, b"\0") == digest:
            return int(self._numbers[place])
        number = self._fresh[digest] = self._next_number
        self._next_number += 1
        self._rows.append((number, indicator, items))
        return number

    def _learn(self, batch: pa.RecordBatch) -> None:
        for number, indicator, items in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            self._fresh[_digest(indicator, items)] = number
            self._next_number = max(self._next_number, number + 1)
        self._merge()

    def _merge(self) -> None:
        if not self._fresh:
            return
        digests = np.array(list(self._fresh), self._digests.dtype)
        numbers = np.array(list(self._fresh.values()), np.int32)
        self._fresh = {}
        digests, numbers = np.concatenate([self._digests, digests]), np.concatenate([self._numbers, numbers])
        order = np.argsort(digests, kind="stable")
        self._digests, self._numbers = digests[order], numbers[order]


def _digest(indicator: str, items: str) -> bytes:
    return hashlib.blake2b(f"{indicator}\0{items}".encode(), digest_size=_DIGEST_BYTES).digest()
