"""From what is kept about somebody to the `Person` that the scenarios decide about.

The score is served from what was kept while that is right, and computed the moment it is not, as everywhere.
"""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.situation_tables import KnownPerson, find_known_person
from backend.clock import today
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import IdentityFault, read_resident_id
from backend.people.standing import IDENTITY_FIELD
from backend.scores.current import Basis, compute_score, is_right, name_rules
from backend.scores.tables import NewScore
from backend.web.problems import Refusal
from scenarios.catalogue import ScenarioCatalogue
from scenarios.decision import Person, list_standing


def find_person(
    session: Session,
    subject_id: UUID,
    *,
    catalogue: ScenarioCatalogue,
    rules: CityRules,
    sealer: Sealer,
    now: datetime,
) -> Person | None:
    """Find what the scenarios need to know of a person today; None for whoever has no score, for whatever reason.

    Raises SealError when the identity number, which tells the age, cannot be opened.
    """
    known = find_known_person(session, subject_id)
    if known is None:
        return None
    found = make_person(session, known, catalogue=catalogue, rules=rules, sealer=sealer, now=now)
    return found.person if found.has_score else None


def find_visitor(
    session: Session,
    subject_id: UUID,
    *,
    catalogue: ScenarioCatalogue,
    rules: CityRules,
    sealer: Sealer,
    now: datetime,
) -> Person | None:
    """Find the same of somebody whom only a home city vouches for: a stand-in for the score, and the age.

    None for an unknown subject, and for one in doubt. Raises SealError as `find_person`.
    """
    known = find_known_person(session, subject_id)
    if known is None or known.in_doubt:
        return None
    return make_person(session, known, catalogue=catalogue, rules=rules, sealer=sealer, now=now).person


class Found(NamedTuple):
    """A person, and whether there is a score at all; of whoever has none, `person` has that of a stand-in."""

    person: Person
    has_score: bool


def make_person(
    session: Session,
    known: KnownPerson,
    *,
    catalogue: ScenarioCatalogue,
    rules: CityRules,
    sealer: Sealer,
    now: datetime,
    computes: bool = True,
) -> Found:
    """Make of what was read of somebody what the scenarios need to know.

    Without `computes` whoever has no score that was kept right counts as somebody who has none.
    It is the same work for whoever has a score that was kept and for whoever has none: the number is opened whether or
    not the age will matter, and a stand-in is weighed like a score.
    """
    found = make_kept_person(known, catalogue=catalogue, rules=rules, sealer=sealer, now=now)
    if found is not None:
        return found
    if not computes:
        return Found(_make_person(known, known.kept, catalogue, sealer, now), has_score=False)
    computed = compute_score(session, known.subject_id, rules=rules, sealer=sealer, now=now)
    score, has_score = (known.kept, False) if isinstance(computed, Refusal) else (computed, True)
    return Found(_make_person(known, score, catalogue, sealer, now), has_score)


def make_kept_person(
    known: KnownPerson, *, catalogue: ScenarioCatalogue, rules: CityRules, sealer: Sealer, now: datetime
) -> Found | None:
    """Make the same of what was read alone; None where that does not tell the score, and it has to be computed."""
    day = today(now)
    basis = Basis(known.facts_version, today(known.opened_at), name_rules(rules.rulebook_on(day)))
    serves = is_right(known.kept, basis, day)
    has_score = known.is_enrolled and not known.in_doubt
    if has_score and not (serves and known.has_kept):
        return None
    return Found(_make_person(known, known.kept, catalogue, sealer, now), has_score)


def _make_person(
    known: KnownPerson, score: NewScore, catalogue: ScenarioCatalogue, sealer: Sealer, now: datetime
) -> Person:
    return Person(
        level=score.level or next(reversed(catalogue.levels), None),
        points=score.points,
        incentives_suspended=score.payload["incentives_suspended"],
        born_on=_find_birth(known, sealer, today(now)),
        lists=list_standing(catalogue, score.payload["in_force"]),
    )


def _find_birth(known: KnownPerson, sealer: Sealer, day: date) -> date | None:
    number = sealer.open(known.identity_sealed, subject_id=known.subject_id, field=IDENTITY_FIELD)
    resident = read_resident_id(number, today=day)
    # A number that cannot be read now was readable when it was sealed, so only the clock can have gone back.
    return None if isinstance(resident, IdentityFault) else resident.born_on
