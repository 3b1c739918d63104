"""The columns of the files of a city, how they are written, and which part of them a subject belongs to."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS = 262_144
COMPRESSION = "snappy"  # a fifteenth more bytes than zstd, and read in four fifths of the time
_HASH_BYTES = 8
_HALF = 64
_LOW_BITS, _LOW_SHIFT = (1 << _HALF) - 1, 1 << (_HALF - 1)

_MOMENT = pa.timestamp("us", tz="UTC")
_FACT = (("occurred_on", pa.date32()), ("ended_on", pa.date32()), ("act", pa.string()))


class Kind(StrEnum):
    """The kinds of files: each has columns of its own. Contents are not parted, the others are.

    Marked are, once more, the records that must be looked at one by one: see `marking`.
    """

    CONTENTS = "contents"
    RECORDS = "records"
    EVENTS = "events"
    SUBJECTS = "subjects"
    MARKED = "marked"

    @property
    def is_parted(self) -> bool:
        """Whether the files of this kind lie in parts by the subject."""
        return self is not Kind.CONTENTS


_RECORD = pa.schema(
    [
        ("subject_no", pa.int64()),
        ("record_no", pa.int32()),
        ("record_hi", pa.int64()),
        ("record_lo", pa.int64()),
        ("content_no", pa.int32()),
        *_FACT,
        ("known_at", _MOMENT),
    ]
)
SCHEMAS: Mapping[Kind, pa.Schema] = MappingProxyType(
    {
        Kind.CONTENTS: pa.schema([("content_no", pa.int32()), ("indicator", pa.string()), ("items", pa.string())]),
        Kind.RECORDS: _RECORD,
        Kind.MARKED: _RECORD,
        Kind.EVENTS: pa.schema(
            [
                ("subject_no", pa.int64()),
                ("event_no", pa.int32()),
                ("record_no", pa.int32()),
                ("kind", pa.string()),
                ("known_at", _MOMENT),
                ("content_no", pa.int32()),
                *_FACT,
            ]
        ),
        Kind.SUBJECTS: pa.schema(
            [
                ("subject_no", pa.int64()),
                ("subject_id", pa.string()),
                ("facts_version", pa.int32()),
                ("since", pa.date32()),
                ("birth_year", pa.int16()),
                ("sex", pa.string()),
                ("district", pa.string()),
            ]
        ),
    }
)
# By these the rows of each file are sorted; together they are the key of a row in all files of the kind.
KEYS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.CONTENTS: ("content_no",),
        Kind.RECORDS: ("subject_no", "record_no"),
        Kind.MARKED: ("subject_no", "record_no"),
        Kind.EVENTS: ("subject_no", "event_no"),
        Kind.SUBJECTS: ("subject_no",),
    }
)


def find_part(subject_id: UUID, parts: int) -> int:
    """Give the part that a subject belongs to: the first eight bytes of SHA-256 of the id, modulo the parts."""
    return int.from_bytes(hashlib.sha256(subject_id.bytes).digest()[:_HASH_BYTES]) % parts


def split_id(record_id: UUID) -> tuple[int, int]:
    """Give `record_hi` and `record_lo`, whose order is that of ids that begin with a 0 bit, as ours do until 6429."""
    return record_id.int >> _HALF, (record_id.int & _LOW_BITS) - _LOW_SHIFT


def join_id(hi: int, lo: int) -> UUID:
    """Give the id whose halves `split_id` gave."""
    return UUID(int=hi << _HALF | lo + _LOW_SHIFT)


def sort_rows(kind: Kind, table: pa.Table) -> pa.Table:
    """Give the rows in the order in which files of `kind` hold them."""
    return table.sort_by([(name, "ascending") for name in KEYS[kind]])


def write_rows(kind: Kind, path: Path, tables: Iterable[pa.Table]) -> None:
    """Write sorted rows to a new file that only its owner may read; a file that is there is a FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as file,
        pq.ParquetWriter(file, SCHEMAS[kind], compression=COMPRESSION) as writer,
    ):
        for table in tables:
            writer.write_table(table.cast(SCHEMAS[kind]), row_group_size=ROW_GROUP_ROWS)


def read_rows(kind: Kind, paths: Iterable[Path]) -> pa.Table:
    """Read all rows of some files of a kind, in the order of the files."""
    # Without a partitioning: the name of the folder would become a column.
    tables = [pq.read_table(path, partitioning=None) for path in paths]
    return pa.concat_tables([SCHEMAS[kind].empty_table(), *tables])
