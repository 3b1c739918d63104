"""What was answered at a look, in the words of the person who reads it."""

from backend.access.entries import AccessEntry
from backend.clock import today
from backend.gateways.scenario_files import CityBenefits
from backend.web.messages import Language, get_message, has_message

_BENEFIT = "benefit"


def word_answered(look: AccessEntry, language: Language, *, benefits: CityBenefits) -> str | None:
    """Say what was answered: for a benefit which one, what, to whom, and why not; None for what has no words."""
    kind = look.answered.get("kind")
    if kind != _BENEFIT:
        code = f"answered.kind.{kind}"
        return get_message(code, language) if has_message(code) else None
    words = get_message(
        "answered.benefit",
        language,
        title=_name_scenario(look, language, benefits),
        how=_word_part(look, "via", language),
        answer=_word_part(look, "answer", language),
        why=_word_part(look, "because", language),
        whom=look.answered.get("recipient_name") or look.asker_name or look.asker,
    )
    return words.strip()


def _name_scenario(look: AccessEntry, language: Language, benefits: CityBenefits) -> str:
    """Name the scenario as it was called on the day; one that the edition does not know stands as its code."""
    code, catalogue = str(look.answered.get("scenario", "")), benefits.catalogue_on(today(look.asked_at))
    scenario = None if catalogue is None else catalogue.scenarios.get(code)
    if scenario is None:
        return code
    return scenario.title.en if language is Language.ENGLISH else scenario.title.zh


def _word_part(look: AccessEntry, part: str, language: Language) -> str:
    value = look.answered.get(part)
    code = f"answered.{part}.{value}"
    if value is None:
        return ""
    return get_message(code, language) if has_message(code) else str(value)
