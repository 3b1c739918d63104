"""What is wrong with an edition of scenarios by what it says: misuse of the score, and conditions that cannot be."""

from collections import Counter
from collections.abc import Iterator

from scenarios.catalogue import (
    OVERDUE_DAYS,
    Benefit,
    BenefitKind,
    Condition,
    Quotas,
    Scenario,
    ScenarioCatalogue,
    covers_region,
)
from scenarios.city_frame import CityFrame
from scenarios.misuse import FIGURES, find_list_misuse, find_misuse
from scoring.catalogue import Nature

LONGEST_CODE = 40
LONGEST_TEXT = 300
LONGEST_RESERVATION_MINUTES = 24 * 60
LONGEST_USE_DAYS = 5 * 366
# A merchant has time to settle or to report, and nobody is kept for longer than a year because it does neither.
FEWEST_OVERDUE_DAYS, MOST_OVERDUE_DAYS = 30, 366
MOST_OPEN_GRANTS = 20
AGES = 18, 120
FULL_PRICE = 100
CODE_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
REGION_DIGITS = 6


def find_defects(catalogue: ScenarioCatalogue, frame: CityFrame) -> list[str]:
    """Say what makes an edition unusable, each with its place and what would be right; empty when it is sound."""
    found = list(_find_head_faults(catalogue, frame))
    found.extend(_find_list_faults(catalogue, frame))
    for scenario in catalogue.scenarios.values():
        faults = [
            *find_misuse(scenario, frame),
            *_find_text_faults(scenario),
            *_find_date_faults(scenario, catalogue),
            *_find_condition_faults(scenario, catalogue, frame),
            *_find_benefit_faults(scenario.benefit, catalogue),
            *_find_quota_faults(scenario.quotas),
        ]
        found.extend(f"scenarios[{scenario.code}]{fault}" for fault in faults)
    return found


def _find_head_faults(catalogue: ScenarioCatalogue, frame: CityFrame) -> Iterator[str]:
    if catalogue.levels != frame.levels:
        yield f"catalogue.levels: are not those of the rulebook; give {', '.join(frame.levels)}, the highest first"
    if not _is_region(catalogue.region):
        yield f"catalogue.region: {catalogue.region!r} is not a code of GB/T 2260; give six digits such as 410100"
    bounds = catalogue.bounds
    if not 1 <= bounds.open_grants <= MOST_OPEN_GRANTS:
        yield f"bounds.open_grants: {bounds.open_grants} is not from 1 to {MOST_OPEN_GRANTS}"
    if not 1 <= bounds.overdue_grants <= bounds.open_grants:
        yield f"bounds.overdue_grants: {bounds.overdue_grants} is not from 1 to the open grants, {bounds.open_grants}"
    if bounds.held_fen < 1:
        yield f"bounds.held_fen: {bounds.held_fen} holds nothing; give the fen that one person may have held at once"
    titles = Counter(scenario.title.zh for scenario in catalogue.scenarios.values())
    for title, times in titles.items():
        if times > 1:
            yield f"scenarios: {title} is the title of {times}; nobody could tell them apart"
    for code in (*catalogue.scenarios, *catalogue.lists):
        if not 1 <= len(code) <= LONGEST_CODE or not CODE_LETTERS.issuperset(code):
            yield f"{code}: is not a code; use up to {LONGEST_CODE} small letters, digits and underscores"


def _find_list_faults(catalogue: ScenarioCatalogue, frame: CityFrame) -> Iterator[str]:
    for code, indicators in catalogue.lists.items():
        place = f"lists[{code}].indicators"
        if not indicators:
            yield f"{place}: is empty; name what puts a person on the list"
        unknown = sorted(indicators - frame.indicators.keys())
        if unknown:
            yield f"{place}: {', '.join(unknown)} is not an indicator of persons in the city's catalogue"
        known = [frame.indicators[each] for each in sorted(indicators & frame.indicators.keys())]
        if len({each.nature for each in known}) > 1:
            yield f"{place}: mixes good and bad records; make it two lists"
        for each in known:
            yield from (f"{place}: {fault}" for fault in find_list_misuse(each))


