"""The editions that stand: those that ship, and those that were announced and not withdrawn, as the database has them.

What is decided is decided by these, read in the transaction of the decision, and never by what a node has in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from sqlalchemy.orm import Session

from backend.gateways.published_editions import load_published
from backend.governance.documents import Kind, KnownEdition, digest_documents, in_force_on
from scenarios.catalogue import ScenarioCatalogue
from scoring.rulebook import Rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All editions of a city that stand, of both kinds; `digest` changes with any of them."""

    city: str
    editions: tuple[KnownEdition, ...]
    digest: str

    def list_former(self, kind: Kind, day: date, effective_on: date) -> tuple[KnownEdition | None, ...]:
        """List what a draft of `effective_on` must be compared with: what is in force on a day, and all before it.

        None stands for a city that has nothing of the kind in force yet.
        """
        between = [each for each in self.editions if each.kind is kind and day < each.effective_on < effective_on]
        return (in_force_on(self.editions, kind, day), *sorted(between, key=lambda each: each.effective_on))

    def find_last_day(self, kind: Kind) -> date | None:
        """Give the day of the last edition of a kind; a further one takes effect after it. None where there is none."""
        return max((each.effective_on for each in self.editions if each.kind is kind), default=None)

    def find_edition(self, kind: Kind, effective_on: date) -> KnownEdition | None:
        """Find the edition of a kind that took or takes effect on a day."""
        found = [each for each in self.editions if each.kind is kind and each.effective_on == effective_on]
        return found[0] if found else None

    def rulebook_on(self, day: date) -> Rulebook | None:
        """Give the rulebook in force on a day; None before the first."""
        found = in_force_on(self.editions, Kind.RULEBOOK, day)
        return None if found is None else found.rulebook

    def scenarios_on(self, day: date) -> ScenarioCatalogue | None:
        """Give the scenarios in force on a day; None where there are none."""
        found = in_force_on(self.editions, Kind.SCENARIOS, day)
        return None if found is None else found.scenarios


def load_standing(session: Session, city: str) -> Standing:
    """Load what stands now, as this transaction sees it; raises DocumentError where an edition cannot be read."""
    published = load_published(session, city)
    editions: list[KnownEdition] = []
    contents: Sequence[Rulebook | ScenarioCatalogue] = (*published.rules.editions, *published.benefits.editions)
    for content in contents:
        kind = Kind.RULEBOOK if isinstance(content, Rulebook) else Kind.SCENARIOS
        documents = published.documents[kind, content.effective_on]
        editions.append(KnownEdition(content=content, digest=digest_documents(kind, documents), documents=documents))
    return Standing(city=city, editions=tuple(editions), digest=_digest(editions))


def _digest(editions: Sequence[KnownEdition]) -> str:
    lines = [f"{each.kind} {each.effective_on} {each.digest}" for each in editions]
    return sha256("\n".join(lines).encode()).hexdigest()
