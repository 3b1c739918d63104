"""One row handed in by a department: what it must be, and what is decided about it by itself.

No step here needs the database, so that nothing is stored about the person of a row that is refused.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from backend.clock import today
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import IdentityFault, SubjectKind, read_identity_with_birth
from backend.records.ledger import Report
from backend.records.receipts import Receipt, refuse_row
from backend.records.screening import Ground, find_ground
from backend.web.problems import Fault, Place
from scoring import admission
from scoring.admission import OWN_GROUND
from scoring.catalogue import Catalogue

_TOLD = Receipt._fields.index("indicator")
IDENTITY_LAW = "《河南省社会信用条例》第十六条"  # a natural person is known by the number of the resident id


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """The legal representative of an organisation, as a row about it names him."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedInRow:
    """A well-formed row; `source_key` is the department's own key of the fact."""

    source_key: str
    subject_kind: SubjectKind
    id_number: str = field(repr=False)
    name: str = field(repr=False)
    indicator: str
    report: Report = field(repr=False)
    legal_representative: Representative | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A row that is none; the faults point into it, and repeat nothing of it."""

    faults: tuple[Fault, ...]


AnyRow: TypeAlias = HandedInRow | MalformedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every row of a batch is held against, and what is noted with it; `day` is the city's at `now`."""

    department: str
    clerk: str
    batch_id: UUID
    catalogue: Catalogue
    pseudonyms: Pseudonyms = field(repr=False)
    sealer: Sealer = field(repr=False)
    now: datetime
    received_at: datetime | None = None
    day: date = field(init=False)

    def __post_init__(self) -> None:
        """Find the day of the receipt once for all rows: a file may be read on a later one."""
        object.__setattr__(self, "day", today(self.received_at or self.now))


class ScreenedRow(NamedTuple):
    """A row that the law lets in, with the identity number in its one spelling.

    `representative` is what it says about the legal representative, where the catalogue lets it reach him.
    """

    row_no: int
    row: HandedInRow
    identity_number: str
    representative: "ScreenedRow | Receipt | None" = None

    def __repr__(self) -> str:
        """Show no more than the number of the row."""
        return f"ScreenedRow({self.row_no})"


def make_admission_row(indicator: str, subject_kind: str, report: Report) -> admission.Row:
    """Make the row that the admission filter decides about."""
    content, legal = report
    return admission.Row(indicator, subject_kind, content.occurred_on, content.ended_on, content.fields, legal)


def screen_row(row_no: int, row: AnyRow, desk: Desk) -> ScreenedRow | Receipt:
    """Decide about a row by itself: its form, its identity number, and whether the law admits it."""
    if isinstance(row, MalformedRow):
        return refuse_row(row_no, Ground(code="malformed_row", law=OWN_GROUND, faults=row.faults))
    identity = read_identity_with_birth(row.subject_kind, row.id_number, today=desk.day)
    if isinstance(identity, IdentityFault):
        fault = Fault(place=Place.BODY, pointer="/id_number", code=f"identity_{identity.code}")
        return _refuse(row_no, row, desk, Ground(code="bad_identity", law=IDENTITY_LAW, faults=(fault,)))
    if identity.earliest_birth is not None and row.report.content.occurred_on < identity.earliest_birth:
        return _refuse(row_no, row, desk, Ground(code="before_birth", law=OWN_GROUND))
    wanted = make_admission_row(row.indicator, row.subject_kind, row.report)
    ground = find_ground(wanted, desk.catalogue, department=desk.department, received_on=desk.day)
    return ScreenedRow(row_no, row, identity.number) if ground is None else _refuse(row_no, row, desk, ground)


def describe_row(receipt: Receipt, row: HandedInRow, catalogue: Catalogue) -> Receipt:
    """Add to a receipt what figures of quality need to know of its row; an unknown indicator can be anything."""
    content = row.report.content
    indicator = row.indicator if row.indicator in catalogue.indicators else None
    return Receipt._make((*receipt[:_TOLD], indicator, content.occurred_on, len(content.fields)))


def _refuse(row_no: int, row: HandedInRow, desk: Desk, ground: Ground) -> Receipt:
    return describe_row(refuse_row(row_no, ground), row, desk.catalogue)
