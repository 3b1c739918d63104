"""The documents of a draft: what they are called, their digest, and what is wrong with them.

The readers are those of the shipped editions, so that a draft that is found sound here is one that would ship.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import TypeAlias, TypeVar

from backend.gateways.published_editions import DOCUMENT_NAMES, Published, find_clashes, read_content
from backend.gateways.rulebook_files import CityRules
from backend.gateways.scenario_files import CityBenefits
from backend.governance.notices import list_notices
from backend.storage.database import write_json
from backend.storage.editions import EditionKind
from scenarios.cases import find_exercised as find_exercised_offers
from scenarios.cases import list_parts as list_parts_of_offers
from scenarios.cases import read_cases as read_offer_cases
from scenarios.cases import run_case as run_offer_case
from scenarios.catalogue import ScenarioCatalogue
from scoring.cases import find_exercised, list_parts, read_cases, run_case
from scoring.checking import find_gaps
from scoring.days import MONTHS_AHEAD, add_months
from scoring.documents import DocumentError, parse
from scoring.rulebook import Rulebook

Documents: TypeAlias = Mapping[str, str]
_Read = TypeVar("_Read")
# A draft is an edition of the same kinds, and of the same documents, as what is announced.
Kind: TypeAlias = EditionKind
NAMES = DOCUMENT_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEdition:
    """An edition that stands, shipped or announced: its documents with their digest, and what they say."""

    content: Rulebook | ScenarioCatalogue
    digest: str
    documents: Documents

    @property
    def kind(self) -> Kind:
        """Whether it is a rulebook, or a catalogue of scenarios."""
        return Kind.RULEBOOK if isinstance(self.content, Rulebook) else Kind.SCENARIOS

    @property
    def version(self) -> str:
        """The version that its documents give it."""
        return self.content.version

    @property
    def effective_on(self) -> date:
        """The day on which it takes effect."""
        return self.content.effective_on

    @property
    def rulebook(self) -> Rulebook | None:
        """The rulebook; None of scenarios."""
        return self.content if isinstance(self.content, Rulebook) else None

    @property
    def scenarios(self) -> ScenarioCatalogue | None:
        """The scenarios; None of a rulebook."""
        return self.content if isinstance(self.content, ScenarioCatalogue) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a check has found, a sentence or a name each; a draft in which nothing but notices was found is sound.

    `faults` refuse the documents; `failing` are cases that do not hold, `unexercised` the parts that no case touches,
    `gaps` what an indicator may say that no rule counts. `notices` bar no way: they say what should be meant; see
    `list_notices`.
    """

    faults: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    unexercised: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    cases: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found that bars the way."""
        return not (self.faults or self.failing or self.unexercised or self.gaps)


def digest_documents(kind: Kind, documents: Documents) -> str:
    """Give SHA-256, in hex, of the documents: a draft is what it says to the last character."""
    listed = {"kind": kind.value, "documents": dict(sorted(documents.items()))}
    return sha256(write_json(listed).encode()).hexdigest()


def read_beside(kind: Kind, documents: Documents, beside: Collection[KnownEdition], *, city: str) -> KnownEdition:
    """Read the documents of a draft, scenarios against the rulebook of `beside` that is in force on their day.

    DocumentError names every fault.
    """
    content = _guard(NAMES[kind][0], lambda: read_content(kind, documents, _put_together(beside, city).rules))
    return KnownEdition(content=content, digest=digest_documents(kind, documents), documents=documents)


def check_draft(
    kind: Kind, documents: Documents, beside: Sequence[KnownEdition], *, city: str, day: date
) -> tuple[KnownEdition | None, Findings]:
    """Check a draft as an edition of `city` beside those that stand, on a day of the city.

    Gives what was read, None where it is refused as a whole, and all that was found.
    """
    try:
        edition = read_beside(kind, documents, beside, city=city)
    except DocumentError as refused:
        return None, Findings(faults=refused.faults)
    clashes = find_clashes(_put_together([*beside, edition], city), since=edition.effective_on)
    faults = (*_find_place_faults(edition, beside, city, day), *clashes)
    notices = tuple(_find_notices(edition, beside))
    try:
        found = _run_cases(edition)
    except DocumentError as refused:
        return edition, Findings(faults=(*faults, *refused.faults), notices=notices)
    return edition, replace(found, faults=faults, notices=notices)


def in_force_on(editions: Iterable[KnownEdition], kind: Kind, day: date) -> KnownEdition | None:
    """Give the edition of a kind in force on a day; None before the first."""
    begun = [each for each in editions if each.kind is kind and each.effective_on <= day]
    return max(begun, key=lambda each: each.effective_on, default=None)


def list_in_force_from(editions: Collection[KnownEdition], kind: Kind, day: date) -> list[KnownEdition]:
    """List the editions of a kind that are in force on a day or take effect after it, the earliest first."""
    current = in_force_on(editions, kind, day)
    later = [each for each in editions if each.kind is kind and each.effective_on > day]
    return ([] if current is None else [current]) + sorted(later, key=lambda each: each.effective_on)


def _put_together(editions: Iterable[KnownEdition], city: str) -> Published:
    """Put editions together as they stand when they are announced, a later one of the same day in place of another."""
    by_day = {(each.kind, each.effective_on): each for each in editions}
    ordered = sorted(by_day.values(), key=lambda each: each.effective_on)
    return Published(
        rules=CityRules(city=city, editions=tuple(each.rulebook for each in ordered if each.rulebook)),
        benefits=CityBenefits(city=city, editions=tuple(each.scenarios for each in ordered if each.scenarios)),
        documents={place: each.documents for place, each in by_day.items()},
    )


def _find_place_faults(edition: KnownEdition, beside: Sequence[KnownEdition], city: str, day: date) -> list[str]:
    name, faults = NAMES[edition.kind][0], []
    if edition.content.city != city:
        faults.append(f"{name}: city {edition.content.city!r} is not the city that is served here, {city!r}")
    if edition.effective_on <= day:
        tomorrow = day + timedelta(days=1)
        faults.append(f"{name}: effective_on {edition.effective_on} has come; give {tomorrow} or a later day")
    latest = add_months(day, MONTHS_AHEAD)
    if edition.effective_on > latest:
        faults.append(f"{name}: effective_on {edition.effective_on} is too far ahead; give {latest} or an earlier day")
    if any(each.kind is edition.kind and each.version == edition.version for each in beside):
        faults.append(f"{name}: version {edition.version!r} stands already; give one that no edition has")
    return faults


def _find_notices(edition: KnownEdition, beside: Sequence[KnownEdition]) -> list[str]:
    if edition.rulebook is None:
        return []
    former = in_force_on(beside, Kind.RULEBOOK, edition.effective_on)
    offers = [each.scenarios for each in list_in_force_from(beside, Kind.SCENARIOS, edition.effective_on)]
    named = {code for each in offers if each is not None for listed in each.lists.values() for code in listed}
    return list_notices(edition.rulebook, None if former is None else former.rulebook, named)


def _run_cases(edition: KnownEdition) -> Findings:
    text = edition.documents["cases"]
    if isinstance(edition.content, Rulebook):
        rulebook = edition.content
        verdicts = [run_case(case, rulebook) for case in _guard("cases", lambda: read_cases(text, "cases", rulebook))]
        return Findings(
            failing=tuple(f"{each.case.name}: {'; '.join(each.faults)}" for each in verdicts if each.faults),
            unexercised=tuple(sorted(list_parts(rulebook) - find_exercised(verdicts))),
            gaps=tuple(f"{gap.indicator}: {gap.where}" for gap in find_gaps(rulebook)),
            cases=len(verdicts),
        )
    offers = edition.content
    given = _guard("cases", lambda: read_offer_cases(text, "cases", offers))
    told = [run_offer_case(case, offers) for case in given]
    return Findings(
        failing=tuple(f"{each.case.name}: {'; '.join(each.faults)}" for each in told if each.faults),
        unexercised=tuple(sorted(list_parts_of_offers(offers) - find_exercised_offers(given))),
        cases=len(told),
    )


def _guard(name: str, read: Callable[[], _Read]) -> _Read:
    """Read a document that a stranger to the parser wrote: what it cannot bear is a DocumentError, too.

    TOML nested some hundred levels deep, and whole numbers of thousands of digits, are no TOMLDecodeError.
    """
    try:
        return read()
    except DocumentError:
        raise
    except (RecursionError, ValueError, OverflowError) as fault:
        faults = [f"cannot be read ({type(fault).__name__}); nest less deeply, and write smaller numbers"]
        raise DocumentError(name, faults) from None


def list_texts(document: str) -> list[str]:
    """List the keys and texts that a TOML document says, escapes read; none where it cannot be read."""
    try:
        left: list[object] = [parse(document, "document")]
    except (ValueError, RecursionError):
        return []
    texts: list[str] = []
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str):
            texts.append(value)
    return texts
