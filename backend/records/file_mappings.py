"""The mapping that a file is read by: the plain one, a shipped layout, or a version that its department saved."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.records.file_tables import find_mapping
from backend.records.mapping import ColumnMapping
from backend.records.mapping_document import read_mapping
from backend.records.mapping_layouts import read_layouts
from backend.records.plain_mapping import PLAIN, make_plain_mapping
from scoring.catalogue import Catalogue


def open_mapping(session: Session, mapping: str, catalogue: Catalogue) -> ColumnMapping:
    """Give the mapping that a file names; LookupError for one that is not there or not good any more."""
    layouts = read_layouts()
    if mapping == PLAIN:
        return make_plain_mapping(catalogue)
    if mapping in layouts:
        return layouts[mapping]
    saved = find_mapping(session, UUID(mapping))
    if saved is None:
        raise LookupError(f"there is no mapping {mapping}, which a file names")
    read = read_mapping(saved.document, layouts)
    if not isinstance(read, ColumnMapping):
        raise LookupError(  # noqa: TRY004 - a mapping that is good is not there
            f"mapping {mapping} was saved and is not good any more"
        )
    return read


def find_titles(session: Session, mapping: str, catalogue: Catalogue) -> frozenset[str]:
    """Give every title that a file's mapping knows, by which its heading is found."""
    return open_mapping(session, mapping, catalogue).titles
