"""Kept scores of a whole city brought up to date from its files, some parts at a time.

It only keeps what readers would compute anyway, so that they find it. Who is behind is asked of the database anew each
time, and what was written is not behind any more: whoever is killed has nothing to clean up and nothing to remember,
and the next run goes on with what is missing. Nobody waits for it: a person whom somebody holds is left to be computed
at the next reading.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from uuid import UUID

import pyarrow as pa
from duckdb import DuckDBPyConnection

from backend.clock import today
from backend.population.engine import TOGETHER, Engine, Scoring, group_parts
from backend.population.files_of_day import check_files
from backend.population.keeping import ScoreReader
from backend.population.origin import check_origin
from backend.population.quoting import quote_name
from backend.scores.current import name_rules
from backend.scores.refresh_tables import Account, find_outdated, hold_unless_held, keep_scores
from backend.scores.tables import NewScore
from backend.storage.database import Database, StorageUnavailableError
from scoring.rulebook import Rulebook

SCORED = "scored"
PAUSES_S = (0.2, 1.0, 5.0, 20.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is done at once: rows of parts computed, people asked about in a look, scores written in a transaction.

    Who closes an account waits for such a transaction at most; on SQLite, that is whoever writes anything.
    """

    together: int = TOGETHER
    asked: int = 10_000
    written: int = 500


PACES = {"postgresql": Pace(written=2_000), "sqlite": Pace()}
Done = TypeVar("Done")
OnParts = Callable[[DuckDBPyConnection, str], None]
"""Told after some parts are computed: the connection, and its table of them, with the columns of `plan_scores`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """How far a run is: of `people` who are scored, whom it passed over, whose score it wrote, and whom it left.

    Passed over is whose kept score holds, and who is not as in the files any more: others have newer facts. Left is who
    was held, or has changed, while it wrote.
    """

    people: int
    passed_over: int = 0
    written: int = 0
    left: int = 0

    @property
    def done(self) -> int:
        """Give how many people nothing is to be done for any more."""
        return self.passed_over + self.written + self.left


Watch = Callable[[Rescored], None]


def rescore(
    database: Database,
    engine: Engine,
    rulebook: Rulebook,
    *,
    now: datetime,
    on_parts: OnParts | None = None,
    pace: Pace | None = None,
    watch: Watch | None = None,
) -> Rescored:
    """Keep the score of today of everybody in the files whose kept score is missing or not right.

    `rulebook` is that of today. With `on_parts` all parts are computed, otherwise those in which somebody is behind.
    Raises CityFilesError where the files are not complete, StorageUnavailableError where the database stays away.
    """
    return _Run(database, engine, rulebook, now, pace, watch).go(on_parts)


def count_behind(database: Database, engine: Engine, rulebook: Rulebook, *, now: datetime) -> Rescored:
    """Tell whom `rescore` would pass over; who is left would be written. Raises what it raises."""
    run = _Run(database, engine, rulebook, now)
    behind = sum(len(run.find_behind(parts)) for parts in run.groups)
    return replace(run.state, left=behind)


class _Run:
    """One run, and how far it is."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        rulebook: Rulebook,
        now: datetime,
        pace: Pace | None = None,
        watch: Watch | None = None,
    ) -> None:
        check_files(engine.files, city=rulebook.city)
        check_origin(engine.files, database)
        self._database, self._engine, self._rulebook, self._now, self._watch = database, engine, rulebook, now, watch
        self._day, self._pace = today(now), pace or PACES[database.dialect_name]
        self._reader = ScoreReader(rulebook, self._day)
        self.groups = group_parts(engine.files, self._pace.together)
        self.state = Rescored(people=_count_people(engine))

    def go(self, on_parts: OnParts | None) -> Rescored:
        """Do all parts."""
        for parts in self.groups:
            behind = self.find_behind(parts)
            if behind or on_parts is not None:
                self._compute()
            if on_parts is not None:
                on_parts(self._engine.connection, SCORED)
            for scores in self._read_scores(behind):
                self._write(scores)
        return self.state

    def find_behind(self, parts: tuple[int, ...]) -> list[int]:
        """Look at some parts, and find the numbers of their people whose kept score is missing or not right."""
        self._engine.look_at(*parts)
        rows = self._engine.connection.execute(
            "SELECT subject_id, facts_version, since, subject_no FROM subjects WHERE since IS NOT NULL"
            " ORDER BY subject_id"
        )
        rules, behind = name_rules(self._rulebook), []
        while portion := rows.fetchmany(self._pace.asked):
            accounts = [Account(UUID(row[0]), *row[1:3]) for row in portion]
            numbers = {account.subject_id: row[3] for account, row in zip(accounts, portion, strict=True)}

            def ask(accounts: list[Account] = accounts) -> list[UUID]:
                with self._database.reading() as session:
                    return find_outdated(session, accounts, rules_digest=rules, day=self._day)

            found = _insist(ask)
            behind += [numbers[subject_id] for subject_id in found]
            self._note(passed_over=len(portion) - len(found))
        return behind

    @cached_property
    def _scoring(self) -> tuple[Scoring, str]:
        """What computes scores, and the SQL: made when somebody is behind, for it takes longer than to look."""
        scoring = self._engine.prepare("rescoring", self._rulebook, self._day)
        return scoring, scoring.compile_scores()

    def _compute(self) -> None:
        """Compute the parts that are looked at."""
        scoring, scores = self._scoring
        scoring.begin()
        self._engine.connection.execute(f"CREATE OR REPLACE TEMP TABLE {SCORED} AS {scores}")

    def _read_scores(self, behind: list[int]) -> Iterator[list[tuple[UUID, NewScore]]]:
        """Read what was computed of some people, so many at once as are written at once."""
        if not behind:
            return
        connection = self._engine.connection
        connection.register("behind", pa.table({"subject_no": behind}))
        columns = ", ".join(map(quote_name, self._reader.columns))
        rows = connection.execute(
            f"SELECT {columns} FROM {SCORED} JOIN subjects USING (subject_no)"  # noqa: S608 - quoted names
            " WHERE subject_no IN (SELECT subject_no FROM behind) ORDER BY subject_id"
        )
        while portion := rows.fetchmany(self._pace.written):
            yield self._reader.read(portion)
        connection.unregister("behind")

    def _write(self, scores: list[tuple[UUID, NewScore]]) -> None:
        def write() -> int:
            with self._database.transaction() as session:
                held = hold_unless_held(session, [subject_id for subject_id, _ in scores])
                return keep_scores(session, [each for each in scores if each[0] in held], now=self._now)

        written = _insist(write)
        self._note(written=written, left=len(scores) - written)

    def _note(self, *, passed_over: int = 0, written: int = 0, left: int = 0) -> None:
        state = self.state
        self.state = replace(
            state,
            passed_over=state.passed_over + passed_over,
            written=state.written + written,
            left=state.left + left,
        )
        if self._watch is not None:
            self._watch(self.state)


def _count_people(engine: Engine) -> int:
    engine.look_at(*range(engine.files.parts))
    row = engine.connection.execute("SELECT count(*) FROM accounts").fetchone()
    return 0 if row is None else int(row[0])


def _insist(do: Callable[[], Done]) -> Done:
    """Do something, and try it anew for a while where the database is busy or away."""
    for pause_s in PAUSES_S:
        try:
            return do()
        except StorageUnavailableError:
            time.sleep(pause_s)
    return do()
