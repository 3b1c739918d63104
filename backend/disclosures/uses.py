"""What was used away from home, as other cities report it; later words win, in whatever order they come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.disclosures.tables import DisclosureRow, UsedAwayRow, find_disclosed, list_uses, put_use
from backend.disclosures.telling import read_moment
from backend.grants.grant import GrantState
from backend.partners.treaties import find_version
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Scope, TreatyPurpose, partner_of

_TEXTS = ("scenario", "title", "place", "state")
_LONGEST = 200


class UsedAway(NamedTuple):
    """A use in another city as the person sees it; `state` is that of a benefit in use there."""

    use_id: UUID
    partner: str
    question_id: UUID
    scenario: str
    title: str
    place: str
    state: str
    happened_at: datetime
    reported_at: datetime


def take_use(session: Session, partner: str, content: Mapping[str, Any], *, now: datetime) -> dict[str, Any] | Refusal:
    """Take what a partner reports of a use, and give what is confirmed: whether it belongs to an answer of ours.

    It counts once for each use and step, and a step before one that is known changes nothing. One that belongs to
    nothing that we told is confirmed and dropped. Refusal: `question_refused` for a content that cannot be read.
    """
    try:
        values = _read_use(content)
    except (KeyError, ValueError, TypeError):
        return Refusal(ProblemCode.QUESTION_REFUSED)
    subject_id = find_disclosed(session, partner, values["question_id"])
    told = None if subject_id is None else session.get(DisclosureRow, (subject_id, values["question_id"]))
    if told is None or not _could_be_used(session, told, values["scenario"]):
        return {"known": False}
    put_use(session, {**values, "subject_id": subject_id, "partner": partner, "reported_at": now})
    return {"known": True}


def list_my_uses(
    session: Session, subject_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[UsedAway]:
    """List at most `limit` uses away of a person, the latest first; only those before a moment and id."""
    return [_show(row) for row in list_uses(session, subject_id, before=before, limit=limit)]


def _read_use(content: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: content[name] for name in _TEXTS}
    if not all(isinstance(text, str) and 0 < len(text) <= _LONGEST for text in texts.values()):
        raise ValueError(f"{', '.join(_TEXTS)} are texts of at most {_LONGEST} characters")
    step, happened_at = content["step"], read_moment(content["happened_at"])
    if not isinstance(step, int) or not 0 < step < 2**31 or happened_at.tzinfo is None:
        raise ValueError("step is a whole number from 1, happened_at an aware moment")
    GrantState(texts["state"])  # a ValueError for any other
    ids = {name: UUID(content[name]) for name in ("question_id", "use_id")}
    return {**texts, **ids, "step": step, "happened_at": happened_at}


def _could_be_used(session: Session, told: DisclosureRow, scenario: str) -> bool:
    """Tell whether a scenario could be used by what was told: one that was told, or by a level what the treaty has."""
    if told.purpose != TreatyPurpose.BENEFIT:
        return False
    if told.scope == Scope.ENTITLEMENT:
        return scenario in told.scenarios["rests_on"]
    agreed = find_version(session, told.treaty_id, told.treaty_version)
    if agreed is None:
        return False
    home = partner_of(agreed.treaty, told.partner)
    return scenario in agreed.treaty.list_scenarios(home=home, host=told.partner)


def _show(row: UsedAwayRow) -> UsedAway:
    return UsedAway(*(getattr(row, name) for name in UsedAway._fields))
