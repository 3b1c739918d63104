"""Wire forms of the rulebook as everybody may read it."""

from backend.scores.schemas import CODE, NAME, SENTENCE, Points, WordedSchema
from backend.web.fields import Day, Part, Several, StrictSchema, Text, Truth, Whole


class FigureSchema(StrictSchema):
    """One figure of a rule."""

    when = Text(maximum=SENTENCE, minimum=0, required=True)
    points = Points(required=True)
    points_to = Points(required=True)
    valid_months = Whole(minimum=1, maximum=1200, required=True, allow_none=True)
    runs_from = Text(maximum=CODE, required=True)


class RuleSchema(StrictSchema):
    """One rule as everybody may read it."""

    rule_id = Text(maximum=CODE, required=True)
    name = Text(maximum=NAME, required=True)
    dimension = Text(maximum=CODE, required=True)
    indicator = Text(maximum=CODE, required=True, allow_none=True)
    kind = Text(maximum=CODE, required=True)
    figures = Several(Part(FigureSchema), maximum=1_000, required=True)
    suspends_incentives = Truth(required=True)
    level_at_most = Text(maximum=CODE, required=True, allow_none=True)
    repairable_after_months = Whole(minimum=0, maximum=1200, required=True, allow_none=True)
    basis = Text(maximum=SENTENCE, required=True)
    origin = Text(maximum=CODE, required=True)
    origin_note = Text(maximum=SENTENCE, required=True, allow_none=True)


class LimitSchema(StrictSchema):
    """One limit or highest-only group as everybody may read it."""

    limit_id = Text(maximum=CODE, required=True)
    name = Text(maximum=NAME, required=True)
    rule_ids = Several(Text(maximum=CODE), maximum=1_000, required=True)
    kind = Text(maximum=CODE, required=True)
    points = Points(required=True, allow_none=True)
    basis = Text(maximum=SENTENCE, required=True)
    origin = Text(maximum=CODE, required=True)
    origin_note = Text(maximum=SENTENCE, required=True, allow_none=True)


class LevelSchema(StrictSchema):
    """A level and its lower bound; null means everything below the level above."""

    code = Text(maximum=CODE, required=True)
    name = Text(maximum=NAME, required=True)
    at_least = Points(required=True, allow_none=True)


class RulebookSchema(StrictSchema):
    """The rulebook in force today."""

    city = Text(maximum=CODE, required=True)
    version = Text(maximum=CODE, required=True)
    effective_on = Day(required=True)
    title = Text(maximum=NAME, required=True)
    basis = Text(maximum=SENTENCE, required=True)
    note = Text(maximum=SENTENCE, required=True, allow_none=True)
    base = Points(required=True)
    floor = Points(required=True)
    ceiling = Points(required=True)
    repeats_count = Whole(minimum=1, maximum=100, required=True)
    levels = Several(Part(LevelSchema), maximum=50, required=True)
    dimensions = Several(Part(WordedSchema), maximum=50, required=True)
    rules = Several(Part(RuleSchema), maximum=5_000, required=True)
    limits = Several(Part(LimitSchema), maximum=5_000, required=True)
