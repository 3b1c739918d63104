"""The ledger against a plain list of what was said: whatever is done to it, both tell the same, now and for then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import SubjectKind, read_identity
from backend.people.subjects import find_subject_id
from backend.records.batches import take_batch
from backend.records.changes import Change, Word, correct_record, withdraw_record
from backend.records.departments import register_departments
from backend.records.ledger import Report, fold_entries, read_records
from backend.records.receipts import Receipt
from backend.records.rows import Desk, HandedInRow
from backend.records.tables import NewEntry, append_entry, list_entries, read_facts_version
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal
from scoring.admission import LegalFacts
from scoring.evaluation import evaluate
from scoring.records import Content, Event, EventKind, Record
from scoring.statement import Score
from tests.backend.city import make_resident_id
from tests.databases import migrated_database
from tests.scoring.small_city import CATALOGUE, RULEBOOK
from tests.scoring.strategies import CONTINUING, FIELDS

START = datetime(2026, 6, 1, 4, tzinfo=UTC)
OPENED_ON = date(2024, 5, 1)
KEYS = {"k1": bytes(32)}
RULES = CityRules(city=RULEBOOK.city, editions=(RULEBOOK,))
PSEUDONYMS, SEALER = Pseudonyms(KEYS, "k1"), Sealer(KEYS, "k1")
CLOSING = {EventKind.WITHDRAWN, EventKind.REPAIRED}
_numbers = count(1)

# Recent enough to be admitted until the clock has gone on for years, and never in the future.
days = st.dates(date(2024, 6, 1), date(2026, 5, 1))
legals = st.sampled_from(
    [
        LegalFacts("文书一号", "ordinary", "upheld", confirmed_by="court"),
        LegalFacts("文书二号", "ordinary", "no_appeal_in_time", confirmed_by="arbitration"),
    ]
)
steps = st.timedeltas(timedelta(days=-3), timedelta(days=30)) | st.just(timedelta(microseconds=1))


@st.composite
def reports(draw: st.DrawFn, indicator: str) -> Report:
    occurred_on = draw(days)
    lasts = draw(st.none() | st.integers(0, 900)) if indicator in CONTINUING else None
    ended_on = None if lasts is None else occurred_on + timedelta(days=lasts)
    fields = draw(FIELDS[indicator].filter(lambda values: values.get("amount_fen") != 0))
    return Report(Content(occurred_on, ended_on, fields, draw(st.none() | st.just("act-1"))), draw(legals))


@dataclass
class Fact:
    """The model of a record: who said it under which key, and everything that was said, in order."""

    record_id: UUID
    indicator: str
    source_key: str
    words: list[tuple[datetime, EventKind | None, Report | None]] = field(default_factory=list)

    @property
    def is_closed(self) -> bool:
        return any(kind in CLOSING for _, kind, _ in self.words)

    @property
    def reports(self) -> list[Report]:
        return [report for _, _, report in self.words if report is not None]

    def as_said_until(self, moment: datetime) -> Record | None:
        words = [word for word in self.words if word[0] <= moment]
        if not words:
            return None
        (known_at, _, first), later = words[0], words[1:]
        assert first is not None
        return Record(
            str(self.record_id),
            self.indicator,
            known_at,
            first.content.occurred_on,
            first.content.ended_on,
            first.content.fields,
            first.content.act,
            CATALOGUE.indicators[self.indicator].providers[0],
            first.legal.document_no or "",
            tuple(make_event(kind, moment, report) for moment, kind, report in later if kind is not None),
        )


def make_event(kind: EventKind, moment: datetime, report: Report | None) -> Event:
    if report is None:
        return Event(kind, moment)
    return Event(kind, moment, report.content, report.legal.document_no or "")


def weigh(records: Sequence[Record], known_at: datetime) -> Score:
    return evaluate(records, RULEBOOK, as_of=today(known_at), known_at=known_at, since=OPENED_ON)


class LedgerMachine(RuleBasedStateMachine):
    """One person, several departments, a clock that may go back."""

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.id_number = make_resident_id(date(1950, 1, 1) + timedelta(days=next(_numbers)))
        self.now = START
        self.facts: list[Fact] = []
        self.latest = datetime(2000, 1, 1, tzinfo=UTC)  # no entry is known earlier than one before it
        self.entries = 0
        self.scores: dict[datetime, Score] = {}  # those that nothing can change any more

    # --- what is done, to the ledger and to the model ---

    @rule(indicator=st.sampled_from(sorted(FIELDS)), key=st.sampled_from("abc"), data=st.data())
    def report(self, indicator: str, key: str, data: st.DataObject) -> None:
        report = data.draw(reports(indicator))
        receipt = self._hand_in(indicator, key, report)
        known = next((fact for fact in self.facts if (fact.indicator, fact.source_key) == (indicator, key)), None)
        if known is None:
            assert receipt.outcome == "accepted", receipt
            assert receipt.record_id is not None
            self.facts.append(Fact(receipt.record_id, indicator, key, [(self._note(), None, report)]))
        elif report in known.reports:
            assert (receipt.outcome, receipt.record_id) == ("duplicate", known.record_id)
        else:
            assert (receipt.outcome, receipt.code) == ("refused", "source_key_reused")

    @precondition(lambda self: self.facts)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        fact = data.draw(st.sampled_from(self.facts))
        receipt = self._hand_in(fact.indicator, fact.source_key, data.draw(st.sampled_from(fact.reports)))
        assert (receipt.outcome, receipt.record_id) == ("duplicate", fact.record_id)

    @precondition(lambda self: self.facts)
    @rule(data=st.data())
    def correct(self, data: st.DataObject) -> None:
        fact = data.draw(st.sampled_from(self.facts))
        report = data.draw(reports(fact.indicator))
        with self.database.transaction() as session:
            change = correct_record(session, self._speak(fact), report, rules=RULES, sealer=SEALER, now=self.now)
        self._expect(change, fact, EventKind.CORRECTED, report)

    @precondition(lambda self: self.facts)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        fact = data.draw(st.sampled_from(self.facts))
        with self.database.transaction() as session:
            change = withdraw_record(session, self._speak(fact), now=self.now)
        self._expect(change, fact, EventKind.WITHDRAWN, None)

    @precondition(lambda self: self.facts)
    @rule(data=st.data(), kind=st.sampled_from([EventKind.REPAIRED, EventKind.OBJECTED, EventKind.DECIDED]))
    def decide(self, data: st.DataObject, kind: EventKind) -> None:
        fact = data.draw(st.sampled_from(self.facts))
        entry = NewEntry(
            kind=kind.value,
            record_id=fact.record_id,
            indicator=fact.indicator,
            department=self._provider(fact.indicator),
            content={"note": "anything"},
        )
        with self.database.transaction() as session:
            append_entry(session, self._find_subject(session), entry, now=self.now)
        fact.words.append((self._note(), kind, None))

    @rule(step=steps)
    def move_clock(self, step: timedelta) -> None:
        settled_at = max(self.now, self.latest)
        self.scores[settled_at] = weigh(self._model(settled_at), settled_at)
        self.now += step
        floor = max(self.now, self.latest)
        self.scores = {moment: score for moment, score in self.scores.items() if moment < floor}

    # --- what must hold after each ---

    @invariant()
    def both_tell_the_same(self) -> None:
        if not self.facts:
            return
        with self.database.reading() as session:
            subject_id = self._find_subject(session)
            numbers = [entry.ledger_no for entry in list_entries(session, subject_id)]
            assert numbers == list(range(1, self.entries + 1))
            assert read_facts_version(session, subject_id) == self.entries
            moment = max(self.now, self.latest)
            records = self.read(session, subject_id)
            assert records == self._model(moment)
            assert weigh(records, moment) == weigh(self._model(moment), moment)

    @invariant()
    def the_past_stays_as_it_was(self) -> None:
        if not self.facts:
            return
        with self.database.reading() as session:
            subject_id = self._find_subject(session)
            now_known = self.read(session, subject_id)
            for moment, score in list(self.scores.items())[-4:]:
                then_known = self.read(session, subject_id, known_at=moment)
                assert then_known == self._model(moment)
                assert weigh(then_known, moment) == score
                assert weigh(now_known, moment) == score

    def read(self, session: Session, subject_id: UUID, known_at: datetime | None = None) -> tuple[Record, ...]:
        return read_records(session, subject_id, known_at=known_at)

    # --- the small steps ---

    def _hand_in(self, indicator: str, key: str, report: Report) -> Receipt:
        row = HandedInRow(
            source_key=key,
            subject_kind=SubjectKind.NATURAL_PERSON,
            id_number=self.id_number,
            name="林一舟",
            indicator=indicator,
            report=report,
        )
        desk = Desk(
            department=self._provider(indicator),
            clerk="clerk-7",
            batch_id=uuid4(),
            catalogue=CATALOGUE,
            pseudonyms=PSEUDONYMS,
            sealer=SEALER,
            now=self.now,
        )
        with self.database.transaction() as session:
            batch = take_batch(session, f"batch-{next(_numbers)}", [row], desk)
        assert not isinstance(batch, Refusal)
        (receipt,) = batch.receipts
        return receipt

    def _expect(self, change: Change | Refusal, fact: Fact, kind: EventKind, report: Report | None) -> None:
        if fact.is_closed:
            assert change == Refusal(ProblemCode.RECORD_CLOSED)
            return
        known_at = self._note()
        assert change == Change(record_id=fact.record_id, kind=kind, known_at=known_at)
        fact.words.append((known_at, kind, report))

    def _note(self) -> datetime:
        self.entries += 1
        self.latest = max(self.now, self.latest)
        return self.latest

    def _speak(self, fact: Fact) -> Word:
        return Word(
            record_id=fact.record_id, department=self._provider(fact.indicator), clerk="clerk-7", reason="登记有误"
        )

    def _find_subject(self, session: Session) -> UUID:
        number = read_identity(SubjectKind.NATURAL_PERSON, self.id_number, today=today(START))
        assert isinstance(number, str)
        subject_id = find_subject_id(session, number, pseudonyms=PSEUDONYMS)
        assert subject_id is not None
        return subject_id

    def _model(self, moment: datetime) -> tuple[Record, ...]:
        return tuple(record for fact in self.facts if (record := fact.as_said_until(moment)) is not None)

    @staticmethod
    def _provider(indicator: str) -> str:
        return CATALOGUE.indicators[indicator].providers[0]


class CorrectionsForgotten(LedgerMachine):
    def read(self, session: Session, subject_id: UUID, known_at: datetime | None = None) -> tuple[Record, ...]:
        entries = list_entries(session, subject_id, known_at=known_at)
        return fold_entries(entry for entry in entries if entry.kind != EventKind.CORRECTED)


class PastForgotten(LedgerMachine):
    def read(self, session: Session, subject_id: UUID, known_at: datetime | None = None) -> tuple[Record, ...]:
        del known_at
        return read_records(session, subject_id)


def run(machine: type[LedgerMachine], database: Database, chosen: settings) -> None:
    with database.transaction() as session:
        register_departments(session, CATALOGUE)
    machine.database = database
    run_state_machine_as_test(machine, settings=chosen)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
SEARCH = settings(max_examples=14, stateful_step_count=50, deadline=None, suppress_health_check=QUIET, database=None)
LONG_SEARCH = settings(SEARCH, max_examples=200)


@pytest.mark.timeout(300)  # seven hundred steps, each a transaction on a real database
def test_the_ledger_tells_what_was_said(database: Database) -> None:
    run(LedgerMachine, database, SEARCH)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_ledger_tells_what_was_said_in_ten_thousand_steps(database: Database) -> None:
    run(LedgerMachine, database, LONG_SEARCH)


@pytest.mark.parametrize("defect", [CorrectionsForgotten, PastForgotten])
def test_a_planted_defect_is_found(sqlite_url: str, defect: type[LedgerMachine]) -> None:
    # Found within 25 lives of a ledger, whatever the seed.
    enough = settings(SEARCH, max_examples=40, phases=[Phase.generate], derandomize=True)
    with migrated_database(sqlite_url) as database, pytest.raises(AssertionError):
        run(defect, database, enough)
