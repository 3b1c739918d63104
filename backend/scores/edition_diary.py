"""The diary of editions: which rules or scenarios are announced, in force, retired or withdrawn, and since when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from backend.gateways.published_editions import Published
from backend.storage.editions import Edition, EditionKind
from scenarios.catalogue import ScenarioCatalogue
from scoring.rulebook import Rulebook


class EditionState(StrEnum):
    """Where an edition stands on a day; a withdrawn one was announced, and never in force."""

    ANNOUNCED = "announced"
    IN_FORCE = "in_force"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedEdition:
    """An edition with its time. `content` is None for a withdrawn one that cannot be read without others that were.

    `until` is the day on which the next one takes effect, None where none does. What ships with a release was announced
    by its publication: it has no `announced_at`. `former` is what it follows, and what its changes are told against.
    """

    version: str
    effective_on: date
    until: date | None
    state: EditionState
    announced_at: datetime | None
    withdrawn_at: datetime | None
    content: Rulebook | ScenarioCatalogue | None
    former: Rulebook | ScenarioCatalogue | None


def list_dated_editions(published: Published, kind: EditionKind, day: date) -> tuple[DatedEdition, ...]:
    """List all editions of a kind as they stand on a day, the latest first; of one day the withdrawn ones first."""
    dated = [*_list_withdrawn(published, kind), *_list_standing(published, kind, day)]
    dated.sort(key=lambda each: each.effective_on, reverse=True)
    return tuple(dated)


def find_dated_edition(published: Published, kind: EditionKind, effective_on: date, day: date) -> DatedEdition | None:
    """Find the edition of a kind that took or takes effect on a day, as it stands on another; None where none does."""
    for dated in _list_standing(published, kind, day):
        if dated.effective_on == effective_on:
            return dated
    return None


def _list_contents(published: Published, kind: EditionKind) -> tuple[Rulebook | ScenarioCatalogue, ...]:
    return published.rules.editions if kind is EditionKind.RULEBOOK else published.benefits.editions


def _list_standing(published: Published, kind: EditionKind, day: date) -> Iterator[DatedEdition]:
    contents = _list_contents(published, kind)
    announced = {
        each.edition.effective_on: each.edition.announced_at
        for each in published.announced
        if each.edition.kind is kind and each.edition.withdrawn_at is None
    }
    for former, content, follower in zip((None, *contents), contents, (*contents[1:], None), strict=False):
        until = None if follower is None else follower.effective_on
        yield DatedEdition(
            version=content.version,
            effective_on=content.effective_on,
            until=until,
            state=_find_state(content.effective_on, until, day),
            announced_at=announced.get(content.effective_on),
            withdrawn_at=None,
            content=content,
            former=former,
        )


def _list_withdrawn(published: Published, kind: EditionKind) -> Iterator[DatedEdition]:
    for edition, content in published.announced:
        if edition.kind is kind and edition.withdrawn_at is not None:
            yield DatedEdition(
                version=edition.version,
                effective_on=edition.effective_on,
                until=None,
                state=EditionState.WITHDRAWN,
                announced_at=edition.announced_at,
                withdrawn_at=edition.withdrawn_at,
                content=content,
                former=_find_former(published, edition),
            )


def _find_former(published: Published, edition: Edition) -> Rulebook | ScenarioCatalogue | None:
    earlier = [each for each in _list_contents(published, edition.kind) if each.effective_on < edition.effective_on]
    return earlier[-1] if earlier else None


def _find_state(effective_on: date, until: date | None, day: date) -> EditionState:
    if day < effective_on:
        return EditionState.ANNOUNCED
    return EditionState.IN_FORCE if until is None or day < until else EditionState.RETIRED
