"""What is decided about the rows of a chunk, one after the other, before any of it is written.

Everybody the rows are about is held, and what is known of the facts has been read: deciding needs no database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from backend.people.held_subjects import HeldSubject
from backend.records.known_facts import FactKey, KnownFact, WaitingRow
from backend.records.ledger import REPORTED, write_content
from backend.records.quarantine_content import QuarantinedContent, open_content, seal_content
from backend.records.quarantine_tables import OPEN, Part
from backend.records.receipts import Outcome, Quarantine, Receipt, refuse_row
from backend.records.rows import IDENTITY_LAW, Desk, HandedInRow, Representative, ScreenedRow
from backend.records.screening import Ground
from backend.storage.identifiers import new_id
from backend.web.problems import Fault, Place
from scoring.admission import OWN_GROUND

IDENTITY_IN_DOUBT = "identity_in_doubt"
NOT_REACHED = "representative_not_reached"
NAME_DIFFERS, SUBJECT_IN_DOUBT = "name_differs", "subject_in_doubt"
ENTRY_COLUMNS = (
    "subject_id",
    "ledger_no",
    "kind",
    "record_id",
    "indicator",
    "department",
    "source_key",
    "content",
    "clerk",
    "batch_id",
    "known_at",
    "derived_from",
)
QUARANTINE_COLUMNS = (
    "subject_id",
    "quarantine_id",
    "batch_id",
    "row_no",
    "part",
    "department",
    "indicator",
    "source_key",
    "code",
    "content_sealed",
    "derived_from",
    "received_at",
    "state",
)


class Origin(NamedTuple):
    """Which part of a row is settled, and the record of the organisation that it is derived from."""

    part: Part = Part.ROW
    derived_from: UUID | None = None


WHOLE = Origin()


@dataclass(slots=True)
class Settlement:
    """The decisions about a chunk: what is to be written, in rows as the database takes them.

    `vouched` are the numbers of subjects whom an operator has looked into: names are not compared with theirs again.
    """

    desk: Desk
    held: Mapping[str, HeldSubject]
    facts: dict[FactKey, KnownFact]
    waiting: dict[FactKey, WaitingRow]
    latest: Mapping[UUID, datetime]
    vouched: frozenset[str] = frozenset()
    entries: list[tuple[object, ...]] = field(default_factory=list)
    quarantined: list[tuple[object, ...]] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)

    @property
    def imagined(self) -> set[object]:
        """The ids of records and rows in quarantine that are yet to be written."""
        return {entry[3] for entry in self.entries} | {row[1] for row in self.quarantined}

    def settle(self, screened: ScreenedRow, origin: Origin = WHOLE) -> Receipt:
        """Decide about one row, given all that was decided before it."""
        row, row_no = screened.row, screened.row_no
        subject = self.held[screened.identity_number]
        subject.is_asked_for = True
        if subject.kind != row.subject_kind:
            fault = Fault(place=Place.BODY, pointer="/subject_kind", code="other_kind")
            return refuse_row(row_no, Ground(code="wrong_subject", law=OWN_GROUND, faults=(fault,)))
        if not self._agrees(screened, subject):
            return self._quarantine(screened, subject, NAME_DIFFERS, origin)
        key = FactKey(subject.subject_id, row.indicator, row.source_key)
        known = self.facts.get(key)
        if known is not None:
            return _compare(row_no, row, known)
        if subject.in_doubt:
            return self._quarantine(screened, subject, SUBJECT_IN_DOUBT, origin)
        return self._report(screened, subject, key, origin)

    def settle_whole(self, screened: ScreenedRow, origin: Origin = WHOLE) -> Receipt:
        """Decide about a row and then about what it says of the legal representative, if its record is there.

        He is reached only by what stands: by an open record, and by what is said in it now.
        """
        receipt = self.settle(screened, origin)
        person = screened.representative
        if person is None or receipt.outcome not in {Outcome.ACCEPTED, Outcome.DUPLICATE} or receipt.record_id is None:
            return receipt
        if isinstance(person, ScreenedRow):
            person = self._settle_representative(screened, person, receipt.record_id)
        return receipt._replace(representative=person)

    def _settle_representative(self, screened: ScreenedRow, person: ScreenedRow, record_id: UUID) -> Receipt:
        row, subject_id = screened.row, self.held[person.identity_number].subject_id
        fact = self.facts[FactKey(self.held[screened.identity_number].subject_id, row.indicator, row.source_key)]
        if not (fact.may_reach(subject_id) and fact.says_now(row.report)):
            return refuse_row(person.row_no, Ground(code=NOT_REACHED, law=OWN_GROUND))
        receipt = self.settle(person, Origin(Part.REPRESENTATIVE, record_id))
        if receipt.outcome is Outcome.ACCEPTED:
            fact.reached.add(subject_id)
        return receipt

    def _agrees(self, screened: ScreenedRow, subject: HeldSubject) -> bool:
        if screened.identity_number in self.vouched:
            return True
        return subject.agrees_on_name(screened.row.name, self.desk.pseudonyms)

    def _report(self, screened: ScreenedRow, subject: HeldSubject, key: FactKey, origin: Origin) -> Receipt:
        desk, row = self.desk, screened.row
        record_id, subject_id = new_id(desk.now), subject.subject_id
        ledger_no = self.versions.get(subject_id, subject.facts_version) + 1
        latest = self.latest.get(subject_id)
        self.versions[subject_id] = ledger_no
        self.facts[key] = KnownFact(record_id, [row.report])
        self.entries.append(
            (
                subject_id,
                ledger_no,
                REPORTED,
                record_id,
                row.indicator,
                desk.department,
                row.source_key,
                write_content(row.report),
                desk.clerk,
                desk.batch_id,
                desk.now if latest is None or latest < desk.now else latest,
                origin.derived_from,
            )
        )
        return Receipt(screened.row_no, Outcome.ACCEPTED, record_id)

    def _quarantine(self, screened: ScreenedRow, subject: HeldSubject, code: str, origin: Origin) -> Receipt:
        """Keep the row back; one that waits already is not kept twice. Its code tells the department no more."""
        row, row_no, desk = screened.row, screened.row_no, self.desk
        key = FactKey(subject.subject_id, row.indicator, row.source_key)
        content = QuarantinedContent(name=row.name, report=row.report, representative=_find_representative(screened))
        waiting = self.waiting.get(key)
        if waiting is not None:
            if not open_content(waiting.content_sealed, subject.subject_id, desk.sealer).says_the_same_as(content):
                return refuse_row(row_no, Ground(code="source_key_reused", law=OWN_GROUND))
            quarantine = Quarantine(waiting.quarantine_id)
            return Receipt(row_no, Outcome.DUPLICATE, code="duplicate_in_quarantine", quarantine=quarantine)
        sealed = seal_content(content, subject.subject_id, desk.sealer)
        waiting = self.waiting[key] = WaitingRow(new_id(desk.now), sealed)
        self.quarantined.append(
            (
                subject.subject_id,
                waiting.quarantine_id,
                desk.batch_id,
                row_no,
                origin.part.value,
                desk.department,
                row.indicator,
                row.source_key,
                code,
                sealed,
                origin.derived_from,
                desk.now,
                OPEN,
            )
        )
        quarantine = Quarantine(waiting.quarantine_id)
        return Receipt(row_no, Outcome.QUARANTINED, code=IDENTITY_IN_DOUBT, law=IDENTITY_LAW, quarantine=quarantine)


def _compare(row_no: int, row: HandedInRow, known: KnownFact) -> Receipt:
    """A fact that is known brings nothing new where it was reported or corrected with just this content."""
    if row.report in known.reports:
        return Receipt(row_no, Outcome.DUPLICATE, known.record_id, "duplicate")
    return refuse_row(row_no, Ground(code="source_key_reused", law=OWN_GROUND))


def _find_representative(screened: ScreenedRow) -> Representative | None:
    return None if screened.representative is None else screened.row.legal_representative
