"""信用穿透: what a record of an organisation says about its legal representative.

The catalogue says of which indicators, under which indicator of natural persons, and by which flag item a row must say
that its document names the representative as responsible (《河南省社会信用条例》第三十五条). Nothing else reaches him.
"""

from dataclasses import replace

from backend.people.identity_numbers import SubjectKind
from backend.records.ledger import Report
from backend.records.receipts import Receipt, refuse_row
from backend.records.rows import Desk, HandedInRow, ScreenedRow, screen_row
from backend.records.screening import Ground
from backend.web.problems import Fault, Place
from scoring.catalogue import Catalogue, Reach

MISSING = "representative_missing"
POINTER = "/legal_representative"


def find_reach(indicator: str, subject_kind: str, report: Report, catalogue: Catalogue) -> Reach | None:
    """Find whom a report reaches beyond its subject; None for nobody."""
    reach = catalogue.indicators[indicator].reaches
    if reach is None or subject_kind == SubjectKind.NATURAL_PERSON:
        return None
    return reach if report.content.fields.get(reach.when) is True else None


def derive_report(report: Report, reach: Reach, catalogue: Catalogue) -> Report:
    """Say of the person what a report says of the organisation: the same act, and the items his indicator knows."""
    known = catalogue.indicators[reach.indicator].items
    content = report.content
    return report._replace(
        content=content._replace(fields={name: value for name, value in content.fields.items() if name in known})
    )


def add_representative(screened: ScreenedRow, desk: Desk) -> ScreenedRow:
    """Add to a screened row what is decided by itself about what it says of the legal representative."""
    row = screened.row
    reach = find_reach(row.indicator, row.subject_kind, row.report, desk.catalogue)
    if reach is None:
        return screened
    return screened._replace(representative=_screen_person(screened.row_no, row, reach, desk))


def _screen_person(row_no: int, row: HandedInRow, reach: Reach, desk: Desk) -> ScreenedRow | Receipt:
    person = row.legal_representative
    if person is None:
        fault = Fault(place=Place.BODY, pointer=POINTER, code="required")
        return refuse_row(row_no, Ground(code=MISSING, law=reach.basis, faults=(fault,)))
    derived = HandedInRow(
        source_key=row.source_key,
        subject_kind=SubjectKind.NATURAL_PERSON,
        id_number=person.id_number,
        name=person.name,
        indicator=reach.indicator,
        report=derive_report(row.report, reach, desk.catalogue),
    )
    screened = screen_row(row_no, derived, desk)
    if isinstance(screened, ScreenedRow):
        return screened
    faults = tuple(replace(fault, pointer=_move_pointer(fault.pointer)) for fault in screened.faults)
    return screened._replace(faults=faults, indicator=None, occurred_on=None, items_given=None)


def _move_pointer(pointer: str) -> str:
    """Point into the part of the row that names the person, where the fault is about who he is."""
    return f"{POINTER}{pointer}" if pointer in {"/id_number", "/name"} else pointer
