"""The column mappings of a department: each saving makes a version, and no version is ever changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.records.file_tables import ColumnMappingRow, add_mapping, find_mapping, list_mappings
from backend.records.tables import hold_department
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMapping:
    """A version of a mapping as its department saved it."""

    mapping_id: UUID
    name: str
    version: int
    document: Mapping[str, Any]
    clerk: str
    saved_at: datetime


def save_mapping(
    session: Session, *, department: str, name: str, document: Mapping[str, Any], clerk: str, now: datetime
) -> SavedMapping | Refusal:
    """Save a document that was read and found good as the next version of the mapping `name`.

    Refuses a department that is not registered. Two savings at once become two versions.
    """
    if hold_department(session, department) is None:
        return Refusal(ProblemCode.DEPARTMENT_REFUSED)
    row = ColumnMappingRow(
        mapping_id=new_id(now), department=department, name=name, document=dict(document), clerk=clerk, saved_at=now
    )
    add_mapping(session, row)
    return _show(row)


def read_saved_mapping(session: Session, mapping_id: UUID, *, department: str) -> SavedMapping | Refusal:
    """Read a version; another department's is not found."""
    row = find_mapping(session, mapping_id)
    if row is None or row.department != department:
        return Refusal(ProblemCode.MAPPING_NOT_FOUND)
    return _show(row)


def list_saved_mappings(session: Session, department: str) -> list[SavedMapping]:
    """List every version of a department's mappings, by name, the newest first."""
    return [_show(row) for row in list_mappings(session, department)]


def _show(row: ColumnMappingRow) -> SavedMapping:
    return SavedMapping(
        mapping_id=row.mapping_id,
        name=row.name,
        version=row.version,
        document=row.document,
        clerk=row.clerk,
        saved_at=row.saved_at,
    )
