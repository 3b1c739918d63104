"""What was used away from home, as other cities report it; later words win, in whatever order they come.

A partner can report what never happened, about people of whom it was told something. So a use has to fit what was told,
in its time, and no answer has more of them than anybody could need.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.disclosures.tables import (
    KEPT_FOR,
    DisclosureRow,
    UsedAwayRow,
    count_uses,
    find_disclosed,
    find_use,
    list_uses,
    put_use,
)
from backend.disclosures.telling import read_moment
from backend.gateways.message_signatures import CLOCK_SKEW
from backend.grants.grant import GrantState
from backend.partners.protocol import MOST_USES
from backend.partners.shown_texts import LONGEST_SHOWN, is_plain_text
from backend.partners.treaties import AgreedTreaty, find_version
from backend.people.tables import lock_subject
from backend.web.problems import ProblemCode, Refusal
from scenarios.treaty import Scope, TreatyPurpose, partner_of

_TEXTS = ("scenario", "title", "place", "state")
# The moment of a use is by the clock of the host, which may have been wrong for a while; hours do no harm.
CLOCK_WRONG_BY = timedelta(days=1)
# What was withdrawn is given on until the host hears of it, which should take a minute.
HEARD_OF_WITHIN = timedelta(days=1)
# A hire waits a day to be begun, runs for a year and is let go after ninety days overdue: the longest of any scenario
# that we know. One of which we hear first when it is older than that was not begun by what was told.
LONGEST_HIRE = timedelta(days=1 + 366 + 90)


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
    nothing that we told, or that cannot rest on it by its time, or that is known to belong to another question, is
    confirmed and dropped. Refusals: `question_refused` for a content that cannot be read and for a use too many of its
    answer, `notice_from_ahead` for what is yet to be.
    """
    try:
        values = _read_use(content)
    except (KeyError, ValueError, TypeError):
        return Refusal(ProblemCode.QUESTION_REFUSED)
    if values["happened_at"] > now + CLOCK_SKEW:
        return Refusal(ProblemCode.NOTICE_FROM_AHEAD)
    question_id = values["question_id"]
    subject_id = find_disclosed(session, partner, question_id)
    if subject_id is None:
        return {"known": False}
    lock_subject(session, subject_id)  # uses are counted one at a time, and what was told ends one way or the other
    told = session.get(DisclosureRow, (subject_id, question_id))
    known = find_use(session, subject_id, values["use_id"])
    if told is None or not _could_be_used(session, told, known, values):
        return {"known": False}
    if known is None and count_uses(session, subject_id, partner=partner, question_id=question_id) >= MOST_USES:
        return Refusal(ProblemCode.QUESTION_REFUSED)
    put_use(session, {**values, "subject_id": subject_id, "partner": partner, "reported_at": now})
    return {"known": True}


def list_my_uses(
    session: Session, subject_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[UsedAway]:
    """List at most `limit` uses away of a person, the latest first; only those before a moment and id."""
    return [_show(row) for row in list_uses(session, subject_id, before=before, limit=limit)]


def _read_use(content: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: content[name] for name in _TEXTS}
    if not all(isinstance(text, str) and is_plain_text(text) for text in texts.values()):
        raise ValueError(f"{', '.join(_TEXTS)} are plain texts of at most {LONGEST_SHOWN} characters, without a link")
    step, happened_at = content["step"], read_moment(content["happened_at"])
    if not isinstance(step, int) or not 0 < step < 2**31 or happened_at.tzinfo is None:
        raise ValueError("step is a whole number from 1, happened_at an aware moment")
    GrantState(texts["state"])  # a ValueError for any other
    ids = {name: UUID(content[name]) for name in ("question_id", "use_id")}
    return {**texts, **ids, "step": step, "happened_at": happened_at}


def _could_be_used(session: Session, told: DisclosureRow, known: UsedAwayRow | None, use: Mapping[str, Any]) -> bool:
    """Tell whether a use can rest on what was told: by its scenario, told or of the treaty, and by its time.

    One that is known stays with the question that it was reported by first.
    """
    agreed = find_version(session, told.treaty_id, told.treaty_version)
    if told.purpose != TreatyPurpose.BENEFIT or agreed is None:
        return False
    if known is not None and (known.partner, known.question_id) != (told.partner, told.question_id):
        return False
    if told.scope == Scope.ENTITLEMENT:
        has_scenario = use["scenario"] in told.scenarios["rests_on"]
    else:
        home = partner_of(agreed.treaty, told.partner)
        has_scenario = use["scenario"] in agreed.treaty.list_scenarios(home=home, host=told.partner)
    return has_scenario and _fits_in_time(told, agreed, use, is_known=known is not None)


def _fits_in_time(told: DisclosureRow, agreed: AgreedTreaty, use: Mapping[str, Any], *, is_known: bool) -> bool:
    """Tell whether something can have happened by what was told: it begins before the end of that, and may last long.

    Where it was put right before its end, it may have been used until the end that it had, as far as the treaty goes;
    where it was ended, until the host must have heard of it. What was not seen to begin cannot be older than a hire.
    """
    last = told.until if told.corrected_at is None else max(told.until, told.told_at + agreed.treaty.data_life)
    if told.ended_at is not None:
        last = min(last, told.ended_at + HEARD_OF_WITHIN)
    if use["step"] > 1 and use["state"] != GrantState.RESERVED:
        last += KEPT_FOR if is_known else LONGEST_HIRE
    happened_at: datetime = use["happened_at"]
    return told.told_at - CLOCK_WRONG_BY <= happened_at <= last


def _show(row: UsedAwayRow) -> UsedAway:
    return UsedAway(*(getattr(row, name) for name in UsedAway._fields))
