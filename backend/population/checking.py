"""Whether kept scores are what the ledgers say: some people chosen by chance, each evaluated anew."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from uuid import UUID

from backend.clock import today
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.population.engine import Engine
from backend.scores.current import Basis, compute_score, is_right
from backend.scores.tables import NewScore, find_kept_score
from backend.storage.database import Database
from backend.web.problems import Refusal


@dataclass(frozen=True, slots=True)
class Difference:
    """A kept score that is right by its basis, and not what `evaluate` gives; `names` are what differs of it."""

    subject_id: UUID
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """How many were looked at, how many of them have no kept score that holds, and those that differ."""

    people: int
    without: int
    differences: tuple[Difference, ...]


def check_scores(
    database: Database, engine: Engine, number: int, *, rules: CityRules, sealer: Sealer, now: datetime
) -> Checked:
    """Compare the kept scores of `number` people of the files, chosen by chance, with `evaluate` over their ledgers."""
    chosen = _choose(engine, number)
    found = [_compare(database, each, rules=rules, sealer=sealer, now=now) for each in chosen]
    differences = tuple(Difference(each, names) for each, names in zip(chosen, found, strict=True) if names)
    return Checked(len(chosen), found.count(None), differences)


def _choose(engine: Engine, number: int) -> list[UUID]:
    engine.look_at(*range(engine.files.parts))
    scored = "(SELECT subject_id FROM subjects WHERE since IS NOT NULL)"
    rows = engine.connection.execute(f"SELECT subject_id FROM {scored} USING SAMPLE reservoir({number:d} ROWS)")  # noqa: S608 - a number
    return [UUID(subject_id) for (subject_id,) in rows.fetchall()]


def _compare(
    database: Database, subject_id: UUID, *, rules: CityRules, sealer: Sealer, now: datetime
) -> tuple[str, ...] | None:
    """Name what differs; None where no score is kept that a reader would take."""
    kept = find_kept_score(database, subject_id)
    with database.reading() as session:
        found = compute_score(session, subject_id, rules=rules, sealer=sealer, now=now)
    if kept is None or isinstance(found, Refusal):
        return None
    if not is_right(kept.score, Basis(found.facts_version, found.since, found.rules_digest), today(now)):
        return None
    # Kept on an earlier day, and unchanged since.
    as_of_then = replace(found, computed_on=kept.score.computed_on)
    names = (each.name for each in fields(NewScore))
    return tuple(name for name in names if getattr(as_of_then, name) != getattr(kept.score, name))
