"""Letting a row out of quarantine into the ledger, on the word of an operator about who its subject is."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.people.held_subjects import Register
from backend.records.intake import prepare_settlement, write_settlement
from backend.records.known_facts import find_fact
from backend.records.quarantine_tables import Part, QuarantinedRow
from backend.records.receipts import Receipt, refuse_row
from backend.records.representatives import add_representative
from backend.records.rows import Desk, HandedInRow, screen_row
from backend.records.screening import Ground
from backend.records.settlement import NOT_REACHED, Origin
from backend.web.problems import ProblemCode, Refusal
from scoring.admission import OWN_GROUND

SEE_GROUND = "见 ground 所列理由"


def release_row(
    session: Session, row: QuarantinedRow, handed_in: HandedInRow, *, then: Desk, desk: Desk
) -> UUID | Refusal:
    """Make a record of a row: the law is asked as at the desk of `then`, and the record is known from that of now.

    Give the record, which is an older one where the department has reported the very same meanwhile. Its subject, who
    is in no doubt, is held already, and so is the organisation from whose record the row derives.
    """
    screened = screen_row(row.row_no, handed_in, then)
    if isinstance(screened, Receipt):
        return _refuse(screened)
    origin = Origin(Part(row.part), row.derived_from)
    if origin.derived_from is not None and not find_fact(session, origin.derived_from).may_reach(row.subject_id):
        return _refuse(refuse_row(row.row_no, Ground(code=NOT_REACHED, law=OWN_GROUND)))
    if origin.part is Part.ROW:
        screened = add_representative(screened, then)
    register = Register(session, desk.pseudonyms, desk.sealer, desk.now)
    settlement = prepare_settlement(register, [screened], desk, vouched=frozenset({screened.identity_number}))
    receipt = settlement.settle_whole(screened, origin)
    write_settlement(register, settlement)
    return receipt.record_id or _refuse(receipt)


def _refuse(receipt: Receipt) -> Refusal:
    values = {"ground": receipt.code, "law": receipt.law or OWN_GROUND, "text": receipt.text or SEE_GROUND}
    return Refusal(ProblemCode.RELEASE_REFUSED, values, faults=receipt.faults)
