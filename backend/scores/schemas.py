"""Wire forms of the scores room."""

from typing import Unpack

from backend.web.fields import (
    Day,
    Identifier,
    JsonObject,
    Moment,
    Options,
    Part,
    Several,
    StrictSchema,
    Text,
    Truth,
    Whole,
)

CODE, NAME, SENTENCE = 80, 200, 1000
MOST_POINTS = 100_000


class Points(Whole):
    """Points of any scale, as a whole number."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(minimum=-MOST_POINTS, maximum=MOST_POINTS, **options)


class WordedSchema(StrictSchema):
    """A code with its name."""

    code = Text(maximum=CODE, required=True)
    name = Text(maximum=NAME, required=True)


class DimensionPointsSchema(StrictSchema):
    """The points of one dimension."""

    dimension = Part(WordedSchema, required=True)
    points = Points(required=True)


class RulebookReferenceSchema(StrictSchema):
    """Which rulebook a score was computed with."""

    city = Text(maximum=CODE, required=True)
    version = Text(maximum=CODE, required=True)
    title = Text(maximum=NAME, required=True)
    note = Text(maximum=SENTENCE, required=True, allow_none=True)


class ScoreSchema(StrictSchema):
    """Today's score in short."""

    points = Points(required=True)
    floor = Points(required=True)
    ceiling = Points(required=True)
    level = Part(WordedSchema, required=True)
    dimensions = Several(Part(DimensionPointsSchema), maximum=20, required=True)
    incentives_suspended = Truth(required=True)
    as_of = Day(required=True)
    changes_on = Day(required=True, allow_none=True)
    rules_change_on = Day(required=True, allow_none=True)
    rulebook = Part(RulebookReferenceSchema, required=True)


class StatementQuerySchema(StrictSchema):
    """The day to state, and the moment as known at; today and now when left out."""

    as_of = Day(load_default=None)
    known_at = Moment(load_default=None)


class RecordShownSchema(StrictSchema):
    """The record behind a line."""

    record_id = Text(maximum=CODE, required=True)
    indicator = Part(WordedSchema, required=True)
    source = Part(WordedSchema, required=True)
    document_no = Text(maximum=NAME, required=True, allow_none=True)
    occurred_on = Day(required=True)
    ended_on = Day(required=True, allow_none=True)


class LineSchema(StrictSchema):
    """One line of the statement."""

    kind = Text(maximum=CODE, required=True)
    title = Text(maximum=NAME, required=True)
    points = Points(required=True)
    balance = Points(required=True)
    dimension = Part(WordedSchema, required=True, allow_none=True)
    rule_id = Text(maximum=CODE, required=True, allow_none=True)
    basis = Text(maximum=SENTENCE, required=True)
    origin = Text(maximum=CODE, required=True, allow_none=True)
    origin_note = Text(maximum=SENTENCE, required=True, allow_none=True)
    record = Part(RecordShownSchema, required=True, allow_none=True)
    lapses_on = Day(required=True, allow_none=True)


class UncountedSchema(StrictSchema):
    """A record that is known but adds nothing."""

    reason = Text(maximum=CODE, required=True)
    reason_text = Text(maximum=SENTENCE, required=True)
    title = Text(maximum=NAME, required=True)
    points = Points(required=True)
    rule_id = Text(maximum=CODE, required=True, allow_none=True)
    record = Part(RecordShownSchema, required=True)
    lapses_on = Day(required=True, allow_none=True)


class StatementSchema(StrictSchema):
    """The explained score: the lines sum to the points."""

    points = Points(required=True)
    level = Part(WordedSchema, required=True)
    dimensions = Several(Part(DimensionPointsSchema), maximum=20, required=True)
    lines = Several(Part(LineSchema), maximum=10_000, required=True)
    uncounted = Several(Part(UncountedSchema), maximum=10_000, required=True)
    incentives_suspended = Truth(required=True)
    as_of = Day(required=True)
    known_at = Moment(required=True)
    changes_on = Day(required=True, allow_none=True)
    rulebook = Part(RulebookReferenceSchema, required=True)


class LineChangeSchema(StrictSchema):
    """One line that came, went or changed."""

    cause = Text(maximum=CODE, required=True)
    cause_text = Text(maximum=SENTENCE, required=True)
    title = Text(maximum=NAME, required=True)
    points = Points(required=True)
    rule_id = Text(maximum=CODE, required=True, allow_none=True)
    record_id = Text(maximum=CODE, required=True, allow_none=True)


