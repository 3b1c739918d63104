"""Benefits in the words of those who read them; why there is none is worded for the person alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from backend.benefits.judging import Cause
from backend.grants.grant import Shortage
from backend.merchants.wording import choose
from backend.web.messages import Language, get_message
from scenarios.catalogue import Benefit, BenefitKind, Scenario, ScenarioCatalogue
from scenarios.decision import Unmet
from scoring.rulebook import Rulebook

_DIGITS, _WHOLE = "零一二三四五六七八九", 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """Says in one language what is missing for a scenario."""

    catalogue: ScenarioCatalogue
    rulebook: Rulebook
    language: Language

    def explain(self, cause: Cause, scenario: Scenario) -> str:
        """Say in a sentence why somebody does not get a scenario."""
        condition = scenario.condition
        if cause is Unmet.LEVEL and condition.level is not None:
            return self._say("level", level=self.name_level(condition.level))
        if cause is Unmet.LEVEL:
            return self._say("points", points=condition.least_points)
        if cause is Unmet.LIST:
            wanted = condition.on_any_of
            return self._say(
                "list" if wanted else "list_excludes", lists=self._name_lists(wanted or condition.on_none_of)
            )
        if cause is Unmet.AGE:
            return self._explain_age(scenario)
        if cause is Shortage.OPEN_GRANTS:
            return self._say("open_grants", limit=self.catalogue.bounds.open_grants)
        return self._say(cause.value)

    def name_level(self, code: str) -> str:
        """Name a level of the city."""
        level = next(level for level in self.rulebook.levels if level.code == code)
        return level.name_en if self.language is Language.ENGLISH else level.name

    def _explain_age(self, scenario: Scenario) -> str:
        condition = scenario.condition
        if condition.greatest_age is None:
            return self._say("age_from", least=condition.least_age)
        if condition.least_age is None:
            return self._say("age_to", greatest=condition.greatest_age)
        return self._say("age", least=condition.least_age, greatest=condition.greatest_age)

    def _name_lists(self, codes: Iterable[str]) -> str:
        titles = self.catalogue.list_titles
        return "; ".join(choose(titles[code], self.language) if code in titles else code for code in codes)

    def _say(self, code: str, **values: object) -> str:
        return get_message(f"benefit.{code}", self.language, **values)


def word_given(
    benefit: Benefit,
    language: Language,
    *,
    amount_fen: int | None,
    charged_percent: int | None,
    free_minutes: int | None,
) -> str:
    """Say what is given once: the words of the scenario, with the figures where they are not the scenario's own.

    `benefit` is as the scenario has it. A deposit of its own that is waived in part only is not told beside the part.
    """
    words = choose(benefit.description, language)
    if amount_fen is not None and amount_fen != benefit.limit_fen:
        is_waived = benefit.kind is BenefitKind.DEPOSIT_WAIVER
        more = get_message("terms.waived" if is_waived else "terms.lent", language, amount_fen=amount_fen)
        return more if is_waived and benefit.limit_fen is not None else _join(words, more, language)
    return _join(words, _word_share(benefit, language, charged_percent, free_minutes), language)


def word_offered(benefit: Benefit, completed: Benefit, language: Language) -> str:
    """Say what one merchant offers: `completed` is the benefit with the figures that its contract sets."""
    words = choose(benefit.description, language)
    if completed.limit_fen is not None and completed.limit_fen != benefit.limit_fen:
        return _join(words, get_message("terms.up_to", language, limit_fen=completed.limit_fen), language)
    return _join(words, _word_share(benefit, language, completed.charged_percent, completed.free_minutes), language)


def _word_share(benefit: Benefit, language: Language, charged_percent: int | None, free_minutes: int | None) -> str:
    if charged_percent is not None and charged_percent != benefit.charged_percent:
        return get_message("terms.charged", language, charged=_write_share(charged_percent, language))
    if free_minutes is not None and free_minutes != benefit.free_minutes:
        return get_message("terms.free", language, minutes=free_minutes)
    return ""


def _write_share(percent: int, language: Language) -> str:
    """Write what is left of a price as it is said: 80 is 八折, 85 is 八五折, 5 is 零点五折."""
    if language is Language.ENGLISH or not 0 < percent < _WHOLE:
        return f"{percent}%"
    tens, ones = divmod(percent, 10)
    if not tens:
        return f"零点{_DIGITS[ones]}折"
    return f"{_DIGITS[tens]}{_DIGITS[ones] if ones else ''}折"


def _join(words: str, more: str, language: Language) -> str:
    return f"{words} {more}".strip() if language is Language.ENGLISH else f"{words}{more}"
