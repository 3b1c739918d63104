"""The editions of a city: those that ship with a release, and those that it announced in its database, put together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from threading import Lock
from types import MappingProxyType
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.rulebook_files import CityRules, find_city_folder, read_city, read_document
from backend.gateways.scenario_files import CityBenefits, find_scenario_folder, list_scenario_cities, read_benefits
from backend.storage.editions import Edition, EditionKind, list_editions
from scenarios.catalogue import ScenarioCatalogue
from scenarios.scenario_document import read_scenarios
from scoring.catalogue_document import read_catalogue
from scoring.documents import DocumentError, parse
from scoring.rulebook import NoRulebookError, Rulebook
from scoring.rulebook_document import read_rulebook

_Dated = TypeVar("_Dated", Rulebook, ScenarioCatalogue)
# The documents of an edition; the one that says which edition it is stands first.
DOCUMENT_NAMES: Mapping[EditionKind, tuple[str, ...]] = MappingProxyType(
    {EditionKind.RULEBOOK: ("rulebook", "catalogue", "cases"), EditionKind.SCENARIOS: ("scenarios", "cases")}
)
# What was announced and read before, with the rulebook beside it; of what is no longer listed nothing. Documents never
# change, but what scenarios say depends on the rulebook that they are read against, and that may be withdrawn, or
# another be announced: beside any other than that very one they are read anew.
_read: dict[UUID, tuple[Rulebook | None, Rulebook | ScenarioCatalogue]] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedEditions:
    """What a release brings of a city, with the documents of its editions by kind and day."""

    rules: CityRules
    benefits: CityBenefits
    documents: Mapping[tuple[EditionKind, date], Mapping[str, str]]


class AnnouncedEdition(NamedTuple):
    """An edition of the database, and what its documents say; None of a withdrawn one (see `read_withdrawn`)."""

    edition: Edition
    content: Rulebook | ScenarioCatalogue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """All editions of a city that stand, by the day of force; `announced` are those of the database, all of them.

    `documents` are those of the editions that stand, by kind and day.
    """

    rules: CityRules
    benefits: CityBenefits
    documents: Mapping[tuple[EditionKind, date], Mapping[str, str]]
    announced: tuple[AnnouncedEdition, ...] = ()


def takes_back(restores_on: date | None, effective_on: date) -> bool:
    """Tell whether an edition that brings back that of `restores_on` takes back the one that it follows.

    None where it brings back none; and what is itself brought back is not taken back.
    """
    return restores_on not in (None, effective_on)


@lru_cache(maxsize=16)
def read_shipped(city: str) -> ShippedEditions:
    """Read what ships for a city, once: the files do not change while a process runs.

    DocumentError names every fault of the first bad file.
    """
    rules = read_city(city)
    benefits = read_benefits(city, rules)
    found = [(EditionKind.RULEBOOK, find_city_folder(city), [each.effective_on for each in rules.editions])]
    if city in list_scenario_cities():
        days = [each.effective_on for each in benefits.editions]
        found.append((EditionKind.SCENARIOS, find_scenario_folder(city), days))
    documents = {
        (kind, day): MappingProxyType(
            {name: read_document(folder, f"{name}-{day.isoformat()}.toml") for name in DOCUMENT_NAMES[kind]}
        )
        for kind, folder, days in found
        for day in days
    }
    return ShippedEditions(rules=rules, benefits=benefits, documents=MappingProxyType(documents))


def put_together(
    shipped: ShippedEditions,
    announced: Iterable[AnnouncedEdition],
    *,
    tried: tuple[Mapping[str, str], Rulebook | ScenarioCatalogue] | None = None,
) -> Published:
    """Put the editions that ship and those that were announced in one row, by their days.

    Where both have one for a day, the announced one holds: it is what the city was told, on nodes of any release.
    `tried` is one that is yet to be announced: its documents, and what they say.
    """
    every = tuple(announced)
    rules = {each.effective_on: each for each in shipped.rules.editions}
    benefits = {each.effective_on: each for each in shipped.benefits.editions}
    texts = dict(shipped.documents)
    standing = [(each.documents, content) for each, content in every if each.withdrawn_at is None]
    for documents, content in standing if tried is None else [*standing, tried]:
        if isinstance(content, Rulebook):
            rules[content.effective_on] = content
            texts[EditionKind.RULEBOOK, content.effective_on] = documents
        elif content is not None:
            benefits[content.effective_on] = content
            texts[EditionKind.SCENARIOS, content.effective_on] = documents
    return Published(
        rules=CityRules(city=shipped.rules.city, editions=tuple(rules[day] for day in sorted(rules))),
        benefits=CityBenefits(city=shipped.benefits.city, editions=tuple(benefits[day] for day in sorted(benefits))),
        documents=MappingProxyType(texts),
        announced=every,
    )


def read_announced(editions: Iterable[Edition], shipped: ShippedEditions) -> Published:
    """Read the documents of announced editions and put them beside the shipped ones; DocumentError for a bad one.

    Those that were withdrawn are listed unread. `editions` are all that there are: what was read of any other goes.
    """
    listed = sorted(editions, key=lambda each: (each.effective_on, each.announced_at))
    _forget_all_but({each.edition_id for each in listed})
    standing = [each for each in listed if each.withdrawn_at is None]
    read: dict[UUID, AnnouncedEdition] = {}
    rules = shipped.rules
    for kind in EditionKind:  # rulebooks first: scenarios are read against them
        for edition in standing:
            if edition.kind is kind:
                read[edition.edition_id] = AnnouncedEdition(edition, _read_once(edition, rules))
        rules = put_together(shipped, read.values()).rules
    return put_together(shipped, [read.get(each.edition_id, AnnouncedEdition(each, None)) for each in listed])


def read_withdrawn(edition: Edition, published: Published) -> Rulebook | ScenarioCatalogue | None:
    """Read the documents of a withdrawn edition; None where it was written for another one that does not stand."""
    try:
        return _read_once(edition, published.rules)
    except DocumentError:
        return None


def _read_once(edition: Edition, rules: CityRules) -> Rulebook | ScenarioCatalogue:
    """Read what was announced, unless it was read before beside the same rules; a DocumentError is not kept."""
    beside = None if edition.kind is EditionKind.RULEBOOK else _find_beside(rules, edition.effective_on)
    with _lock:
        known = _read.get(edition.edition_id)
    if known is not None and known[0] is beside:
        return known[1]
    content = read_content(edition.kind, edition.documents, rules)
    with _lock:
        _read[edition.edition_id] = beside, content
    return content


def _forget_all_but(listed: set[UUID]) -> None:
    with _lock:
        for gone in _read.keys() - listed:
            del _read[gone]


def _find_beside(rules: CityRules, day: date) -> Rulebook | None:
    try:
        return rules.rulebook_on(day)
    except NoRulebookError:
        return None


def load_published(session: Session, city: str) -> Published:
    """Put together all editions of a city that stand, as the database has them now; DocumentError for a bad one."""
    return read_announced(list_editions(session), read_shipped(city))


def read_content(kind: EditionKind, documents: Mapping[str, str], rules: CityRules) -> Rulebook | ScenarioCatalogue:
    """Read the documents of an edition, scenarios against the rulebook in force when they begin.

    DocumentError names every fault. Cases are not run.
    """
    names = DOCUMENT_NAMES[kind]
    if documents.keys() != set(names):
        raise DocumentError(kind.value, [f"holds {', '.join(sorted(documents))}; it takes {', '.join(names)}"])
    if kind is EditionKind.RULEBOOK:
        catalogue = read_catalogue(documents["catalogue"], "catalogue")
        return read_rulebook(documents["rulebook"], "rulebook", catalogue)
    text = documents["scenarios"]
    try:
        rulebook = rules.rulebook_on(_guess_day(text))
    except NoRulebookError as early:
        raise DocumentError("scenarios", [f"begin too early: {early}"]) from None
    return read_scenarios(text, "scenarios", rulebook)


def _guess_day(text: str) -> date:
    """Read when scenarios take effect, before anything else is known of them.

    The last day of all where they do not say; DocumentError for what is no TOML.
    """
    head = parse(text, "scenarios").get("catalogue")
    day = head.get("effective_on") if isinstance(head, Mapping) else None
    return day if type(day) is date else date.max


def find_clashes(published: Published, *, since: date) -> tuple[str, ...]:
    """Find what does not go together from a day on: each edition of scenarios with each rulebook that it stands beside.

    A sentence for each fault; nothing where all go together.
    """
    texts = {day: documents for (kind, day), documents in published.documents.items() if kind is EditionKind.SCENARIOS}
    faults: list[str] = []
    for begins, ends, scenarios in _list_spans(published.benefits.editions, since):
        for from_on, until, rulebook in _list_spans(published.rules.editions, since):
            if max(begins, from_on) >= min(ends, until) or scenarios.effective_on not in texts:
                continue
            try:
                read_scenarios(texts[scenarios.effective_on]["scenarios"], f"scenarios {scenarios.version}", rulebook)
            except DocumentError as refused:
                named = f"scenarios {scenarios.version} beside rulebook {rulebook.version}"
                faults.extend(f"{named}: {fault}" for fault in refused.faults)
    return tuple(faults)


def _list_spans(editions: Sequence[_Dated], since: date) -> Iterator[tuple[date, date, _Dated]]:
    """Give from when and until when each edition is in force, for those that are at some time from a day on."""
    for edition, follower in zip(editions, [*editions[1:], None], strict=False):  # of none at all there is no span
        until = date.max if follower is None else follower.effective_on
        if since < until:
            yield max(since, edition.effective_on), until, edition
