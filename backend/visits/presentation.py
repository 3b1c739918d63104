"""From what home cities said to what visitors read, in their language."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.merchants.wording import choose
from backend.visits.visiting import Visit
from backend.web.messages import Language, get_message
from scenarios.catalogue import ScenarioCatalogue


def present_visit(visit: Visit, catalogue: ScenarioCatalogue | None, language: Language) -> dict[str, Any]:
    """Shape what a home city was asked and said."""
    ended, content = visit.ended_because, visit.content
    return {
        "question_id": visit.question_id,
        "home_city": visit.home_city,
        "home_city_title": visit.home_city_title,
        "via": visit.via,
        "scope": visit.scope,
        "purpose": visit.purpose,
        "role": visit.role,
        "acting": visit.acting,
        "acting_name": visit.acting_name,
        "asked_at": visit.asked_at,
        "state": visit.state,
        "state_text": get_message(f"visit.state.{visit.state}", language),
        "until": visit.until,
        "ended_at": visit.ended_at,
        "ended_because": ended,
        "ended_text": None if ended is None else get_message(f"visit.ended.{ended}", language),
        "entitlements": [
            {"scenario": each.scenario, "title": _name(each.scenario, catalogue, language), "until": each.until}
            for each in visit.entitlements
        ],
        "level": _present_named(content.get("level"), language),
        "score": _present_score(content.get("score"), language),
        "flags": [_present_flag(flag) for flag in content.get("flags", [])],
    }


def _name(scenario: str, catalogue: ScenarioCatalogue | None, language: Language) -> str:
    found = None if catalogue is None else catalogue.scenarios.get(scenario)
    return scenario if found is None else choose(found.title, language)


def _present_named(level: Mapping[str, Any] | None, language: Language) -> dict[str, Any] | None:
    """Shape a level or a band in one language."""
    if level is None:
        return None
    name = level["name_en"] if language is Language.ENGLISH else level["name"]
    return {**{member: value for member, value in level.items() if member != "name_en"}, "name": name}


def _present_score(score: Mapping[str, Any] | None, language: Language) -> dict[str, Any] | None:
    if score is None:
        return None
    return {**score, "bands": [_present_named(band, language) for band in score["bands"]]}


def _present_flag(flag: Mapping[str, Any]) -> dict[str, Any]:
    ends_on = flag["ends_on"]
    return {**flag, "ends_on": None if ends_on is None else date.fromisoformat(ends_on)}
