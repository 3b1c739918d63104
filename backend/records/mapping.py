"""Which column of a department's file becomes which member of a row, and by which reading. Pure.

A column that the mapping neither reads nor ignores is a fault of the file, so nothing is dropped unseen. What the law
demands and no column or constant says stays unsaid, and the admission filter refuses the row by its own law.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from backend.gateways.sheets.heading import fold_title
from backend.people.identity_numbers import SubjectKind

Scalar: TypeAlias = str | int | bool

BY_CODE: Final = "by_code"  # an organisation's kind stands in its credit code
NEEDED_MEMBERS: Final = ("source_key", "id_number", "name", "indicator", "occurred_on")


class Reading(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    IDENTITY_NUMBER = "identity_number"
    DAY = "day"
    YUAN = "yuan"
    WAN_YUAN = "wan_yuan"
    WHOLE = "whole"
    FLAG = "flag"
    CHOICE = "choice"


class IdentityDocument(StrEnum):
    """The kinds of documents whose numbers name a person, and the rest."""

    RESIDENT_ID = "resident_id"
    RESIDENCE_PERMIT = "residence_permit"
    PERMANENT_RESIDENCE = "permanent_residence"
    OTHER = "other"


class RowState(StrEnum):
    """Whether what a row says still stands, where a file has a column of it."""

    CURRENT = "current"
    NOT_CURRENT = "not_current"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column by its title or one of its aliases. Without members it is known and left aside.

    `choices` translates the department's words. `subject_kind`, with an `id_number`, tells whose number it is.
    """

    title: str
    aliases: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    reads: Reading = Reading.TEXT
    is_required: bool = False
    choices: Mapping[str, Scalar] = field(default_factory=dict)
    subject_kind: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Give every folded title under which the column may stand."""
        return frozenset(map(fold_title, (self.title, *self.aliases)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """A whole mapping: its columns, the members that are the same in every row, and the folded titles left aside."""

    columns: tuple[Column, ...]
    constants: Mapping[str, Scalar] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    layout: str | None = None

    @property
    def titles(self) -> frozenset[str]:
        """Give every title that is known, by which a file's heading is found."""
        return self.ignored.union(*(column.names for column in self.columns))


def find_subject_kind(code: str) -> SubjectKind | None:
    """Tell the kind of an organisation by the first two characters of its credit code (GB 32100-2015, table 1).

    None for the authorities whose codes stand for several kinds: then a column must say it.
    """
    if code.startswith("92"):
        return SubjectKind.SOLE_TRADER
    if code.startswith(("91", "93", "99")):
        return SubjectKind.ENTERPRISE
    if code.startswith("5"):
        return SubjectKind.SOCIAL_ORGANISATION
    return {"11": SubjectKind.GOVERNMENT_BODY, "12": SubjectKind.PUBLIC_INSTITUTION}.get(code[:2])
