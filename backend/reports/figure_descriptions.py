"""Figures of the city as plain trees, in the shape of the wire forms, with the words that people read."""

from collections.abc import Iterable, Mapping
from datetime import date

from backend.gateways.scenario_files import CityBenefits
from backend.grants.grant import GrantState
from backend.impact.telling import LEAST_GROUP, find_grain
from backend.merchants.wording import choose
from backend.reports.benefit_figures import BenefitFigures, Fate, Whose
from backend.reports.departments import DepartmentFigures
from backend.reports.descriptions import describe_share, name_department
from backend.reports.distribution import Bands, Distribution, Drift, Drifts
from backend.reports.figures import PERMILLE, Share
from backend.reports.refusals import RefusalFigures
from backend.reports.stability import count_ten_thousandths
from backend.reports.suppression import add_published
from backend.web.messages import Language, get_message
from scenarios.catalogue import ScenarioCatalogue
from scoring.bands import list_bands, make_dimension_band
from scoring.catalogue import Catalogue
from scoring.rulebook import Rulebook

UNTOLD = "＊"


def describe_people(
    found: Distribution, drifts: Drifts | None, rulebook: Rulebook, language: Language
) -> dict[str, object]:
    """Give who is where on a day, over all levels and bands of the rulebook, the highest first, and the drift."""
    return {
        "day": found.counted.day,
        "rulebook_version": found.counted.rulebook_version,
        "known_at": found.counted.known_at,
        "rounded_to": found.rounded_to,
        "note": note_people(found, language),
        "people": found.people,
        "levels": [
            {
                "level": level.code,
                "name": level.name_en if language is Language.ENGLISH else level.name,
                **_describe_group(found.levels.get(level.code, found.nobody), found),
            }
            for level in rulebook.levels
        ],
        "points": [
            {"from": band.first, "to": band.last, **_describe_group(found.points.get(band.first, found.nobody), found)}
            for band in reversed(list_bands(rulebook))
        ],
        "drift": None if drifts is None else _describe_drifts(drifts, rulebook, language),
    }


def describe_dimensions(found: Distribution, rulebook: Rulebook, language: Language) -> list[dict[str, object]]:
    """Give the points of each dimension in bands, the highest first."""
    return [
        {
            "dimension": dimension.code,
            "name": dimension.name_en if language is Language.ENGLISH else dimension.name,
            "points": _describe_bands(found.dimensions.get(dimension.code, {}), found),
        }
        for dimension in rulebook.dimensions
    ]


def describe_public_benefits(
    found: Distribution, catalogue: ScenarioCatalogue | None, language: Language
) -> list[dict[str, object]]:
    """Give, for each scenario of the catalogue, how many people have had it, and how their latest one stands."""
    scenarios = {} if catalogue is None else catalogue.scenarios
    nobody: Mapping[Fate, int | None] = {}
    return [
        {
            "scenario": code,
            "title": choose(scenarios[code].title, language),
            **{f"{whose}s": _describe_fates(found.benefits.get((code, whose), nobody)) for whose in Whose},
        }
        for code in sorted(scenarios)
    ]


def describe_benefits(
    figures: Iterable[BenefitFigures], span: tuple[date, date], benefits: CityBenefits, language: Language
) -> dict[str, object]:
    """Give what was given by scenario, in whole tens, with amounts in fen."""
    catalogue = benefits.catalogue_on(span[1])
    return {
        "from_on": span[0],
        "to_on": span[1],
        "rounded_to": find_grain(LEAST_GROUP),
        "items": [
            {
                "scenario": each.scenario,
                "title": name_scenario(each.scenario, catalogue, language),
                "whose": each.whose,
                "people": each.people,
                "granted": each.granted,
                "states": [{"state": state, "grants": each.states[state]} for state in GrantState],
                "agreed_fen": each.agreed_fen,
                "held_fen": each.held_fen,
                "final_fen": each.final_fen,
            }
            for each in figures
        ],
    }


