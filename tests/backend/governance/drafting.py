"""An office that drafts rules for Zhengzhou: officers, a clock, files of the city without anybody in them.

What measures stands in for the engine, whose figures are tested elsewhere; who compares what with what is real.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa

from backend.clock import FixedClock, today
from backend.gateways.published_editions import ShippedEditions, read_shipped
from backend.gateways.rulebook_files import find_city_folder, read_document
from backend.gateways.scenario_files import find_scenario_folder
from backend.governance.checks import run_check
from backend.governance.deciding import approve_draft, reject_draft, withdraw_draft
from backend.governance.diary import Officer
from backend.governance.documents import NAMES, Documents, Kind
from backend.governance.draft_views import Draft, WholeDraft
from backend.governance.drafts import NewDraft, NewRevision, create_draft, read_draft, revise_draft
from backend.governance.impacts import ask_impact
from backend.governance.measuring import Comparison, MeasuringDesk, Outcome, measure_draft
from backend.governance.rollbacks import NewRollback, date_anew, draft_rollback
from backend.governance.standing import load_standing
from backend.impact.figures import Edition, Impact, Totals
from backend.population.city_files import CityFiles, begin_files, files_step
from backend.population.city_files import Kind as FileKind
from backend.population.columns import SCHEMAS, write_rows
from backend.storage.database import Database
from backend.web.problems import Refusal
from scenarios.catalogue import ScenarioCatalogue
from scoring.rulebook import Rulebook

CITY = "zhengzhou"
SHIPPED: ShippedEditions = read_shipped(CITY)
SHIPPED_ON = "2026-01-01"
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)  # noon in the city
WANG, LI, ZHAO = Officer("wang"), Officer("li"), Officer("zhao")


def read_base(kind: Kind) -> Documents:
    """The documents of the shipped edition."""
    folder = find_city_folder(CITY) if kind is Kind.RULEBOOK else find_scenario_folder(CITY)
    return {name: read_document(folder, f"{name}-{SHIPPED_ON}.toml") for name in NAMES[kind]}


BASE = {kind: read_base(kind) for kind in Kind}


def write_edition(kind: Kind, effective_on: date, version: str) -> Documents:
    """The shipped documents under another version and day."""
    made = date_anew(kind, BASE[kind], version, effective_on)
    assert made is not None
    return made


def make_impact(files: CityFiles, comparison: Comparison) -> Impact:
    """A report without any figure, of what it was asked to compare."""
    totals = Totals(**dict.fromkeys(Totals.__dataclass_fields__, 0))
    lists = [
        "levels",
        "moves",
        "points",
        "changes",
        "dimensions",
        "groupings",
        "benefits",
        "narrowed",
        "amendments",
        "rules",
    ]
    nothing: dict[str, tuple[()]] = dict.fromkeys([*lists, "samples"], ())
    return Impact(
        city=files.city,
        as_of=comparison.as_of,
        known_at=files.known_at,
        files_digest=files.digest,
        least_group=20,
        seed="0" * 16,
        with_samples=True,
        old=_name(comparison.old),
        new=_name(comparison.new),
        old_benefits=None if comparison.old_benefits is None else _name(comparison.old_benefits),
        new_benefits=None if comparison.new_benefits is None else _name(comparison.new_benefits),
        totals=totals,
        **nothing,
    )


def _name(edition: Rulebook | ScenarioCatalogue) -> Edition:
    return Edition(
        city=edition.city,
        version=edition.version,
        effective_on=edition.effective_on,
        digest=edition.digest,
        title="x",
        title_en="x",
    )


@dataclass
class Office:
    """Everything is done in a transaction of its own, as calls do it."""

    database: Database
    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    notice_days: int = 30
    losses: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def day(self) -> date:
        return today(self.now)

    @property
    def desk(self) -> MeasuringDesk:
        return MeasuringDesk(
            database=self.database, clock=self.clock, city=CITY, folder=self.folder, measure=self._make_impact
        )

    def _make_impact(self, files: CityFiles, comparison: Comparison) -> Impact:
        impact = make_impact(files, comparison)
        return replace(impact, totals=replace(impact.totals, **self.losses))

    def export(self, *, known_at: datetime | None = None, is_complete: bool = True) -> None:
        """Export the city as the nightly run does."""
        begin_files(self.folder, city=CITY)
        with files_step(self.folder) as step:
            step.keep(known_at=known_at or self.now, is_complete=is_complete)

    def add_stranger(self) -> None:
        """Put somebody into the files whom the database does not know."""
        with files_step(self.folder) as step:
            person = {"subject_no": 0, "subject_id": str(UUID(int=7)), "facts_version": 0}
            rows = [pa.Table.from_pylist([person], SCHEMAS[FileKind.SUBJECTS])]
            write_rows(FileKind.SUBJECTS, step.add(FileKind.SUBJECTS, 0), rows)
            step.keep(known_at=self.now, is_complete=True)

    def move_days(self, days: int) -> None:
        self.clock.move(timedelta(days=days))

    def draft(
        self, *, ahead: int = 10, version: str = "2027.1", kind: Kind = Kind.SCENARIOS, by: Officer = WANG
    ) -> Draft:
        documents = write_edition(kind, self.day + timedelta(days=ahead), version)
        return self.draft_documents(documents, kind=kind, by=by)

    def draft_next(self, version: str) -> Draft:
        """Draft scenarios for the day after all that stand, at least a month ahead."""
        with self.database.reading() as session:
            last_on = load_standing(session, CITY).find_last_day(Kind.SCENARIOS)
        effective_on = max(self.day + timedelta(days=30), (last_on or self.day) + timedelta(days=1))
        return self.draft(ahead=(effective_on - self.day).days, version=version)

    def draft_documents(self, documents: Documents, *, kind: Kind = Kind.SCENARIOS, by: Officer = WANG) -> Draft:
        with self.database.transaction() as session:
            new = NewDraft(kind, "x", documents, "x")
            return create_draft(session, new, by=by, city=CITY, now=self.now)

    def revise(
        self, draft: Draft, documents: Documents, *, urgency: str | None = None, by: Officer = WANG
    ) -> Draft | Refusal:
        new = NewRevision(documents, draft.digest, "x", urgency=urgency)
        with self.database.transaction() as session:
            return revise_draft(session, draft.draft_id, new, by=by, city=CITY, now=self.now)

    def check(self, draft_id: UUID, *, by: Officer = WANG) -> Draft | Refusal:
        return run_check(self.database, draft_id, by=by, city=CITY, now=self.now)

    def ask(self, draft_id: UUID, *, by: Officer = WANG) -> Draft | Refusal:
        with self.database.transaction() as session:
            return ask_impact(session, draft_id, by=by, city=CITY, now=self.now)

    def measure(self, draft_id: UUID) -> Outcome | None:
        return measure_draft(self.desk, draft_id)

    def approve(
        self, draft_id: UUID, digest: str, *, by: Officer = LI, database: Database | None = None
    ) -> Draft | Refusal:
        with (database or self.database).transaction() as session:
            return approve_draft(
                session,
                draft_id,
                digest,
                reason="x",
                by=by,
                shipped=SHIPPED,
                notice_days=self.notice_days,
                now=self.now,
            )

    def reject(self, draft_id: UUID, digest: str, *, by: Officer = LI) -> Draft | Refusal:
        with self.database.transaction() as session:
            return reject_draft(session, draft_id, digest, reason="x", by=by, city=CITY, now=self.now)

    def withdraw(self, draft_id: UUID, *, by: Officer = LI) -> Draft | Refusal:
        with self.database.transaction() as session:
            return withdraw_draft(session, draft_id, reason="撤回", by=by, shipped=SHIPPED, now=self.now)

    def roll_back(self, restores_on: date, *, ahead: int, version: str, by: Officer = WANG) -> Draft | Refusal:
        new = NewRollback(Kind.SCENARIOS, restores_on, version, self.day + timedelta(days=ahead), "x", "x")
        with self.database.transaction() as session:
            return draft_rollback(session, new, by=by, city=CITY, now=self.now)

    def read(self, draft_id: UUID) -> WholeDraft:
        with self.database.reading() as session:
            whole = read_draft(session, draft_id, city=CITY, notice_days=self.notice_days, now=self.now)
        assert isinstance(whole, WholeDraft)
        return whole

    def prepare(self, draft: Draft) -> None:
        """Check a draft and measure it on the city of today."""
        self.export()
        checked = self.check(draft.draft_id)
        assert isinstance(checked, Draft)
        assert self.read(draft.draft_id).check is not None
        self.measure(draft.draft_id)

    def announce(self, **draft: object) -> Draft:
        """Draft an edition and bring it all the way."""
        made = self.draft(**draft)  # type: ignore[arg-type]  # what `draft` takes
        self.prepare(made)
        announced = self.approve(made.draft_id, made.digest)
        assert isinstance(announced, Draft), announced
        return announced
