"""The current score: served from what was kept while that is right, computed anew the moment it is not.

What was kept is right while the facts, the account, the rulebook and the day are those it was computed for. All of
them are compared at every read, so that nothing ever needs to be invalidated and no answer can be older than a
correction it follows.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.people.standing import find_standing
from backend.people.tables import lock_subject
from backend.records.tables import read_facts_version
from backend.scores.facts import read_facts
from backend.scores.tables import NewScore, find_kept_score, keep_score
from backend.storage.database import Database, StorageUnavailableError
from backend.web.problems import ProblemCode, Refusal
from scoring.evaluation import ENGINE, evaluate
from scoring.rulebook import Rulebook
from scoring.statement import Reason, Score

# Raise it when more is kept of a score: what was kept before is computed anew.
KEPT_FORM = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentScore:
    """Today's score in short. `changes_on`: the first later day on which it may change by itself.

    `rules_change_on` is the day on which the next edition of the rulebook takes effect, None where none is announced.
    """

    points: int
    level: str
    dimensions: dict[str, int]
    incentives_suspended: bool
    as_of: date
    changes_on: date | None
    rules_change_on: date | None
    rulebook: Rulebook


def read_current_score(
    database: Database, subject_id: UUID, *, rules: CityRules, sealer: Sealer, now: datetime
) -> CurrentScore | Refusal:
    """Read today's score of a person; a Refusal says why there is none.

    A score that had to be computed is kept in a short transaction of its own, after the reading one has ended.
    """
    day = today(now)
    rulebook = rules.rulebook_on(day)
    kept = find_kept_score(database, subject_id)
    if kept is not None:
        basis = Basis(kept.facts_version, today(kept.opened_at), name_rules(rulebook))
        if is_right(kept.score, basis, day):
            return _shorten(kept.score, rules, day)
    with database.reading() as session:
        found = compute_score(session, subject_id, rules=rules, sealer=sealer, now=now)
    if isinstance(found, Refusal):
        return found
    # Keeping saves work and nothing else: the answer is there, so nobody waits for a busy writer.
    with suppress(StorageUnavailableError), database.transaction(patient=False) as session:
        _keep_if_enrolled(session, subject_id, found, sealer=sealer, now=now)
    return _shorten(found, rules, day)


def _keep_if_enrolled(session: Session, subject_id: UUID, score: NewScore, *, sealer: Sealer, now: datetime) -> None:
    """Keep a score unless its account was closed meanwhile; holds the subject, so that it cannot be closed now."""
    lock_subject(session, subject_id)
    if find_standing(session, subject_id, sealer=sealer, now=now).since == score.since:
        keep_score(session, subject_id, score, now=now)


def compute_score(
    session: Session, subject_id: UUID, *, rules: CityRules, sealer: Sealer, now: datetime
) -> NewScore | Refusal:
    """Compute today's score of a person from the ledger, as it would be kept; a Refusal says why there is none."""
    facts_version = read_facts_version(session, subject_id)
    if facts_version is None:
        return Refusal(ProblemCode.NOT_ENROLLED)
    facts = read_facts(session, subject_id, rules=rules, sealer=sealer, now=now)
    if isinstance(facts, Refusal):
        return facts
    score = evaluate(facts.records, facts.rulebook, as_of=facts.today, known_at=facts.known_at, since=facts.since)
    return _to_keep(score, Basis(facts_version, facts.since, name_rules(facts.rulebook)))


def name_rules(rulebook: Rulebook) -> str:
    """Name exactly what computes a score: the engine, the form in which it is kept, and the content of the rulebook."""
    return f"{ENGINE}.{KEPT_FORM}:{rulebook.digest}"


class Basis(NamedTuple):
    """What a score was computed from: how much was known, since when the account is open, by which rules exactly."""

    facts_version: int
    since: date
    rules_digest: str


def is_right(kept: NewScore, basis: Basis, day: date) -> bool:
    """Tell whether a kept score still holds: the same basis, and no day passed on which it changes."""
    return (
        Basis(kept.facts_version, kept.since, kept.rules_digest) == basis
        and kept.computed_on <= day
        and (kept.changes_on is None or day < kept.changes_on)
    )


def _to_keep(score: Score, basis: Basis) -> NewScore:
    return NewScore(
        **basis._asdict(),
        computed_on=score.as_of,
        changes_on=score.changes_on,
        points=score.points,
        level=score.level.code,
        payload={
            "dimensions": dict(score.dimensions),
            "incentives_suspended": score.incentives_suspended,
            "in_force": list_in_force(score),
        },
    )


def list_in_force(score: Score) -> list[str]:
    """List the indicators of which a record is in force, in order: they say on which lists a person stands.

    Records that stand back behind another about the same act are in force; one that waits for the decision about an
    objection is not. It holds for as long as the score does: the day on which a record lapses is a day of change.
    """
    counted = {line.record.indicator for line in score.lines if line.record is not None}
    behind = {
        each.record.indicator
        for each in score.uncounted
        if each.reason is Reason.SAME_ACT and (each.lapses_on is None or score.as_of < each.lapses_on)
    }
    return sorted(counted | behind)


def _shorten(kept: NewScore, rules: CityRules, day: date) -> CurrentScore:
    rules_change_on = min((each.effective_on for each in rules.editions if each.effective_on > day), default=None)
    return CurrentScore(
        points=kept.points,
        level=kept.level,
        dimensions=kept.payload["dimensions"],
        incentives_suspended=kept.payload["incentives_suspended"],
        as_of=day,
        changes_on=min(filter(None, (kept.changes_on, rules_change_on)), default=None),
        rules_change_on=rules_change_on,
        rulebook=rules.rulebook_on(day),
    )
