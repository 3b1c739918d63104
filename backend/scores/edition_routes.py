"""What everybody may read of the rules of other days: those that were, those that are announced, and what changed."""

from datetime import date, datetime
from typing import Any

from backend.clock import today
from backend.context import current_context
from backend.principals import PrincipalKind
from backend.scores import edition_examples
from backend.scores.edition_diary import find_dated_edition, list_dated_editions
from backend.scores.edition_presentation import present_rulebook_edition, present_rulebook_editions
from backend.scores.edition_schemas import EditionOfDaySchema, RulebookEditionsSchema, WholeRulebookEditionSchema
from backend.scores.presentation import present_rulebook
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
    """List editions announced, in force, retired, rolled back and withdrawn before their day, the latest first."""
    context = current_context()
    editions = list_dated_editions(context.editions.look(now), EditionKind.RULEBOOK, today(now))
    return present_rulebook_editions(editions, current_notes().language)


@blueprint.operation(
    "GET",
    "/rulebook/editions/<day:effective_on>",
    kinds={PrincipalKind.ANYONE},
    summary="Read an edition of the rulebook whole, by the day from which it applies",
    query=EditionOfDaySchema,
    response=WholeRulebookEditionSchema,
    example=edition_examples.WHOLE_RULEBOOK_EDITION,
    problems={ProblemCode.EDITION_NOT_FOUND},
)
def read_rulebook_edition(*, effective_on: date, query: dict[str, Any], now: datetime) -> dict[str, Any] | Refusal:
    """Publish the rules of any edition: before they apply to anybody, and still when it was withdrawn before."""
    published, language = current_context().editions.look(now), current_notes().language
    found = find_dated_edition(published, EditionKind.RULEBOOK, effective_on, today(now), **query)
    if found is None:
        return Refusal(ProblemCode.EDITION_NOT_FOUND)
    rules = found.content if isinstance(found.content, Rulebook) else None
    return {
        "edition": present_rulebook_edition(found, language),
        "rulebook": None if rules is None else present_rulebook(rules, language),
    }
