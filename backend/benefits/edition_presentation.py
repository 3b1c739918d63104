"""The scenarios of any day as everybody may read them, and what each edition changed against the one before."""

from collections.abc import Iterable
from typing import Any

from backend.scores.edition_diary import DatedEdition
from backend.scores.edition_presentation import present_dates
from backend.web.messages import Language
from scenarios.amendments import ScenarioAmendment, list_scenario_amendments
from scenarios.catalogue import Scenario, ScenarioCatalogue, Wording

FIGURES = ("limit_fen", "charged_percent", "free_minutes")
WORDS = ("family", "service", "is_basic", "owner", "basis", "source", "note", "starts_on", "ends_on")


def present_scenario_editions(editions: Iterable[DatedEdition], language: Language) -> dict[str, Any]:
    """Give editions of the scenarios with what each changed."""
    return {"items": [present_scenario_edition(each, language) for each in editions]}


def present_catalogue(catalogue: ScenarioCatalogue, language: Language) -> dict[str, Any]:
    """Give an edition with all its scenarios."""
    return {
        "city": catalogue.city,
        "version": catalogue.version,
        "effective_on": catalogue.effective_on,
        "title": _say(catalogue.title, language),
        "basis": catalogue.basis,
        "note": catalogue.note,
        "scenarios": [_present_scenario(each, catalogue, language) for each in catalogue.scenarios.values()],
    }


def _say(wording: Wording, language: Language) -> str:
    return wording.en if language is Language.ENGLISH else wording.zh


def present_scenario_edition(edition: DatedEdition, language: Language) -> dict[str, Any]:
    """Give an edition of the scenarios with what it changed."""
    found, former = edition.content, edition.former
    told: dict[str, Any] = {"title": None, "basis": None, "note": None, "amendments": []}
    if isinstance(found, ScenarioCatalogue):
        told |= {"title": _say(found.title, language), "basis": found.basis or None, "note": found.note or None}
        if isinstance(former, ScenarioCatalogue):
            told["amendments"] = [
                _present_amendment(each, language) for each in list_scenario_amendments(former, found)
            ]
    return {**present_dates(edition), **told}


def _present_amendment(amendment: ScenarioAmendment, language: Language) -> dict[str, Any]:
    return {
        "part": amendment.part.value,
        "part_id": amendment.code,
        "kind": amendment.kind.value,
        "name": _say(amendment.title, language),
        "figures": amendment.figures,
    }


def _present_scenario(scenario: Scenario, catalogue: ScenarioCatalogue, language: Language) -> dict[str, Any]:
    condition, benefit = scenario.condition, scenario.benefit

    def name_lists(codes: Iterable[str]) -> list[str]:
        return [
            _say(catalogue.list_titles[code], language) if code in catalogue.list_titles else code for code in codes
        ]

    return {
        "scenario": scenario.code,
        "title": _say(scenario.title, language),
        **{name: getattr(scenario, name) for name in WORDS},
        "kind": benefit.kind,
        "description": _say(benefit.description, language),
        **{name: getattr(benefit, name) for name in FIGURES},
        "condition": {
            "level": condition.level,
            "least_points": condition.least_points,
            "on_any_of": name_lists(condition.on_any_of),
            "on_none_of": name_lists(condition.on_none_of),
            "least_age": condition.least_age,
            "greatest_age": condition.greatest_age,
            "regions": condition.regions,
        },
        "otherwise": _say(scenario.otherwise, language),
    }
