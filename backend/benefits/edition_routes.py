"""What everybody may read of the scenarios: those in force, those of other days, and what changed."""

from datetime import date, datetime
from typing import Any

from backend.benefits import edition_examples
from backend.benefits.edition_presentation import (
    present_catalogue,
    present_scenario_edition,
    present_scenario_editions,
)
from backend.benefits.edition_schemas import ScenarioEditionsSchema, WholeScenarioEditionSchema
from backend.clock import today
from backend.context import current_context
from backend.principals import PrincipalKind
from backend.scores.edition_diary import find_dated_edition, list_dated_editions
from backend.scores.edition_schemas import EditionOfDaySchema
from backend.storage.editions import EditionKind
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes
from scenarios.catalogue import ScenarioCatalogue

blueprint = Blueprint("scenario-editions", __name__, description="The scenarios of any day, and what changed")


@blueprint.operation(
    "GET",
    "/scenarios/editions",
    kinds={PrincipalKind.ANYONE},
    summary="Read the diary of the scenarios: each edition, from when it applies, and what it changed",
    response=ScenarioEditionsSchema,
    example=edition_examples.SCENARIO_EDITIONS,
)
def list_scenario_editions(*, now: datetime) -> dict[str, Any]:
    """List editions announced, in force, retired, rolled back and withdrawn before their day, the latest first."""
    context = current_context()
    editions = list_dated_editions(context.editions.look(now), EditionKind.SCENARIOS, today(now))
    return present_scenario_editions(editions, current_notes().language)


@blueprint.operation(
    "GET",
    "/scenarios/editions/<day:effective_on>",
    kinds={PrincipalKind.ANYONE},
    summary="Read an edition of the scenarios whole, by the day from which it applies",
    query=EditionOfDaySchema,
    response=WholeScenarioEditionSchema,
    example=edition_examples.WHOLE_SCENARIO_EDITION,
    problems={ProblemCode.EDITION_NOT_FOUND},
)
def read_scenario_edition(*, effective_on: date, query: dict[str, Any], now: datetime) -> dict[str, Any] | Refusal:
    """Publish the scenarios of any edition: before they apply to anybody, and still when it was withdrawn before."""
    published, language = current_context().editions.look(now), current_notes().language
    found = find_dated_edition(published, EditionKind.SCENARIOS, effective_on, today(now), **query)
    if found is None:
        return Refusal(ProblemCode.EDITION_NOT_FOUND)
    catalogue = found.content if isinstance(found.content, ScenarioCatalogue) else None
    return {
        "edition": present_scenario_edition(found, language),
        "catalogue": None if catalogue is None else present_catalogue(catalogue, language),
    }
