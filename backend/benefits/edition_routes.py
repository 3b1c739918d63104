"""What everybody may read of the scenarios: those in force, those of other days, and what changed."""

from datetime import date, datetime
from typing import Any

from backend.benefits import edition_examples
from backend.benefits.edition_presentation import present_catalogue, present_scenario_editions
from backend.benefits.edition_schemas import ScenarioCatalogueSchema, ScenarioEditionsSchema
from backend.clock import today
from backend.context import current_context
from backend.principals import PrincipalKind
from backend.scores.edition_diary import find_dated_edition, list_dated_editions
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
    """List editions announced, in force, retired and withdrawn before their day, the latest first."""
    context = current_context()
    editions = list_dated_editions(context.editions.look(now), EditionKind.SCENARIOS, today(now))
    return present_scenario_editions(editions, current_notes().language)


@blueprint.operation(
    "GET",
    "/scenarios/editions/<day:effective_on>",
    kinds={PrincipalKind.ANYONE},
    summary="Read the scenarios of an edition, by the day from which it applies",
    response=ScenarioCatalogueSchema,
    example=edition_examples.SCENARIO_CATALOGUE,
    problems={ProblemCode.EDITION_NOT_FOUND},
)
def read_scenario_edition(*, effective_on: date, now: datetime) -> dict[str, Any] | Refusal:
    """Publish the scenarios of any edition that stands, of one that is announced before it applies to anybody."""
    found = find_dated_edition(current_context().editions.look(now), EditionKind.SCENARIOS, effective_on, today(now))
    if found is None or not isinstance(found.content, ScenarioCatalogue):
        return Refusal(ProblemCode.EDITION_NOT_FOUND)
    return present_catalogue(found.content, current_notes().language)
