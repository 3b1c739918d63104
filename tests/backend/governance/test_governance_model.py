"""Drafts against a plain model: whatever several officers do in whatever order, both tell the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backend.governance.diary import Officer
from backend.governance.documents import Kind
from backend.governance.draft_views import Draft
from tests.backend.governance.drafting import LI, WANG, ZHAO, Office, write_edition

OFFICERS = (WANG, LI, ZHAO)
A_GAP = 40  # days between two examples: all that the last one announced is in force by then


@dataclass
class Paper:
    """A draft, in the plainest way. What was checked and measured is told by the revision and the world of then."""

    draft: Draft
    effective_on: date
    authors: set[Officer]
    revision: int = 1
    state: str = "open"
    checked: tuple[int, int, bool] | None = None
    measured: tuple[int, int, date] | None = None


@dataclass
class World:
    """What several officers do about two drafts; `standing` counts how often the editions that stand changed."""

    office: Office
    versions: Callable[[], str]
    papers: list[Paper] = field(default_factory=list)
    announced: list[Paper] = field(default_factory=list)
    last_standing_on: date = date.min
    standing: int = 0
    exported_on: date | None = None

    @property
    def day(self) -> date:
        return (self.office.now + timedelta(hours=8)).date()

    def do_draft(self, officer: Officer, slot: int) -> None:
        documents = write_edition(Kind.SCENARIOS, self.day + timedelta(days=1 + 4 * slot), self.versions())
        draft = self.office.draft_documents(documents, by=officer)
        self.papers.append(Paper(draft, self.day + timedelta(days=1 + 4 * slot), {officer}))

    def do_revise(self, officer: Officer, slot: int) -> None:
        paper = self._pick(slot)
        effective_on = self.day + timedelta(days=2 + 4 * slot)
        answer = self.office.revise(
            paper.draft, write_edition(Kind.SCENARIOS, effective_on, self.versions()), by=officer
        )
        assert isinstance(answer, Draft) == (paper.state == "open"), answer
        if isinstance(answer, Draft):
            paper.draft, paper.effective_on = answer, effective_on
            paper.authors.add(officer)
            paper.revision += 1

    def do_check(self, officer: Officer, slot: int) -> None:
        paper = self._pick(slot)
        answer = self.office.check(paper.draft.draft_id, by=officer)
        assert isinstance(answer, Draft) == (paper.state == "open"), answer
        paper.checked = (paper.revision, self.standing, paper.effective_on > self.day)

    def do_export(self, _: Officer, __: int) -> None:
        self.office.export()
        self.exported_on = self.day

    def do_measure(self, _: Officer, slot: int) -> None:
        paper = self._pick(slot)
        self.office.measure(paper.draft.draft_id)
        if paper.state == "open" and self.exported_on == self.day:
            paper.measured = (paper.revision, self.standing, self.day)

    def do_prepare(self, officer: Officer, slot: int) -> None:
        for step in (self.do_export, self.do_check, self.do_measure):
            step(officer, slot)

    def do_approve(self, officer: Officer, slot: int) -> None:
        paper = self._pick(slot)
        answer = self.office.approve(paper.draft.draft_id, paper.draft.digest, by=officer)
        may = self._may_be_announced(paper) and officer not in paper.authors
        assert isinstance(answer, Draft) == may, answer
        if may:
            paper.state, self.standing = "announced", self.standing + 1
            self.announced.append(paper)

    def do_reject(self, officer: Officer, slot: int) -> None:
        paper = self._pick(slot)
        answer = self.office.reject(paper.draft.draft_id, paper.draft.digest, by=officer)
        assert isinstance(answer, Draft) == (paper.state == "open"), answer
        paper.state = "rejected" if paper.state == "open" else paper.state

    def do_withdraw(self, officer: Officer, slot: int) -> None:
        paper = self._pick(slot)
        may = paper.state == "announced" and self._is_ahead(paper.effective_on)
        answer = self.office.withdraw(paper.draft.draft_id, by=officer)
        assert isinstance(answer, Draft) == may, answer
        if may:
            paper.state, self.standing = "withdrawn", self.standing + 1
            self.announced.remove(paper)

    def do_wait(self, _: Officer, slot: int) -> None:
        self.office.clock.move(timedelta(hours=(11, 25)[slot]))

    def look(self) -> None:
        """What is told of every draft is what the model has of it."""
        for paper in self.papers[-2:]:
            told = self.office.read(paper.draft.draft_id).draft
            assert told.state.value in self._name_states(paper), (told, paper)
            if paper.state == "open":
                assert (told.lacks == ()) == self._may_be_announced(paper), (told, paper)

    def _pick(self, slot: int) -> Paper:
        if not self.papers:
            self.do_draft(WANG, 0)
        return self.papers[-2:][slot % min(2, len(self.papers))]

    def _may_be_announced(self, paper: Paper) -> bool:
        last_on = max([self.last_standing_on, *(each.effective_on for each in self.announced)])
        return (
            paper.state == "open"
            and paper.checked == (paper.revision, self.standing, True)
            and paper.measured == (paper.revision, self.standing, self.day)
            and self._is_ahead(paper.effective_on)
            and paper.effective_on > last_on
        )

    def _name_states(self, paper: Paper) -> set[str]:
        if paper.state == "open":
            return {"draft", "checked", "measured"}
        if paper.state != "announced":
            return {paper.state}
        if paper.effective_on > self.day:
            return {"announced"}
        later = [each for each in self.announced if paper.effective_on < each.effective_on <= self.day]
        return {"retired"} if later else {"in_force"}

    def _is_ahead(self, day: date) -> bool:
        midnight = datetime.combine(day, datetime.min.time(), self.office.now.tzinfo) - timedelta(hours=8)
        return self.office.now < midnight - timedelta(hours=1)


ACTIONS = tuple(name for name in vars(World) if name.startswith("do_"))
STEPS = st.lists(
    st.tuples(st.sampled_from((*ACTIONS, "do_prepare", "do_approve")), st.sampled_from(OFFICERS), st.integers(0, 1)),
    max_size=14,
)
Steps = Sequence[tuple[str, Officer, int]]
ALL_THE_WAY: Steps = [("do_draft", WANG, 1), ("do_prepare", WANG, 0), ("do_approve", LI, 0)]
LONG_WAY: Steps = [*ALL_THE_WAY, ("do_withdraw", LI, 0), *ALL_THE_WAY, *[("do_wait", LI, 1)] * 6, *ALL_THE_WAY]
# Sequences in which one thing alone is missing: by the wrong person, after a revision, on another day, beside others.
MISSING: Steps = [
    *(("do_draft", WANG, 1), ("do_prepare", WANG, 0), ("do_approve", WANG, 0), ("do_revise", ZHAO, 1)),
    *(("do_approve", LI, 0), ("do_prepare", LI, 0), ("do_approve", ZHAO, 0), ("do_wait", LI, 1), ("do_approve", LI, 0)),
    *(("do_draft", WANG, 1), ("do_prepare", WANG, 0), ("do_prepare", WANG, 1), ("do_approve", LI, 0)),
    *(("do_approve", LI, 1), ("do_check", LI, 1), ("do_approve", LI, 1), ("do_measure", LI, 1), ("do_approve", LI, 1)),
]


def make_walk(office: Office) -> Callable[[Steps], None]:
    """Walks through steps, each walk later than all that was announced in the ones before."""
    numbers = count(1)

    def take(steps: Steps) -> None:
        office.move_days(A_GAP)
        world = World(office, lambda: f"2030.{next(numbers)}")
        world.do_export(WANG, 0)
        for action, officer, slot in steps:
            getattr(world, action)(officer, slot)
            world.look()

    return take


@pytest.fixture
def sqlite_walk(sqlite_office: Office) -> Callable[[Steps], None]:
    """Who decides at once on either engine is seen in `test_deciding`; the states are the same."""
    return make_walk(sqlite_office)


@pytest.fixture
def walk(office: Office) -> Callable[[Steps], None]:
    return make_walk(office)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
@example(steps=LONG_WAY)
@example(steps=MISSING)
def test_whatever_is_done_the_states_hold(sqlite_walk: Callable[[Steps], None], steps: Steps) -> None:
    sqlite_walk(steps)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_is_done_the_states_hold_for_long(walk: Callable[[Steps], None], steps: Steps) -> None:
    walk(steps)
