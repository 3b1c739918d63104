"""The editions of a city: those that ship with a release, and those that it announced in its database, put together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from sqlalchemy.orm import Session

from backend.gateways.rulebook_files import CityRules, read_city, read_document
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedEditions:
    """What a release brings of a city; `scenario_texts` are the documents of its scenarios by their days."""

    rules: CityRules
    benefits: CityBenefits
    scenario_texts: Mapping[date, str]


class AnnouncedEdition(NamedTuple):
    """An edition of the database, and what its documents say."""

    edition: Edition
    content: Rulebook | ScenarioCatalogue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """All editions of a city that stand, by the day of force; `announced` are those of the database, all of them.

    `scenario_texts` are the documents of the scenarios that stand, by their days.
    """

    rules: CityRules
    benefits: CityBenefits
    scenario_texts: Mapping[date, str]
    announced: tuple[AnnouncedEdition, ...] = ()


def read_shipped(city: str) -> ShippedEditions:
    """Read what ships for a city; DocumentError names every fault of the first bad file."""
    rules = read_city(city)
    benefits = read_benefits(city, rules)
    texts: dict[date, str] = {}
    if city in list_scenario_cities():
        folder = find_scenario_folder(city)
        for edition in benefits.editions:
            texts[edition.effective_on] = read_document(folder, f"scenarios-{edition.effective_on.isoformat()}.toml")
    return ShippedEditions(rules=rules, benefits=benefits, scenario_texts=MappingProxyType(texts))


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
    texts = dict(shipped.scenario_texts)
    standing = [(each.documents, content) for each, content in every if each.withdrawn_at is None]
    for documents, content in standing if tried is None else [*standing, tried]:
        if isinstance(content, Rulebook):
            rules[content.effective_on] = content
        elif content is not None:
            benefits[content.effective_on] = content
            texts[content.effective_on] = documents["scenarios"]
    return Published(
        rules=CityRules(city=shipped.rules.city, editions=tuple(rules[day] for day in sorted(rules))),
        benefits=CityBenefits(city=shipped.benefits.city, editions=tuple(benefits[day] for day in sorted(benefits))),
        scenario_texts=MappingProxyType(texts),
        announced=every,
    )


def read_announced(editions: Iterable[Edition], shipped: ShippedEditions) -> Published:
    """Read the documents of announced editions and put them beside the shipped ones; DocumentError for a bad one.

    One that was withdrawn may have been written for another that was, and is not refused: its content is None if so.
    """
    read: list[AnnouncedEdition] = []
    for edition in sorted(editions, key=lambda each: each.kind is not EditionKind.RULEBOOK):
        beside = put_together(shipped, read).rules
        try:
            content = read_content(edition.kind, edition.documents, beside)
        except DocumentError:
            if edition.withdrawn_at is None:
                raise
            content = None
        read.append(AnnouncedEdition(edition, content))
    read.sort(key=lambda each: (each.edition.effective_on, each.edition.announced_at))
    return put_together(shipped, read)


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
        rulebook = rules.rulebook_on(guess_day(text))
    except NoRulebookError as early:
        raise DocumentError("scenarios", [f"begin too early: {early}"]) from None
    return read_scenarios(text, "scenarios", rulebook)


def guess_day(text: str) -> date:
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
    texts = published.scenario_texts
    faults: list[str] = []
    for begins, ends, scenarios in _list_spans(published.benefits.editions, since):
        for from_on, until, rulebook in _list_spans(published.rules.editions, since):
            if max(begins, from_on) >= min(ends, until) or scenarios.effective_on not in texts:
                continue
            try:
                read_scenarios(texts[scenarios.effective_on], f"scenarios {scenarios.version}", rulebook)
            except DocumentError as refused:
                faults.extend(f"beside rulebook {rulebook.version}: {fault}" for fault in refused.faults)
    return tuple(faults)


def _list_spans(editions: Sequence[_Dated], since: date) -> Iterator[tuple[date, date, _Dated]]:
    """Give from when and until when each edition is in force, for those that are at some time from a day on."""
    for edition, follower in zip(editions, [*editions[1:], None], strict=True):
        until = date.max if follower is None else follower.effective_on
        if since < until:
            yield max(since, edition.effective_on), until, edition
