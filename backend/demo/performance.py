"""Does what a plan says, step by step, through the use cases; each step at its own moment."""

from collections import Counter
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose
from backend.clock import today
from backend.context import Context
from backend.demo.people import Person
from backend.demo.personas import WordKind
from backend.demo.steps import AddWord, CloseAccount, HandInBatch, LookAtRecord, SignIn, Step
from backend.gateways.identity_provider import LONGEST_LIFETIME, Ticket
from backend.people.account import open_account
from backend.people.agreement import agreement_on
from backend.people.sign_in import sign_in_person
from backend.people.standing import Status
from backend.people.subjects import find_subject_id
from backend.principals import Principal, PrincipalKind
from backend.records.batches import take_batch
from backend.records.changes import Word, correct_record, withdraw_record
from backend.records.looks import look_at_record
from backend.records.receipts import Outcome
from backend.records.rows import Desk, HandedInRow
from backend.records.tables import NewEntry, append_entry, list_entries_of_record
from backend.scores.closing import leave
from backend.storage.identifiers import new_id
from backend.web.problems import Refusal

Found = TypeVar("Found")

CLERK = "demo-clerk"


class UnforeseenRefusalError(Exception):
    """A use case refused what the plan takes to be right: the plan and the rules no longer fit each other."""


class KeptRecord(NamedTuple):
    """Where a record of the plan is to be found, and whose it is."""

    record_id: UUID
    department: str


class Performer:
    """Performs steps in one session; `receipts` counts the rows by outcome, the refused ones by their code."""

    def __init__(self, session: Session, context: Context) -> None:
        """Perform in `session` with what `context` has, its clock excepted."""
        self.receipts: Counter[str] = Counter()
        self._session = session
        self._context = context
        self._records: dict[str, KeptRecord] = {}
        self._ticket_no = 0

    def perform(self, step: Step) -> None:
        """Perform one step; UnforeseenRefusalError when a use case says no to it."""
        match step:
            case SignIn():
                self._sign_in(step)
            case HandInBatch():
                self._hand_in(step)
            case AddWord():
                self._add_word(step)
            case LookAtRecord():
                self._look(step)
            case CloseAccount():
                self._close(step)

    def _sign_in(self, step: SignIn) -> None:
        context, person = self._context, step.person
        self._ticket_no += 1
        ticket = Ticket(
            subject=f"demo-{person.number}",
            name=person.name,
            id_number=person.id_number,
            assurance="real_name",
            jti=f"demo-{self._ticket_no}",
            expires_at=step.at + LONGEST_LIFETIME,
        )
        signed_in = expect(
            sign_in_person(
                self._session,
                ticket,
                pseudonyms=context.pseudonyms,
                sealer=context.sealer,
                now=step.at,
            )
        )
        if not step.opens or signed_in.status is Status.UNDER_AGE:
            return
        opened = open_account(
            self._session,
            self._find(person),
            agreement_version=agreement_on(today(step.at)).version,
            consents_to_score=True,
            sealer=context.sealer,
            now=step.at,
        )
        expect(opened)

    def _hand_in(self, step: HandInBatch) -> None:
        context = self._context
        batch_id = new_id(step.at)
        desk = Desk(
            department=step.department,
            clerk=CLERK,
            batch_id=batch_id,
            catalogue=context.rules.catalogue_on(today(step.at)),
            pseudonyms=context.pseudonyms,
            sealer=context.sealer,
            now=step.at,
        )
        batch = expect(take_batch(self._session, f"demo-{batch_id}", step.rows, desk))
        for row, receipt in zip(step.rows, batch.receipts, strict=True):
            self.receipts[receipt.code or receipt.outcome] += 1
            if receipt.outcome is Outcome.ACCEPTED and receipt.record_id is not None and isinstance(row, HandedInRow):
                self._records[row.source_key] = KeptRecord(receipt.record_id, step.department)

    def _add_word(self, step: AddWord) -> None:
        record_id, department = self._records[step.source_key]
        word = Word(record_id=record_id, department=department, clerk=CLERK, reason=step.reason)
        match step.kind:
            case WordKind.CORRECTED:
                expect(
                    correct_record(
                        self._session,
                        word,
                        step.report,
                        rules=self._context.rules,
                        sealer=self._context.sealer,
                        now=step.at,
                    )
                )
            case WordKind.WITHDRAWN:
                expect(withdraw_record(self._session, word, now=step.at))
            case WordKind.OBJECTED | WordKind.REPAIRED:
                self._append(word, step)

    def _append(self, word: Word, step: AddWord) -> None:
        """Append what has no use case yet: the rights of the person are still to come."""
        reported = list_entries_of_record(self._session, word.record_id)[0]
        entry = NewEntry(
            kind=step.kind.value,
            record_id=word.record_id,
            indicator=reported.indicator,
            department=word.department,
            content={},
            reason=word.reason,
            clerk=word.clerk,
        )
        append_entry(self._session, reported.subject_id, entry, now=step.at)

    def _look(self, step: LookAtRecord) -> None:
        kept = self._records.get(step.source_key)
        if kept is None:  # the row was refused, so there is nothing to look at
            return
        looker = Principal(kind=PrincipalKind.DEPARTMENT, id=kept.department, acting=CLERK)
        looked = look_at_record(
            self._session,
            kept.record_id,
            principal=looker,
            purpose=Purpose.DATA_CHECK,
            case_no=None,
            now=step.at,
        )
        expect(looked)

    def _close(self, step: CloseAccount) -> None:
        # Who never opened an account has none to close.
        leave(self._session, self._find(step.person), because=step.because, now=step.at)

    def _find(self, person: Person) -> UUID:
        subject_id = find_subject_id(self._session, person.id_number, pseudonyms=self._context.pseudonyms)
        if subject_id is None:
            raise LookupError(f"person {person.number} of the demo has signed in and cannot be found")
        return subject_id


def expect(found: Found | Refusal) -> Found:
    """Give what a use case found; UnforeseenRefusalError when it said no."""
    if isinstance(found, Refusal):
        raise UnforeseenRefusalError(f"a step of the demo was refused: {found.code} {dict(found.values)}")
    return found
