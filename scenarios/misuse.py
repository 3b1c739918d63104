"""What no scenario may do with a score: the grounds stand in `scenarios.services` and in each sentence."""

from collections.abc import Iterator

from scenarios.catalogue import Scenario
from scenarios.city_frame import CityFrame, Listed
from scenarios.services import BURDEN_WORDS, PROFILE_WORDS, SERVICES, UNCHANGED, find_betrayed
from scoring.catalogue import PERMITTED_CLASSES, Nature, find_forbidden

# What may keep somebody from an incentive: standing on a list kept by law, serving a sentence. A single bad record is
# priced by the score already, and who left a list is on it no more (Henan Art. 37).
EXCLUDING_CLASSES = frozenset({"list", "conviction"})
FIGURES = "limit_fen", "charged_percent", "free_minutes"
CITED = "《", "〔"  # a law by its name, a document by its number


def find_misuse(scenario: Scenario, frame: CityFrame) -> Iterator[str]:
    """Say what a scenario may not do, each with its place in the scenario, the ground and what would be right."""
    yield from _find_service_misuse(scenario)
    yield from _find_hidden_service(scenario)
    yield from _find_profiles(scenario)
    for word in BURDEN_WORDS:
        if word in scenario.otherwise.zh:
            yield (
                f".otherwise.zh: speaks of {word}; the score rewards and never punishes, so everybody else gets the"
                " ordinary offer and nothing worse (NDRC, 2019-07-18)"
            )
    if not any(mark in scenario.basis for mark in CITED):
        yield ".basis: names no law or document; give its name in 《》 or its number with 〔〕"
    given = [name for name in FIGURES if getattr(scenario.benefit, name) is not None]
    if scenario.source == "published" and given and not frame.figures_published:
        yield (
            f".source: claims {', '.join(given)} as published, and this city published no figures; say"
            " published_elsewhere or own with a note, or leave the figure to the contract (figure_by_contract)"
        )


def find_list_misuse(listed: Listed) -> Iterator[str]:
    """Say why a list may not rest on an indicator."""
    ground = find_forbidden(listed.rule_class)
    if ground is not None:
        yield f"{listed.name} is of the class {listed.rule_class}, which may not be used: {ground}"
    elif listed.rule_class not in PERMITTED_CLASSES:
        yield f"{listed.rule_class!r} is not one of {', '.join(PERMITTED_CLASSES)}"
    if listed.nature is Nature.NEUTRAL:
        yield f"{listed.name} is neutral, an attribute of the person; a list rests on conduct (PIPL Art. 6)"
    if listed.nature is Nature.ADVERSE and not (listed.suspends and listed.rule_class in EXCLUDING_CLASSES):
        yield (
            f"{listed.name} is a bad record that the score has priced already; a list that excludes rests on records of"
            f" the classes {', '.join(sorted(EXCLUDING_CLASSES))} for which the rulebook suspends incentives (Henan"
            " Art. 34, 37)"
        )


def _find_service_misuse(scenario: Scenario) -> Iterator[str]:
    service, kind = SERVICES[scenario.service], scenario.benefit.kind
    if service.is_untouchable:
        yield (
            f".service: {service.name} is a basic public service in which nothing may depend on a score"
            " (NDRC, 2019-07-18; Henan Art. 40); leave the scenario out"
        )
    elif kind not in service.kinds:
        yield (
            f".benefit.kind: {kind} would make access to a basic public service, {service.name}, or its extent depend"
            f" on the score (NDRC, 2019-07-18); only {', '.join(sorted(service.kinds))} leave it as it is"
        )
    spoken = zip(UNCHANGED, (scenario.otherwise.zh, scenario.otherwise.en.casefold()), strict=True)
    if service.is_basic and not all(word in text for word, text in spoken):
        yield (
            f".otherwise: does not say that everybody else gets the service as before; say {UNCHANGED[0]!r} in zh and"
            f" {UNCHANGED[1]!r} in en, for {service.name} is a basic public service"
        )


def _find_hidden_service(scenario: Scenario) -> Iterator[str]:
    """Find a basic service behind the name of another, and priority where need decides."""
    service = SERVICES[scenario.service]
    texts = scenario.title.zh + scenario.benefit.description.zh
    for betrayed, word in find_betrayed(texts):
        if betrayed.is_untouchable or not service.is_basic:
            yield (
                f".service: is {scenario.service}, and the text speaks of {word}, which belongs to {betrayed.name}"
                f" ({betrayed.code}), a basic public service; name that service, or word it otherwise"
            )
    for word in service.order_words:
        if word in texts:
            yield f".benefit: gives {word}, and need alone decides that; priority may be given at counters only"


def _find_profiles(scenario: Scenario) -> Iterator[str]:
    texts = {"title": scenario.title, "benefit.description": scenario.benefit.description}
    for place, wording in (texts | {"otherwise": scenario.otherwise}).items():
        for word in PROFILE_WORDS:
            if word in wording.zh:
                yield (
                    f".{place}.zh: speaks of {word}, an attribute of a person and no conduct; no benefit may depend on"
                    " it (PIPL Art. 6)"
                )