def _find_text_faults(scenario: Scenario) -> Iterator[str]:
    wordings = {
        "title": scenario.title,
        "benefit.description": scenario.benefit.description,
        "otherwise": scenario.otherwise,
    }
    for place, wording in wordings.items():
        for language in ("zh", "en"):
            if len(getattr(wording, language)) > LONGEST_TEXT:
                yield f".{place}.{language}: is longer than {LONGEST_TEXT} characters"


def _find_date_faults(scenario: Scenario, catalogue: ScenarioCatalogue) -> Iterator[str]:
    if scenario.ends_on is not None and scenario.ends_on <= max(scenario.starts_on, catalogue.effective_on):
        yield f".ends_on: {scenario.ends_on} is no day after its start; it would never be open in this edition"


def _find_condition_faults(scenario: Scenario, catalogue: ScenarioCatalogue, frame: CityFrame) -> Iterator[str]:
    condition = scenario.condition
    if condition.level is None and condition.least_points is None and not condition.on_any_of:
        yield ".condition: depends on no level, points or list; what everybody gets needs no scenario"
    if condition.level is not None and condition.least_points is not None:
        yield ".condition: names level and least_points; give one of them"
    if condition.level is not None and condition.level not in catalogue.levels[:-1]:
        named = ", ".join(catalogue.levels[:-1]) or "none"
        yield f".condition.level: {condition.level!r} is not a level above the lowest; there are {named}"
    yield from _find_points_faults(condition.least_points, frame)
    yield from _find_list_use_faults(scenario, catalogue, frame)
    yield from _find_age_faults(condition)
    for region in condition.regions:
        if not _is_region(region) or not covers_region(catalogue.region, region):
            yield f".condition.regions: {region!r} is not a code (GB/T 2260) of a place within {catalogue.region}"
    if len(set(condition.regions)) != len(condition.regions):
        yield ".condition.regions: names one twice"


def _find_age_faults(condition: Condition) -> Iterator[str]:
    least, greatest = condition.least_age, condition.greatest_age
    for key, age in (("least_age", least), ("greatest_age", greatest)):
        if age is not None and not AGES[0] <= age <= AGES[1]:
            yield f".condition.{key}: {age} is not from {AGES[0]} to {AGES[1]}; citizens are {AGES[0]} or older"
    if least is not None and greatest is not None and least > greatest:
        yield f".condition.greatest_age: {greatest} lies below least_age {least}; nobody could meet both"


def _find_points_faults(points: int | None, frame: CityFrame) -> Iterator[str]:
    if points is None:
        return
    if frame.floor is not None and points <= frame.floor:
        yield f".condition.least_points: {points} takes everybody in; the scale begins at {frame.floor}"
    if frame.ceiling is not None and points > frame.ceiling:
        yield f".condition.least_points: {points} is beyond the scale, which ends at {frame.ceiling}"


def _find_list_use_faults(scenario: Scenario, catalogue: ScenarioCatalogue, frame: CityFrame) -> Iterator[str]:
    wanted = {"on_any_of": Nature.FAVOURABLE, "on_none_of": Nature.ADVERSE}
    for key, nature in wanted.items():
        for code in getattr(scenario.condition, key):
            if code not in catalogue.lists:
                yield f".condition.{key}: {code!r} is not one of lists {', '.join(catalogue.lists) or '(none given)'}"
                continue
            natures = {frame.indicators[each].nature for each in catalogue.lists[code] & frame.indicators.keys()}
            if natures - {nature}:
                yield f".condition.{key}: {code} is a list of {', '.join(sorted(natures))} records; {nature} are needed"
    both = set(scenario.condition.on_any_of) & set(scenario.condition.on_none_of)
    if both:
        yield f".condition: {', '.join(sorted(both))} is wanted and excluded at once"