def describe_refusals(
    figures: Iterable[RefusalFigures], month: tuple[date, date], benefits: CityBenefits, language: Language
) -> dict[str, object]:
    """Give why questions of a month came to nothing, by scenario."""
    catalogue = benefits.catalogue_on(month[1])
    return {
        "from_on": month[0],
        "to_on": month[1],
        "rounded_to": find_grain(LEAST_GROUP),
        "items": [
            {
                "scenario": each.scenario,
                "title": name_scenario(each.scenario, catalogue, language),
                "reasons": [
                    {"reason": why, "text": name_reason(why, language), "people": people}
                    for why, people in each.reasons
                ],
            }
            for each in figures
        ],
    }


def describe_departments(
    figures: Iterable[DepartmentFigures], span: tuple[date, date], catalogue: Catalogue, language: Language
) -> dict[str, object]:
    """Give departments side by side."""
    return {
        "from_on": span[0],
        "to_on": span[1],
        "least": LEAST_GROUP,
        "rounded_to": find_grain(LEAST_GROUP),
        "items": [
            {
                "department": each.department,
                "department_name": name_department(each.department, catalogue, language),
                "handed_in": each.handed_in,
                **{
                    name: _describe_share(getattr(each, name))
                    for name in ("timely", "checked", "refused", "quarantined", "corrected", "withdrawn")
                },
            }
            for each in figures
        ],
    }


def write_people(people: int | None) -> str:
    """Write a count of people as it is told."""
    return UNTOLD if people is None else f"{people:,}"


def name_scenario(code: str, catalogue: ScenarioCatalogue | None, language: Language) -> str:
    """Give what a scenario is called; its code where no edition in force names it."""
    scenario = None if catalogue is None else catalogue.scenarios.get(code)
    return code if scenario is None else choose(scenario.title, language)


def name_reason(code: str, language: Language) -> str:
    """Give in few words why a question came to nothing."""
    return get_message(f"refused.{code}", language)


def note_people(found: Distribution, language: Language) -> str:
    """Say how counts of people are to be read."""
    if not found.is_public:
        return get_message("picture.note.officers", language)
    cells = (get_message(f"picture.cell.{kind}", language) for kind in ("people", "benefits"))
    return get_message("picture.note.public", language, cell=" / ".join(cells))


def _describe_group(people: int | None, found: Distribution) -> dict[str, object]:
    """Give people and their share of all that are told; of few people no share is told either."""
    share = None if people is None or not found.people else people * PERMILLE // found.people
    return {"people": people, "permille": 0 if people == 0 else share}


def _describe_bands(bands: Bands, found: Distribution) -> list[dict[str, object]]:
    return [
        {
            "from": (band := make_dimension_band(first)).first,
            "to": band.last,
            **_describe_group(bands[first], found),
        }
        for first in sorted(bands, reverse=True)
    ]


def _describe_fates(fates: Mapping[Fate, int | None]) -> dict[str, object]:
    told = {fate: fates.get(fate) for fate in Fate}
    return {"people": add_published(told.values()), **{fate.value: people for fate, people in told.items()}}


def _describe_drifts(drifts: Drifts, rulebook: Rulebook, language: Language) -> dict[str, object]:
    names = {each.code: each.name_en if language is Language.ENGLISH else each.name for each in rulebook.dimensions}
    return {
        "since_on": drifts.since_on,
        "levels": _describe_drift(drifts.levels, language),
        "points": _describe_drift(drifts.points, language),
        "dimensions": [
            {"dimension": code, "name": name, **_describe_drift(drifts.dimensions[code], language)}
            for code, name in names.items()
            if code in drifts.dimensions
        ],
    }


def _describe_drift(drift: Drift, language: Language) -> dict[str, object]:
    return {
        "psi_ten_thousandths": None if drift.psi is None else count_ten_thousandths(drift.psi),
        "reading": drift.reading,
        "text": None if drift.reading is None else get_message(f"drift.{drift.reading}", language),
    }


def _describe_share(share: Share | None) -> dict[str, object] | None:
    return None if share is None else describe_share(share)
