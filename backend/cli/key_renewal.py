"""Sealing and hashing anew with the current keys, while the service runs; and counting what hangs on which key.

Safe beside sign-ins: whoever looks for a person tries the hashes of all keys in one statement, and a row has at every
moment the one or the other, so nobody is added a second time; and a row is changed only while it is held, with what
it holds then. Rows that others hold are left for the next pass, so that nobody waits for this and it waits for nobody.
Each portion is a transaction: a renewal that was killed goes on where it is started again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.cli.keyed_columns import HashedColumn, KeyedTable
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer, SealError
from backend.storage.database import Database, StorageUnavailableError

MOST_PASSES = 5
UNKNOWN_KEY = "?"
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A value and the key that it hangs on; `ring` is `sealing` or `pseudonym`."""

    ring: str
    key_id: str
    column: str


@dataclass(slots=True, kw_only=True)
class Renewal:
    """What a renewal has done: rows changed, rows left because somebody held them or their key is gone, and clashes.

    A clash is a row whose new hash another row has already: two subjects of one person, for somebody to look into.
    """

    renewed: int = 0
    left: int = 0
    clashes: list[str] = field(default_factory=list)


class Keys:
    """The rings of the settings, as renewal needs them."""

    def __init__(self, pseudonyms: Pseudonyms, sealer: Sealer) -> None:
        self.pseudonyms = pseudonyms
        self.sealer = sealer

    def list_changes(self, table: KeyedTable, row: Values) -> dict[str, object]:
        """List what has to change in a row for it to hang on current keys alone; raises SealError."""
        changes: dict[str, object] = {}
        for sealed in table.sealed:
            value = row[sealed.column]
            if value is not None and not self.sealer.is_current(value):
                owner, name = row[table.owner], sealed.name_field(row)
                plain = self.sealer.open_bytes(value, subject_id=owner, field=name)
                changes[sealed.column] = self.sealer.seal_bytes(plain, subject_id=owner, field=name)
        for hashed in table.hashed:
            changes |= self._rehash(table, hashed, row)
        return changes

    def list_uses(self, table: KeyedTable, row: Values) -> Iterator[Use]:
        """List which keys a row hangs on."""
        for sealed in table.sealed:
            if row[sealed.column] is not None:
                key_id = self.sealer.find_key_id(row[sealed.column])
                yield Use(ring="sealing", key_id=key_id, column=f"{table.table.name}.{sealed.column}")
        for hashed in table.hashed:
            if row[hashed.column] is not None:
                key_id = self._find_key(table, hashed, row)
                yield Use(ring="pseudonym", key_id=key_id, column=f"{table.table.name}.{hashed.column}")

    def _rehash(self, table: KeyedTable, hashed: HashedColumn, row: Values) -> dict[str, object]:
        if hashed.of is None or hashed.hash_all is None or row[hashed.column] is None or row[hashed.of] is None:
            return {}
        if hashed.key_id_column is not None and row[hashed.key_id_column] == self.pseudonyms.current:
            return {}
        current = self._hash_all(table, hashed, row)[self.pseudonyms.current]
        if row[hashed.column] == current and hashed.key_id_column is None:
            return {}
        named = {} if hashed.key_id_column is None else {hashed.key_id_column: self.pseudonyms.current}
        return {hashed.column: current, **named}

    def _find_key(self, table: KeyedTable, hashed: HashedColumn, row: Values) -> str:
        if hashed.key_id_column is not None:
            return str(row[hashed.key_id_column])
        try:
            digests = self._hash_all(table, hashed, row)
        except SealError:
            return UNKNOWN_KEY
        return next((key_id for key_id, digest in digests.items() if digest == row[hashed.column]), UNKNOWN_KEY)

    def _hash_all(self, table: KeyedTable, hashed: HashedColumn, row: Values) -> dict[str, bytes]:
        if hashed.of is None or hashed.hash_all is None or row[hashed.of] is None:
            return {}
        (name_field,) = (sealed.name_field for sealed in table.sealed if sealed.column == hashed.of)
        owner: UUID = row[table.owner]
        text = self.sealer.open(row[hashed.of], subject_id=owner, field=name_field(row))
        return {index.key_id: index.digest for index in hashed.hash_all(self.pseudonyms, text, owner)}


