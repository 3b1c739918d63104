"""Benefits in the words of those who read them; why there is none is worded for the person alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from backend.benefits.judging import Cause
from backend.grants.grant import Shortage
from backend.merchants.wording import choose
from backend.web.messages import Language, get_message
from scenarios.catalogue import Scenario, ScenarioCatalogue
from scenarios.decision import Unmet
from scoring.rulebook import Rulebook


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
