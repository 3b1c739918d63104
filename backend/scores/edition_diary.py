"""The diary of editions: which rules or scenarios are announced, in force, over or withdrawn, since when, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from backend.gateways.published_editions import Published, read_withdrawn, takes_back
from backend.storage.editions import Announcement, Edition, EditionKind
from scenarios.catalogue import ScenarioCatalogue
from scoring.rulebook import Rulebook


class EditionState(StrEnum):
    """Where an edition stands on a day; a withdrawn one was announced, and never in force.

    What is over is retired, or rolled back where the one that follows brings a former one back.
    """

    ANNOUNCED = "announced"
    IN_FORCE = "in_force"
    RETIRED = "retired"
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"


class RolledBack(NamedTuple):
    """By which edition another one was rolled back, from when, to which former one, and why.

    `to_version` is None where the former one is known by its day alone.
    """

    by_version: str
    effective_on: date
    to_version: str | None
    to_effective_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedEdition:
    """An edition with its time. `content` is None for a withdrawn one that cannot be read without others that were.

    `until` is the day on which the next one takes effect, None where none does. What ships with a release was announced
    by its publication: it has no `announced_at` and no `announcement`. `former` is what it follows, and what its
    changes are told against.
    """

    version: str
    effective_on: date
    until: date | None
    state: EditionState
    announced_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_because: str | None
    announcement: Announcement | None
    rolled_back: RolledBack | None
    content: Rulebook | ScenarioCatalogue | None
    former: Rulebook | ScenarioCatalogue | None


def list_dated_editions(published: Published, kind: EditionKind, day: date) -> tuple[DatedEdition, ...]:
    """List all editions of a kind as they stand on a day, the latest first; of one day the withdrawn ones first."""
    withdrawn = [_date_withdrawn(published, each) for each in _list_withdrawn(published, kind)]
    dated = [*withdrawn, *_list_standing(published, kind, day)]
    dated.sort(key=lambda each: each.effective_on, reverse=True)
    return tuple(dated)


def find_dated_edition(
    published: Published, kind: EditionKind, effective_on: date, day: date, *, version: str | None = None
) -> DatedEdition | None:
    """Find the edition of a kind that took or takes effect on a day, as it stands on another; None where none does.

    The one that was withdrawn last where none stands for that day; with a version, only that one.
    """
    for each in _list_standing(published, kind, day):
        if each.effective_on == effective_on and version in (None, each.version):
            return each
    found = [
        each
        for each in _list_withdrawn(published, kind)
        if each.effective_on == effective_on and version in (None, each.version)
    ]
    return _date_withdrawn(published, max(found, key=_tell_withdrawal)) if found else None


def _list_contents(published: Published, kind: EditionKind) -> tuple[Rulebook | ScenarioCatalogue, ...]:
    return published.rules.editions if kind is EditionKind.RULEBOOK else published.benefits.editions


def _list_standing(published: Published, kind: EditionKind, day: date) -> Iterator[DatedEdition]:
    contents = _list_contents(published, kind)
    announced = {
        each.edition.effective_on: each.edition
        for each in published.announced
        if each.edition.kind is kind and each.edition.withdrawn_at is None
    }
    versions = {content.effective_on: content.version for content in contents}
    for former, content, follower in zip((None, *contents), contents, (*contents[1:], None), strict=False):
        until, edition = None if follower is None else follower.effective_on, announced.get(content.effective_on)
        state = _find_state(content.effective_on, until, day)
        rolled_back = None
        if state is EditionState.RETIRED and until in announced:
            rolled_back = _find_rollback(content.effective_on, announced[until], versions)
        yield DatedEdition(
            version=content.version,
            effective_on=content.effective_on,
            until=until,
            state=state if rolled_back is None else EditionState.ROLLED_BACK,
            announced_at=None if edition is None else edition.announced_at,
            withdrawn_at=None,
            withdrawn_because=None,
            announcement=None if edition is None else edition.announcement,
            rolled_back=rolled_back,
            content=content,
            former=former,
        )


def _list_withdrawn(published: Published, kind: EditionKind) -> list[Edition]:
    return [each for each, _ in published.announced if each.kind is kind and each.withdrawn_at is not None]


def _tell_withdrawal(edition: Edition) -> datetime:
    return edition.withdrawn_at or edition.announced_at


def _date_withdrawn(published: Published, edition: Edition) -> DatedEdition:
    return DatedEdition(
        version=edition.version,
        effective_on=edition.effective_on,
        until=None,
        state=EditionState.WITHDRAWN,
        announced_at=edition.announced_at,
        withdrawn_at=edition.withdrawn_at,
        withdrawn_because=edition.withdrawn_because,
        announcement=edition.announcement,
        rolled_back=None,
        content=read_withdrawn(edition, published),
        former=_find_former(published, edition),
    )


def _find_rollback(effective_on: date, follower: Edition, versions: Mapping[date, str]) -> RolledBack | None:
    """Tell how an edition was rolled back by the one that follows it; None where it was not, or was brought back."""
    told = follower.announcement
    if told is None or told.restores_on is None or not takes_back(told.restores_on, effective_on):
        return None
    return RolledBack(
        by_version=follower.version,
        effective_on=follower.effective_on,
        to_version=versions.get(told.restores_on),
        to_effective_on=told.restores_on,
        reason=told.reason,
    )


def _find_former(published: Published, edition: Edition) -> Rulebook | ScenarioCatalogue | None:
    earlier = [each for each in _list_contents(published, edition.kind) if each.effective_on < edition.effective_on]
    return earlier[-1] if earlier else None


def _find_state(effective_on: date, until: date | None, day: date) -> EditionState:
    if day < effective_on:
        return EditionState.ANNOUNCED
    return EditionState.IN_FORCE if until is None or day < until else EditionState.RETIRED
