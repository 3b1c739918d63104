"""The editions that stand: those that ship, and those that were announced and not withdrawn, as the database has them.

What is decided is decided by these, read in the transaction of the decision, and never by what a node has in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.gateways.published_editions import load_published, takes_back
from backend.governance.documents import Kind, KnownEdition, digest_documents, in_force_on
from backend.governance.states import Follower
from scenarios.catalogue import ScenarioCatalogue
from scoring.rulebook import Rulebook


class Beside(NamedTuple):
    """What stands together on a day: an edition of the kind of a draft, and one of the other kind; None for neither."""

    former: KnownEdition | None
    other: KnownEdition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All editions of a city that stand, of both kinds; `digest` changes with any of them.

    `restored` gives, by kind and day of those that bring a former edition back, the day of that one.
    """

    city: str
    editions: tuple[KnownEdition, ...]
    digest: str
    restored: Mapping[tuple[Kind, date], date] = field(default_factory=dict)

    def list_beside(self, kind: Kind, day: date, effective_on: date) -> tuple[Beside, ...]:
        """List what a draft of `effective_on` must be compared with: all that stands together from a day on.

        Of its own kind those before it, of the other also what begins later, because the draft will stand beside it:
        one for the day itself, and one for each day after it on which any of them begins.
        """
        others = [each for each in self.editions if each.kind is not kind or each.effective_on < effective_on]
        days = {day, *(each.effective_on for each in others if each.effective_on > day)}
        return tuple(_find_beside(others, kind, each) for each in sorted(days))

    def find_beside(self, kind: Kind, day: date) -> Beside:
        """Find what stands together on a day, seen from a draft of a kind."""
        return _find_beside(self.editions, kind, day)

    def find_follower(self, kind: Kind, effective_on: date) -> Follower | None:
        """Find the edition that takes, or took, the place of that of a day, and whether it takes it back."""
        later = [each.effective_on for each in self.editions if each.kind is kind and each.effective_on > effective_on]
        if not later:
            return None
        next_on = min(later)
        return Follower(next_on, takes_back(self.restored.get((kind, next_on)), effective_on))

    def find_last_day(self, kind: Kind) -> date | None:
        """Give the day of the last edition of a kind; a further one takes effect after it. None where there is none."""
        return max((each.effective_on for each in self.editions if each.kind is kind), default=None)

    def find_edition(self, kind: Kind, effective_on: date) -> KnownEdition | None:
        """Find the edition of a kind that took or takes effect on a day."""
        found = [each for each in self.editions if each.kind is kind and each.effective_on == effective_on]
        return found[0] if found else None


def load_standing(session: Session, city: str) -> Standing:
    """Load what stands now, as this transaction sees it; raises DocumentError where an edition cannot be read."""
    published = load_published(session, city)
    editions: list[KnownEdition] = []
    contents: Sequence[Rulebook | ScenarioCatalogue] = (*published.rules.editions, *published.benefits.editions)
    for content in contents:
        kind = Kind.RULEBOOK if isinstance(content, Rulebook) else Kind.SCENARIOS
        documents = published.documents[kind, content.effective_on]
        editions.append(KnownEdition(content=content, digest=digest_documents(kind, documents), documents=documents))
    restored = {
        (edition.kind, edition.effective_on): edition.announcement.restores_on
        for edition, _ in published.announced
        if edition.withdrawn_at is None and edition.announcement and edition.announcement.restores_on
    }
    return Standing(city=city, editions=tuple(editions), digest=_digest(editions), restored=restored)


def _find_beside(editions: Sequence[KnownEdition], kind: Kind, day: date) -> Beside:
    (other,) = (each for each in Kind if each is not kind)
    return Beside(in_force_on(editions, kind, day), in_force_on(editions, other, day))


def _digest(editions: Sequence[KnownEdition]) -> str:
    lines = [f"{each.kind} {each.effective_on} {each.digest}" for each in editions]
    return sha256("\n".join(lines).encode()).hexdigest()
