"""The stories of the personas, told as rows and steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from backend.demo.people import Person
from backend.demo.personas import Deed, Path, Persona
from backend.demo.records import HandIn, make_legal_facts
from backend.demo.steps import (
    LEAVE_UTC,
    LOOK_UTC,
    RETURN_UTC,
    SIGN_IN_UTC,
    WORD_UTC,
    AddWord,
    CloseAccount,
    LookAtRecord,
    SignIn,
    Step,
    moment_of,
)
from backend.people.identity_numbers import SubjectKind
from backend.records.ledger import Report
from backend.records.rows import HandedInRow
from scoring.catalogue import Catalogue
from scoring.records import Content

FIRST_DOCUMENT_NO, DEEDS_AT_MOST = 9_000_000, 10
OPENED_DAYS_AGO, LEFT_DAYS_AGO, RETURNED_DAYS_AGO, LOOKED_DAYS_AGO = 300, 15, 10, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Tells stories between the first day of the city and `day`."""

    catalogue: Catalogue
    first_day: date
    day: date

    def tell_deeds(self, persona: Persona, person: Person) -> Iterator[HandIn]:
        """Give the rows that departments hand in about a persona."""
        for number, deed in enumerate(persona.deeds):
            yield HandIn(
                self._go_back(deed.days_ago - deed.reported_after_days),
                deed.department,
                HandedInRow(
                    source_key=_make_key(persona, number),
                    subject_kind=SubjectKind.NATURAL_PERSON,
                    id_number=person.id_number,
                    name=persona.name_at_department or person.name,
                    indicator=deed.indicator,
                    report=self._make_report(deed, _number_document(person, number)),
                ),
            )

    def tell_steps(self, persona: Persona, person: Person) -> Iterator[Step]:
        """Give what a persona does, and what becomes of the records about that person."""
        yield from self._tell_account(persona, person)
        for number, deed in enumerate(persona.deeds):
            key = _make_key(persona, number)
            report = self._make_report(deed, _number_document(person, number))
            for word in deed.words:
                content = report.content._replace(fields=word.fields or deed.fields)
                at = moment_of(self._go_back(word.days_ago), WORD_UTC)
                yield AddWord(at, key, word.kind, word.reason, report._replace(content=content))
            yield LookAtRecord(moment_of(self._go_back(LOOKED_DAYS_AGO), LOOK_UTC), key)

    def _tell_account(self, persona: Persona, person: Person) -> Iterator[Step]:
        opened_at = moment_of(self._go_back(OPENED_DAYS_AGO), SIGN_IN_UTC)
        left_at = moment_of(self._go_back(LEFT_DAYS_AGO), LEAVE_UTC)
        returned_at = moment_of(self._go_back(RETURNED_DAYS_AGO), RETURN_UTC)
        match persona.path:
            case Path.SIGNED_IN:
                yield SignIn(returned_at, person, opens=False)
            case Path.CONSENT_WITHDRAWN:
                yield SignIn(opened_at, person, opens=True)
                yield CloseAccount(left_at, person, because="consent_withdrawn")
            case Path.REOPENED:
                yield SignIn(opened_at, person, opens=True)
                yield CloseAccount(left_at, person, because="closed")
                yield SignIn(returned_at, person, opens=True)
            case Path.OPENED:
                yield SignIn(opened_at, person, opens=True)

    def _go_back(self, days: int) -> date:
        return max(self.first_day, self.day - timedelta(days=days))

    def _make_report(self, deed: Deed, number: int) -> Report:
        content = Content(self.day - timedelta(days=deed.days_ago), None, deed.fields, deed.act)
        return Report(content, make_legal_facts(self.catalogue.indicators[deed.indicator], content, number))


def _number_document(person: Person, number: int) -> int:
    return FIRST_DOCUMENT_NO - person.number * DEEDS_AT_MOST + number


def _make_key(persona: Persona, number: int) -> str:
    return f"demo-{persona.key}-{number}"
