"""Where a draft stands, and what it still lacks before it may be announced.

What is kept is whether a draft is open, and how it ended; the rest follows from its checks, from its impact and from
the day, so that nothing has to be written when a day begins.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from backend.clock import today
from backend.storage.editions import find_deadline
from backend.web.problems import ProblemCode


class Kept(StrEnum):
    """What the row of a draft says."""

    OPEN = "open"
    ANNOUNCED = "announced"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class State(StrEnum):
    """Where a draft stands: on its way (draft, checked, measured), announced and what follows, or ended before."""

    DRAFT = "draft"
    CHECKED = "checked"
    MEASURED = "measured"
    ANNOUNCED = "announced"
    IN_FORCE = "in_force"
    RETIRED = "retired"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Lack(StrEnum):
    """What stands between an open draft and its announcement, other than the second person."""

    CHECK = "check"
    SOUNDNESS = "soundness"
    CHECK_AGAINST_PRESENT = "check_against_present"
    IMPACT = "impact"
    IMPACT_OF_THIS_DRAFT = "impact_of_this_draft"
    IMPACT_AGAINST_PRESENT = "impact_against_present"
    IMPACT_ON_TODAY = "impact_on_today"
    DAY_AHEAD = "day_ahead"
    DAY_FREE = "day_free"


REFUSALS: Mapping[Lack, ProblemCode] = MappingProxyType(
    {
        Lack.CHECK: ProblemCode.DRAFT_NOT_CHECKED,
        Lack.SOUNDNESS: ProblemCode.DRAFT_NOT_SOUND,
        Lack.CHECK_AGAINST_PRESENT: ProblemCode.CHECK_OUTDATED,
        Lack.IMPACT: ProblemCode.IMPACT_MISSING,
        Lack.IMPACT_OF_THIS_DRAFT: ProblemCode.IMPACT_OF_OTHER_DRAFT,
        Lack.IMPACT_AGAINST_PRESENT: ProblemCode.IMPACT_OF_OTHER_RULES,
        Lack.IMPACT_ON_TODAY: ProblemCode.IMPACT_OF_OTHER_DAY,
        Lack.DAY_AHEAD: ProblemCode.EDITION_DAY_TOO_NEAR,
        Lack.DAY_FREE: ProblemCode.EDITION_DAY_TAKEN,
    }
)


class Checked(NamedTuple):
    """What is known of the last check of a draft: of which documents, beside which editions, and its outcome."""

    digest: str
    standing: str
    is_sound: bool
    effective_on: date | None


class Measured(NamedTuple):
    """What is known of the last impact of a draft; `compared` are the digests of each pair, the former one first.

    `of_digest` are the documents that it was made of, `standing` are the editions around them, `as_of` is the day of
    the figures, and `known_at` the moment at which the export of the files began. Which files of that day they were is
    not compared: a second export on the same day leaves a report good.
    """

    of_digest: str
    standing: str
    compared: Sequence[tuple[str | None, str]]
    as_of: date
    known_at: datetime


class Wanted(NamedTuple):
    """What an impact must be about: the documents, the editions around, and the pairs to compare."""

    digest: str
    standing: str
    compared: Sequence[tuple[str | None, str]]
    is_day_free: bool


def find_lacks(
    wanted: Wanted, checked: Checked | None, measured: Measured | None, *, now: datetime
) -> tuple[Lack, ...]:
    """Name all that a draft lacks before a second person may announce it, in the order in which to mend it."""
    return (*_find_check_lacks(wanted, checked, now), *_find_impact_lacks(wanted, measured, now))


def _find_check_lacks(wanted: Wanted, checked: Checked | None, now: datetime) -> list[Lack]:
    if checked is None or checked.digest != wanted.digest:
        return [Lack.CHECK]
    if not checked.is_sound or checked.effective_on is None:
        return [Lack.SOUNDNESS]
    lacks = {
        Lack.CHECK_AGAINST_PRESENT: checked.standing != wanted.standing,
        Lack.DAY_AHEAD: not is_ahead(checked.effective_on, now),
        Lack.DAY_FREE: not wanted.is_day_free,
    }
    return [lack for lack, is_lacking in lacks.items() if is_lacking]


def _find_impact_lacks(wanted: Wanted, measured: Measured | None, now: datetime) -> list[Lack]:
    if measured is None:
        return [Lack.IMPACT]
    made = {new for _, new in measured.compared}
    lacks = {
        Lack.IMPACT_OF_THIS_DRAFT: measured.of_digest != wanted.digest or made != {new for _, new in wanted.compared},
        Lack.IMPACT_AGAINST_PRESENT: (
            measured.standing != wanted.standing
            or {old for old, _ in measured.compared} != {old for old, _ in wanted.compared}
        ),
        Lack.IMPACT_ON_TODAY: {measured.as_of, today(measured.known_at)} != {today(now)},
    }
    return [lack for lack, is_lacking in lacks.items() if is_lacking]


def is_ahead(effective_on: date, now: datetime) -> bool:
    """Tell whether there is still time to announce or withdraw what takes effect on a day."""
    return now < find_deadline(effective_on)


class Follower(NamedTuple):
    """The edition that takes the place of another one; `restores` says that it takes a change back."""

    effective_on: date
    restores: bool


def find_state(
    kept: Kept, lacks: Sequence[Lack], *, effective_on: date | None, follower: Follower | None, day: date
) -> State:
    """Find where a draft stands on a day of the city, seen from the edition that follows it, if one does."""
    if kept is Kept.OPEN:
        return _find_open_state(lacks)
    if kept is not Kept.ANNOUNCED or effective_on is None:
        return State(kept.value)
    if day < effective_on:
        return State.ANNOUNCED
    if follower is None or day < follower.effective_on:
        return State.IN_FORCE
    return State.ROLLED_BACK if follower.restores else State.RETIRED


def _find_open_state(lacks: Sequence[Lack]) -> State:
    if {Lack.CHECK, Lack.SOUNDNESS, Lack.CHECK_AGAINST_PRESENT} & set(lacks):
        return State.DRAFT
    unmeasured = {Lack.IMPACT, Lack.IMPACT_OF_THIS_DRAFT, Lack.IMPACT_AGAINST_PRESENT, Lack.IMPACT_ON_TODAY}
    return State.CHECKED if unmeasured & set(lacks) else State.MEASURED
