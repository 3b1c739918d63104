"""DuckDB over the files of the city: the tables that a plan is made over, pointed at some parts of the city at a time.

The files are only read; what an engine makes is gone when it is closed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import duckdb
import ibis
import ibis.expr.datatypes as dt
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from backend.population.city_files import CityFiles
from backend.population.columns import SCHEMAS, Kind
from backend.population.marking import MARKED_SQL, is_marked, read_files
from backend.population.quoting import quote_key, quote_name, quote_text
from scoring.catalogue import Catalogue
from scoring.population.choosing import Stages, judge_special
from scoring.population.columns import CityTables, name_items
from scoring.population.plan import plan_scores
from scoring.population.rules import plan_rules
from scoring.population.weighing import price_contents
from scoring.rulebook import Rulebook

MEMORY = "4GB"  # what DuckDB holds beside its buffers is not counted in it
# Rows of parts that are looked at together: each look has a price of its own; twice as many take twice the memory.
TOGETHER = 16_000_000


@dataclass(frozen=True, slots=True)
class Engine:
    """Tables of the parts that were last looked at: `records`, `events`, `contents`, `accounts` and `subjects`.

    `connection` knows them by these names; `tables` are the same for expressions, which `compile` turns into SQL that
    holds for whichever parts are looked at.
    """

    files: CityFiles
    backend: Backend
    tables: CityTables

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection, for SQL."""
        connection: duckdb.DuckDBPyConnection = self.backend.con
        return connection

    def look_at(self, *parts: int) -> None:
        """Point the tables at these parts of the city."""
        _point(self.connection, self.files, parts)

    def compile(self, expression: Table) -> str:
        """Give the SQL of an expression over `tables`, with columns of the types that the expression has.

        DuckDB adds up 64 bits into 128, and takes a day that is one of several for a moment.
        """
        columns = (
            f"{quote_name(name)}::{_SQL_TYPES[kind.copy(nullable=True)]} AS {quote_name(name)}"
            for name, kind in expression.schema().items()
        )
        sql = ibis.to_sql(expression, dialect="duckdb")
        return f"SELECT {', '.join(columns)} FROM ({sql})"  # noqa: S608 - quoted names, here and by ibis

    def prepare(self, name: str, rulebook: Rulebook, as_of: date) -> "Scoring":
        """Prepare to score everybody by a rulebook on a day; contents are priced once for all parts.

        What is kept on the way is kept in temporary tables whose names begin with `name`.
        """
        priced = self.keep(f"{name}_priced", price_contents(self.tables.contents, rulebook, as_of))
        special = judge_special(self.tables, rulebook, priced, as_of=as_of)
        judged = self.keep(f"{name}_judged", special.limit(0))
        return Scoring(self, rulebook, as_of, Stages(priced, judged), self.compile(special))

    def keep(self, name: str, expression: Table) -> Table:
        """Keep what an expression gives in a temporary table."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {quote_name(name)} AS {self.compile(expression)}")
        return self.backend.table(name)


@dataclass(frozen=True, slots=True)
class Scoring:
    """How the people of any parts are scored by a rulebook on a day."""

    engine: Engine
    rulebook: Rulebook
    as_of: date
    stages: Stages
    _special: str

    def begin(self) -> None:
        """Take the first step for the parts that are looked at now; what the SQL below gives is then about them."""
        name = quote_name(self.stages.judged.get_name())
        self.engine.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {self._special}")

    def compile_scores(self) -> str:
        """Give the SQL of `plan_scores`; it holds for any parts."""
        scores = plan_scores(self.engine.tables, self.rulebook, as_of=self.as_of, stages=self.stages)
        return self.engine.compile(scores)

    def compile_rules(self, only: Collection[str] | None = None) -> str:
        """Give the SQL of `plan_rules`; it holds for any parts."""
        rules = plan_rules(self.engine.tables, self.rulebook, as_of=self.as_of, stages=self.stages, only=only)
        return self.engine.compile(rules)


@contextmanager
def open_engine(
    files: CityFiles,
    catalogue: Catalogue,
    *,
    scratch: Path | None = None,
    memory: str = MEMORY,
    writable: Path | None = None,
) -> Iterator[Engine]:
    """Open DuckDB over the files of a city, the items of contents as `catalogue` has them; it looks at no part yet.

    What does not fit into `memory` goes to a folder of its own in `scratch`, the system's for temporary files if none
    is named, which is removed at the end. DuckDB reaches these two folders, `writable` if one is named, and nothing
    else: no other file, no network, no extension; and no statement changes its settings.
    """
    with TemporaryDirectory(prefix="shangding-", dir=scratch) as spilled:
        backend = ibis.duckdb.connect(memory_limit=memory, temp_directory=spilled, preserve_insertion_order=False)
        try:
            connection = backend.con
            connection.execute("SET TimeZone = 'UTC'")
            _confine(connection, [files.folder, Path(spilled), *([] if writable is None else [writable])])
            for kind, schema in SCHEMAS.items():
                connection.register(f"no_{kind}", schema.empty_table())
            _point(connection, files, ())
            connection.execute(
                f"CREATE VIEW contents AS SELECT {_list_items(catalogue)} FROM {_read(files, Kind.CONTENTS)}"  # noqa: S608 - quoted names and paths
            )
            connection.execute("CREATE VIEW accounts AS SELECT subject_no, since FROM subjects WHERE since IS NOT NULL")
            yield Engine(files, backend, CityTables(*(backend.table(name) for name in CityTables._fields)))
        finally:
            backend.disconnect()


def group_parts(files: CityFiles, rows: int = TOGETHER) -> list[tuple[int, ...]]:
    """Group the parts of a city into those that are looked at together: at most so many rows, or one part."""
    groups: list[list[int]] = []
    room = 0
    for part in range(files.parts):
        size = files.count_rows(Kind.RECORDS, part) + files.count_rows(Kind.SUBJECTS, part)
        if not groups or size > room:
            groups.append([])
            room = rows
        groups[-1].append(part)
        room -= size
    return [tuple(group) for group in groups]


def _confine(connection: duckdb.DuckDBPyConnection, folders: Iterable[Path]) -> None:
    """Leave DuckDB these folders alone, and lock its settings: that comes last, and cannot be taken back."""
    listed = ", ".join(quote_text(folder) for folder in folders)
    connection.execute(f"SET allowed_directories = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _point(connection: duckdb.DuckDBPyConnection, files: CityFiles, parts: tuple[int, ...]) -> None:
    for kind in (Kind.RECORDS, Kind.EVENTS, Kind.SUBJECTS, Kind.MARKED):
        rows = f"SELECT * FROM {_read(files, kind, *parts)}"  # noqa: S608 - quoted paths
        if kind is Kind.MARKED and not all(is_marked(files, part) for part in parts):
            rows = MARKED_SQL  # as it would be found
        connection.execute(f"CREATE OR REPLACE VIEW {kind} AS {rows}")


def _read(files: CityFiles, kind: Kind, *parts: int) -> str:
    """Give what to read rows of a kind from; contents are in no part."""
    places = parts if kind.is_parted else (None,)
    return read_files(kind, [path for part in places for path in files.list_files(kind, part)])


def _list_items(catalogue: Catalogue) -> str:
    """List the columns of contents: an item is null where it is missing or of another type than the catalogue says."""
    columns = ["content_no", "indicator"]
    for name, kind in name_items(catalogue).items():
        place = quote_key(name.removeprefix("item_"))
        types, sql_type = _JSON_TYPES[kind]
        value = f"json_extract_string(items, {place})::{sql_type}"
        columns.append(f"CASE WHEN json_type(items, {place}) IN ({types}) THEN {value} END AS {quote_name(name)}")
    return ", ".join(columns)


_SQL_TYPES: Mapping[dt.DataType, str] = MappingProxyType(
    {
        dt.boolean: "BOOLEAN",
        dt.date: "DATE",
        dt.int8: "TINYINT",
        dt.int16: "SMALLINT",
        dt.int32: "INTEGER",
        dt.int64: "BIGINT",
        dt.string: "VARCHAR",
    }
)
_JSON_TYPES = {
    dt.string: ("'VARCHAR'", "VARCHAR"),
    dt.boolean: ("'BOOLEAN'", "BOOLEAN"),
    dt.int64: ("'BIGINT', 'UBIGINT'", "BIGINT"),
}
