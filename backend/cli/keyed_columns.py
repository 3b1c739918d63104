"""What hangs on which key: every column of every room that is sealed, or is a keyed hash.

A room that adds such a column adds it here; a test compares this list with the schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from backend.fulfilment.complaint_tables import ComplaintRow
from backend.fulfilment.proposal_tables import ProposalRoundRow, ProposalRow
from backend.fulfilment.sealed_texts import (
    COMPLAINT_ANSWER,
    COMPLAINT_TEXT,
    PROPOSAL_ANSWER,
    PROPOSAL_OBJECTION,
    PROPOSAL_STATEMENT,
    name_text,
)
from backend.gateways.pseudonyms import KeyedIndex, Pseudonyms
from backend.people.names import fold_name
from backend.people.session_tables import MiniProgramLinkRow
from backend.people.standing import IDENTITY_FIELD
from backend.people.subjects import NAME_FIELD
from backend.people.tables import SubjectRow
from backend.records.file_tables import FilePieceRow
from backend.records.files import name_piece
from backend.records.quarantine_content import QUARANTINE_FIELD
from backend.records.quarantine_tables import QuarantinedRow
from backend.storage.tables import Row

PORTION = 200
FEW = 10

HashAll = Callable[[Pseudonyms, str, UUID], tuple[KeyedIndex, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A sealed value; `name_field` says which field it was sealed for, from the other values of its row."""

    column: str
    name_field: Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedColumn:
    """A keyed hash. `of` is the sealed column whose text it was made of, in the way of `hash_all`.

    A hash without such a text cannot be made anew: it goes when its row goes. `key_id_column` names the key, where
    there is one; otherwise the key is found by trying.
    """

    column: str
    key_id_column: str | None = None
    of: str | None = None
    hash_all: HashAll | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedTable:
    """The columns of a table that hang on keys; its values are sealed for what its column `owner` names."""

    row: type[Row]
    owner: str
    sealed: tuple[SealedColumn, ...] = ()
    hashed: tuple[HashedColumn, ...] = ()
    portion: int = PORTION

    @property
    def table(self) -> Table:
        """The table of the rows."""
        return self.row.metadata.tables[self.row.__tablename__]

    def list_columns(self) -> tuple[str, ...]:
        """List the names of all columns that have to be read."""
        names = [column.name for column in self.table.primary_key] + [self.owner]
        names += [sealed.column for sealed in self.sealed]
        for hashed in self.hashed:
            names += [hashed.column, *filter(None, (hashed.key_id_column, hashed.of))]
        return tuple(dict.fromkeys(names))


def list_keyed_tables() -> tuple[KeyedTable, ...]:
    """List every table with columns that hang on keys."""
    return (
        KeyedTable(
            row=SubjectRow,
            owner="subject_id",
            sealed=(
                SealedColumn(column="identity_sealed", name_field=lambda _: IDENTITY_FIELD),
                SealedColumn(column="name_sealed", name_field=lambda _: NAME_FIELD),
            ),
            hashed=(
                HashedColumn(
                    column="identity_index",
                    key_id_column="identity_key_id",
                    of="identity_sealed",
                    hash_all=lambda pseudonyms, number, _: pseudonyms.all_indexes(number),
                ),
                HashedColumn(column="name_index", of="name_sealed", hash_all=_hash_name),
            ),
        ),
        KeyedTable(
            row=QuarantinedRow,
            owner="subject_id",
            sealed=(SealedColumn(column="content_sealed", name_field=lambda _: QUARANTINE_FIELD),),
        ),
        KeyedTable(
            row=ProposalRow,
            owner="subject_id",
            sealed=(
                _seal_text("statement_sealed", PROPOSAL_STATEMENT, "proposal_id"),
                *_seal_said(),
            ),
        ),
        KeyedTable(
            row=ProposalRoundRow,
            owner="subject_id",
            sealed=_seal_said(),
        ),
        KeyedTable(
            row=ComplaintRow,
            owner="subject_id",
            sealed=(
                _seal_text("text_sealed", COMPLAINT_TEXT, "complaint_id"),
                _seal_text("answer_sealed", COMPLAINT_ANSWER, "complaint_id"),
            ),
        ),
        KeyedTable(
            row=FilePieceRow,
            owner="file_id",
            sealed=(SealedColumn(column="sealed", name_field=lambda row: name_piece(row["piece_no"])),),
            portion=FEW,
        ),
        KeyedTable(
            row=MiniProgramLinkRow,
            owner="subject_id",
            hashed=(HashedColumn(column="account_index", key_id_column="account_key_id"),),
        ),
    )


def _seal_said() -> tuple[SealedColumn, ...]:
    answer = _seal_text("answer_sealed", PROPOSAL_ANSWER, "proposal_id")
    return (answer, _seal_text("objection_sealed", PROPOSAL_OBJECTION, "proposal_id"))


def _seal_text(column: str, field: str, of: str) -> SealedColumn:
    return SealedColumn(column=column, name_field=lambda row: name_text(field, row[of]))


def _hash_name(pseudonyms: Pseudonyms, name: str, subject_id: UUID) -> tuple[KeyedIndex, ...]:
    return pseudonyms.all_name_indexes(fold_name(name), subject_id=subject_id)
