"""What everybody may read of the rules of other days: those that were, those that are announced, and what changed."""

from datetime import date, datetime
from typing import Any

from backend.clock import today
from backend.context import current_context
from backend.principals import PrincipalKind
from backend.scores import edition_examples, examples
from backend.scores.edition_diary import find_dated_edition, list_dated_editions
from backend.scores.edition_presentation import present_rulebook_editions
from backend.scores.edition_schemas import RulebookEditionsSchema
from backend.scores.presentation import present_rulebook
from backend.scores.rulebook_schemas import RulebookSchema
from backend.storage.editions import EditionKind
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes
from scoring.rulebook import Rulebook

blueprint = Blueprint("rulebook-editions", __name__, description="The rules of other days, and what changed")


@blueprint.operation(
    "GET",
    "/rulebook/editions",
    kinds={PrincipalKind.ANYONE},
    summary="Read the diary of the rules: each edition, from when it applies, and what it changed",
    response=RulebookEditionsSchema,
    example=edition_examples.RULEBOOK_EDITIONS,
)
def list_rulebook_editions(*, now: datetime) -> dict[str, Any]:
    """List editions announced, in force, retired and withdrawn before their day, the latest first."""
    context = current_context()
    editions = list_dated_editions(context.editions.look(now), EditionKind.RULEBOOK, today(now))
    return present_rulebook_editions(editions, current_notes().language)


@blueprint.operation(
    "GET",
    "/rulebook/editions/<day:effective_on>",
    kinds={PrincipalKind.ANYONE},
    summary="Read the rulebook of an edition, by the day from which it applies",
    response=RulebookSchema,
    example=examples.RULEBOOK,
    problems={ProblemCode.EDITION_NOT_FOUND},
)
def read_rulebook_edition(*, effective_on: date, now: datetime) -> dict[str, Any] | Refusal:
    """Publish the rules of any edition that stands: of one that is announced before it applies to anybody."""
    found = find_dated_edition(current_context().editions.look(now), EditionKind.RULEBOOK, effective_on, today(now))
    if found is None or not isinstance(found.content, Rulebook):
        return Refusal(ProblemCode.EDITION_NOT_FOUND)
    return present_rulebook(found.content, current_notes().language)