def count_rows(database: Database, tables: Sequence[KeyedTable]) -> int:
    """Count the rows of some tables together, to know how far one is."""
    with database.reading() as session:
        return sum(session.scalar(select(func.count()).select_from(table.table)) or 0 for table in tables)


def count_uses(
    database: Database, tables: Sequence[KeyedTable], keys: Keys, *, advance: Callable[[int], None]
) -> Counter[Use]:
    """Count how many values hang on each key."""
    uses: Counter[Use] = Counter()
    for table in tables:
        for rows in _read_portions(database, table):
            uses.update(use for row in rows for use in keys.list_uses(table, row))
            advance(len(rows))
    return uses


def renew(database: Database, tables: Sequence[KeyedTable], keys: Keys, *, advance: Callable[[int], None]) -> Renewal:
    """Seal and hash anew whatever does not hang on the current keys, in as many passes as bring something."""
    total = Renewal()
    for _ in range(MOST_PASSES):
        done = Renewal()
        for table in tables:
            for rows in _read_portions(database, table):
                _renew_portion(database, table, keys, rows, done)
                advance(len(rows))
        total.renewed += done.renewed
        total.left, total.clashes = done.left, done.clashes
        if not done.renewed:
            break
    return total


def _renew_portion(database: Database, table: KeyedTable, keys: Keys, rows: Sequence[Values], done: Renewal) -> None:
    stale = [row for row in rows if _needs_change(table, keys, row, done)]
    if not stale:
        return
    renewed, clashes = 0, []
    try:
        with database.transaction() as session:
            held = _hold(session, table, stale)
            for row in held:
                changes = keys.list_changes(table, row)
                if changes and _change(session, table, row, changes):
                    renewed += 1
                elif changes:
                    clashes.append(f"{table.table.name} {_show(table, row)}")
    except (StorageUnavailableError, SealError):
        done.left += len(stale)
        return
    done.renewed += renewed
    done.clashes += clashes
    done.left += len(stale) - len(held) + len(clashes)


def _needs_change(table: KeyedTable, keys: Keys, row: Values, done: Renewal) -> bool:
    try:
        return bool(keys.list_changes(table, row))
    except SealError:
        done.left += 1
        return False


def _hold(session: Session, table: KeyedTable, rows: Sequence[Values]) -> Sequence[Values]:
    wanted = or_(*(_is_row(table, row) for row in rows))
    statement = _select(table).where(wanted).with_for_update(skip_locked=True)
    return [dict(row) for row in session.execute(statement).mappings()]


def _change(session: Session, table: KeyedTable, row: Values, changes: Mapping[str, object]) -> bool:
    try:
        with session.begin_nested():
            session.execute(update(table.table).where(_is_row(table, row)).values(changes))
    except IntegrityError:
        return False
    return True


def _read_portions(database: Database, table: KeyedTable) -> Iterator[Sequence[Values]]:
    key = list(table.table.primary_key)
    after: tuple[object, ...] | None = None
    while True:
        statement = _select(table).order_by(*key).limit(table.portion)
        if after is not None:
            bound = tuple_(*(literal(value, column.type) for value, column in zip(after, key, strict=True)))
            statement = statement.where(tuple_(*key) > bound)
        with database.reading() as session:
            rows = [dict(row) for row in session.execute(statement).mappings()]
        if rows:
            yield rows
        if len(rows) < table.portion:
            return
        after = tuple(rows[-1][column.name] for column in key)


def _select(table: KeyedTable) -> Select[Any]:
    return select(*(table.table.c[name] for name in table.list_columns()))


def _is_row(table: KeyedTable, row: Values) -> ColumnElement[bool]:
    return and_(*(column == row[column.name] for column in table.table.primary_key))


def _show(table: KeyedTable, row: Values) -> str:
    return " ".join(str(row[column.name]) for column in table.table.primary_key)