class RuleChangeSchema(StrictSchema):
    """One part of the rulebook that changed: the score without it, but with those before it, and with it."""

    part = Text(maximum=CODE, required=True)
    part_id = Text(maximum=CODE, required=True)
    kind = Text(maximum=CODE, required=True)
    text = Text(maximum=SENTENCE, required=True)
    points_before = Points(required=True)
    points_after = Points(required=True)


class StepSchema(StrictSchema):
    """A day on which the score differs from the day before."""

    on = Day(required=True)
    points_before = Points(required=True)
    points_after = Points(required=True)
    level_before = Part(WordedSchema, required=True)
    level_after = Part(WordedSchema, required=True)
    changes = Several(Part(LineChangeSchema), maximum=10_000, required=True)
    rule_changes = Several(Part(RuleChangeSchema), maximum=10_000, required=True)


class HistorySchema(StrictSchema):
    """Past steps, newest first, and the score with which the account began."""

    opened_on = Day(required=True)
    points_at_opening = Points(required=True)
    items = Several(Part(StepSchema), maximum=100, required=True)
    next_cursor = Text(maximum=400, required=True, allow_none=True)


class ComingRulesSchema(StrictSchema):
    """An announced edition: the score of its first day by the rules before it and by its own, and why."""

    version = Text(maximum=CODE, required=True)
    title = Text(maximum=NAME, required=True)
    effective_on = Day(required=True)
    text = Text(maximum=SENTENCE, required=True)
    points_before = Points(required=True)
    points_after = Points(required=True)
    level_before = Part(WordedSchema, required=True)
    level_after = Part(WordedSchema, required=True)
    rule_changes = Several(Part(RuleChangeSchema), maximum=10_000, required=True)


class ForecastSchema(StrictSchema):
    """Coming steps, if nothing new happens, and what announced rules will do."""

    points = Points(required=True)
    as_of = Day(required=True)
    steps = Several(Part(StepSchema), maximum=10_000, required=True)
    coming_rules = Several(Part(ComingRulesSchema), maximum=1_000, required=True)


class SupposedRecordSchema(StrictSchema):
    """A record that the citizen supposes."""

    indicator = Text(maximum=CODE, required=True)
    occurred_on = Day(required=True)
    ended_on = Day(load_default=None)
    items = JsonObject(maximum=20, load_default=dict)


class SuppositionSchema(StrictSchema):
    """What to suppose: records added, and own records that would go."""

    add = Several(Part(SupposedRecordSchema), maximum=20, load_default=list)
    remove = Several(Identifier(), maximum=20, load_default=list)


class SupposedScoreSchema(StrictSchema):
    """The score as it is, as it would be, and why."""

    points_before = Points(required=True)
    points_after = Points(required=True)
    level_before = Part(WordedSchema, required=True)
    level_after = Part(WordedSchema, required=True)
    changes = Several(Part(LineChangeSchema), maximum=10_000, required=True)


class ActionSchema(StrictSchema):
    """Something to do: earn `amount` units under a rule, or have a record repaired."""

    kind = Text(maximum=CODE, required=True)
    name = Text(maximum=NAME, required=True)
    rule_id = Text(maximum=CODE, required=True)
    amount = Whole(minimum=1, maximum=1_000_000_000, required=True)
    unit = Text(maximum=CODE, required=True, allow_none=True)
    record_id = Text(maximum=CODE, required=True, allow_none=True)


class WaySchema(StrictSchema):
    """A set of actions that reaches the next level together."""

    actions = Several(Part(ActionSchema), maximum=3, required=True)
    points = Points(required=True)


class CapSchema(StrictSchema):
    """How much of a limit on plus points is used."""

    limit_id = Text(maximum=CODE, required=True)
    name = Text(maximum=NAME, required=True)
    year = Whole(minimum=2000, maximum=9999, required=True, allow_none=True)
    used = Points(required=True)
    at_most = Points(required=True)


class RouteSchema(StrictSchema):
    """The way to the next level; `target` is null at the top."""

    points = Points(required=True)
    level = Part(WordedSchema, required=True)
    target = Part(WordedSchema, required=True, allow_none=True)
    missing = Points(required=True)
    ways = Several(Part(WaySchema), maximum=10_000, required=True)
    caps = Several(Part(CapSchema), maximum=1_000, required=True)
    waiting_on = Day(required=True, allow_none=True)
    blocked_by = Several(Part(LineSchema), maximum=1_000, required=True)