def _find_benefit_faults(benefit: Benefit, catalogue: ScenarioCatalogue) -> Iterator[str]:
    kind = benefit.kind
    fitting = {
        "limit_fen": benefit.is_held,
        "charged_percent": kind is BenefitKind.DISCOUNT,
        "free_minutes": kind is BenefitKind.FREE_USE,
    }
    given = {name: getattr(benefit, name) for name in FIGURES if getattr(benefit, name) is not None}
    for name in given:
        if not fitting[name]:
            yield f".benefit.{name}: is no figure of a {kind}; leave it out"
    if benefit.figure_by_contract and (given or not any(fitting.values())):
        yield ".benefit.figure_by_contract: goes with no figure here, and with kinds that have one"
    if not benefit.figure_by_contract:
        yield from _find_missing_figures(benefit)
    limit = catalogue.bounds.held_fen
    if benefit.limit_fen is not None and not 1 <= benefit.limit_fen <= limit:
        yield f".benefit.limit_fen: {benefit.limit_fen} is not from 1 to what one person may have held, {limit}"
    if benefit.charged_percent is not None and not 1 <= benefit.charged_percent < FULL_PRICE:
        yield f".benefit.charged_percent: {benefit.charged_percent} is not from 1 to 99, what is left of the price"
    if benefit.free_minutes is not None and benefit.free_minutes < 1:
        yield f".benefit.free_minutes: {benefit.free_minutes} is no time; give 1 or more"
    yield from _find_term_faults(benefit)


def _find_missing_figures(benefit: Benefit) -> Iterator[str]:
    if benefit.is_held and benefit.limit_fen is None:
        yield f".benefit.limit_fen: is missing; a {benefit.kind} is bounded, here or (figure_by_contract) by contract"
    if benefit.kind is BenefitKind.DISCOUNT and benefit.charged_percent is None:
        yield ".benefit.charged_percent: is missing; give what is left of the price, or figure_by_contract"


def _find_term_faults(benefit: Benefit) -> Iterator[str]:
    if not benefit.is_held:
        if benefit.lasting_days != 0:
            yield f".benefit.lasting_days: a {benefit.kind} is enjoyed at once; leave it out"
        if benefit.overdue_days != OVERDUE_DAYS:
            yield f".benefit.overdue_days: a {benefit.kind} is never overdue; leave it out"
        return
    if not 1 <= benefit.lasting_days <= LONGEST_USE_DAYS:
        yield f".benefit.lasting_days: {benefit.lasting_days} is not from 1 to {LONGEST_USE_DAYS}; what is held ends"
    if not FEWEST_OVERDUE_DAYS <= benefit.overdue_days <= MOST_OVERDUE_DAYS:
        fewest, most = FEWEST_OVERDUE_DAYS, MOST_OVERDUE_DAYS
        yield f".benefit.overdue_days: {benefit.overdue_days} is not from {fewest} to {most}; nobody is barred for ever"
    if not 1 <= benefit.reserved_minutes <= LONGEST_RESERVATION_MINUTES:
        most = LONGEST_RESERVATION_MINUTES
        yield f".benefit.reserved_minutes: {benefit.reserved_minutes} is not from 1 to {most}"


def _find_quota_faults(quotas: Quotas) -> Iterator[str]:
    names = "citizen_day", "citizen_total", "merchant_day", "scenario_day", "scenario_total"
    for name in names:
        value = getattr(quotas, name)
        if value is not None and value < 1:
            yield f".quotas.{name}: {value} lets nobody through; give 1 or more, or end the scenario"
    wider = {
        "citizen_day": ("citizen_total", "scenario_day", "scenario_total"),
        "citizen_total": ("scenario_total",),
        "merchant_day": ("scenario_day", "scenario_total"),
        "scenario_day": ("scenario_total",),
    }
    for narrow, bounds in wider.items():
        for bound in bounds:
            one, other = getattr(quotas, narrow), getattr(quotas, bound)
            if one is not None and other is not None and one > other:
                yield f".quotas.{narrow}: {one} can never be reached; {bound} ends it at {other}"


def _is_region(code: str) -> bool:
    return len(code) == REGION_DIGITS and code.isascii() and code.isdigit() and "1" <= code[0] <= "8"
