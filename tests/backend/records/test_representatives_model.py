"""Whom rows of an organisation reach, many at once against one by one, while its records are corrected and closed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.people.identity_numbers import SubjectKind
from backend.records.departments import register_departments
from backend.records.intake import settle_rows
from backend.records.known_facts import KnownFact
from backend.records.ledger import REPORTED, Report, write_content
from backend.records.rows import Desk, HandedInRow, Representative
from backend.records.tables import LedgerEntryRow, NewEntry, append_entry
from backend.storage.database import Database
from scoring.admission import LegalFacts
from scoring.catalogue import Item, Reach
from scoring.records import Content, EventKind
from tests.backend.records import test_intake as intake_model
from tests.backend.records.row_by_row import Model, Told
from tests.databases import migrated_database

NAMED = Item(name="named", title="载明", type="flag", unit="", required=False, choices={}, at_least=None, at_most=None)
HOURS = intake_model.CATALOGUE.indicators["HOURS"]
REACH = Reach(indicator="BLOOD", who="legal_representative", when="named", basis="小城办法")
REACHING = replace(HOURS, items={**HOURS.items, "named": NAMED}, reaches=REACH)
CATALOGUE = replace(intake_model.CATALOGUE, indicators={**intake_model.CATALOGUE.indicators, "HOURS": REACHING})


@dataclass(frozen=True)
class Sketch:
    """A row about the one organisation: how many hours, and whom of two people it names, if anybody."""

    hours: int
    person: int | None


Step = list[Sketch] | EventKind | int  # rows, a closing, or a correction to so many hours
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.lists(st.builds(Sketch, st.integers(1, 2), st.sampled_from([None, 0, 1, 1])), min_size=1, max_size=4)
    | st.sampled_from([EventKind.WITHDRAWN, EventKind.REPAIRED])
    | st.integers(1, 2),
    min_size=2,
    max_size=6,
)


def make_report(hours: int) -> Report:
    return Report(Content(date(2026, 5, 1), None, {"hours": hours, "named": True}, None), LegalFacts())


def make_row(sketch: Sketch, firm: str, people: Sequence[str]) -> HandedInRow:
    person = None if sketch.person is None else Representative(name="林一舟", id_number=people[sketch.person])
    return HandedInRow(
        source_key="a",
        subject_kind=SubjectKind.ENTERPRISE,
        id_number=firm,
        name="顺风商贸有限公司",
        indicator="HOURS",
        report=make_report(sketch.hours),
        legal_representative=person,
    )


def change(session: Session, step: EventKind | int, desk: Desk, since: int) -> None:
    """Say a further word about the newest record of the organisation, if there is one yet."""
    wanted = select(LedgerEntryRow).where(LedgerEntryRow.indicator == "HOURS", LedgerEntryRow.kind == REPORTED)
    reports = session.scalars(wanted.order_by(LedgerEntryRow.record_id)).all()[since:]
    for first in reports:
        entry = NewEntry(
            kind=step.value if isinstance(step, EventKind) else EventKind.CORRECTED.value,
            record_id=first.record_id,
            indicator="HOURS",
            department=first.department,
            content={} if isinstance(step, EventKind) else write_content(make_report(step)),
        )
        append_entry(session, first.subject_id, entry, now=desk.now)


def count_firms(session: Session) -> int:
    wanted = select(LedgerEntryRow.record_id).where(
        LedgerEntryRow.indicator == "HOURS", LedgerEntryRow.kind == REPORTED
    )
    return len(session.scalars(wanted).all())


def compare(ours: Database, models: Database, given: Sequence[Step]) -> None:
    """Take the same steps both ways, and compare what is told of each row and of whom it reaches."""
    firm = intake_model.make_number(SubjectKind.ENTERPRISE)
    people = [intake_model.make_number(SubjectKind.NATURAL_PERSON) for _ in range(2)]
    model = Model()
    with ours.reading() as session:
        since = count_firms(session)
    with models.reading() as session:
        since_of_model = count_firms(session)
    for step in given:
        desk = replace(intake_model.make_desk(), catalogue=CATALOGUE)
        with ours.transaction() as mine, models.transaction() as theirs:
            if not isinstance(step, list):
                change(mine, step, desk, since)
                change(theirs, step, desk, since_of_model)
                continue
            rows = [make_row(sketch, firm, people) for sketch in step]
            intake_model.open_batch(mine, desk)
            receipts = settle_rows(mine, list(enumerate(rows, start=1)), desk)
            told: list[tuple[Told, Told | None]] = [
                (intake_model.tell(each), each.representative and intake_model.tell(each.representative))
                for each in receipts
            ]
            assert told == model.settle_whole(theirs, rows, desk)


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
SEARCH = settings(max_examples=60, deadline=None, suppress_health_check=QUIET, database=None, phases=[Phase.generate])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("defect", [None, "may_reach", "says_now"])
def test_whom_rows_reach_is_whom_they_reach_one_by_one(
    database_url: str, tmp_path: Path, defect: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    @settings(SEARCH, derandomize=defect is not None)
    @given(steps)
    def search(given: list[Step]) -> None:
        compare(ours, models, given)

    with (
        migrated_database(database_url) as ours,
        migrated_database(f"sqlite:///{tmp_path / 'model.sqlite'}") as models,
    ):
        for database in (ours, models):
            with database.transaction() as session:
                register_departments(session, CATALOGUE)
        if defect is None:
            search()
            return
        monkeypatch.setattr(KnownFact, defect, lambda *_: True)
        with pytest.raises(AssertionError):
            search()
