"""Wire forms of the diary of editions."""

from backend.scores.edition_diary import EditionState
from backend.scores.rulebook_schemas import RulebookSchema
from backend.web.fields import Choice, Day, Moment, Part, Several, StrictSchema, Text, Truth

CODE, NAME, SENTENCE, FIGURE = 80, 200, 1000, 100_000


class AmendedFigureSchema(StrictSchema):
    """One figure or text before and after; null where it is not. `of` says which of several it is."""

    name = Text(maximum=CODE, required=True)
    of = Text(maximum=SENTENCE, minimum=0, required=True)
    before = Text(maximum=FIGURE, minimum=0, required=True, allow_none=True)
    after = Text(maximum=FIGURE, minimum=0, required=True, allow_none=True)


class AmendmentSchema(StrictSchema):
    """One part that an edition added, removed or changed; `moves_scores` is false where only words differ."""

    part = Text(maximum=CODE, required=True)
    part_id = Text(maximum=SENTENCE, required=True)
    kind = Text(maximum=CODE, required=True)
    name = Text(maximum=NAME, required=True)
    moves_scores = Truth(required=True)
    figures = Several(Part(AmendedFigureSchema), maximum=10_000, required=True)


class RolledBackSchema(StrictSchema):
    """By which edition this one was rolled back, from when, to which former edition, and why."""

    by_version = Text(maximum=CODE, required=True)
    effective_on = Day(required=True)
    to_version = Text(maximum=CODE, required=True, allow_none=True)
    to_effective_on = Day(required=True)
    reason = Text(maximum=SENTENCE, required=True)


class DatedEditionSchema(StrictSchema):
    """An edition with its time, and what everybody is told with it.

    `summary` says what it changes and `reason` why; `decision` is the paper by which the city decided it; `urgency` why
    people were told later than they would have been; `restores_on` is the day of the edition that it brings back.
    All are null of what ships with a release; the last three also where there is nothing to tell.
    """

    version = Text(maximum=CODE, required=True)
    title = Text(maximum=NAME, required=True, allow_none=True)
    state = Choice(EditionState, required=True)
    effective_on = Day(required=True)
    until = Day(required=True, allow_none=True)
    announced_at = Moment(required=True, allow_none=True)
    summary = Text(maximum=SENTENCE, required=True, allow_none=True)
    reason = Text(maximum=SENTENCE, required=True, allow_none=True)
    decision = Text(maximum=SENTENCE, required=True, allow_none=True)
    urgency = Text(maximum=SENTENCE, required=True, allow_none=True)
    restores_on = Day(required=True, allow_none=True)
    withdrawn_at = Moment(required=True, allow_none=True)
    withdrawn_because = Text(maximum=SENTENCE, required=True, allow_none=True)
    rolled_back = Part(RolledBackSchema, required=True, allow_none=True)
    basis = Text(maximum=SENTENCE, required=True, allow_none=True)
    note = Text(maximum=SENTENCE, required=True, allow_none=True)
    follows = Text(maximum=CODE, required=True, allow_none=True)


class RulebookEditionSchema(DatedEditionSchema):
    """An edition of the rulebook, and what it changed against the one before."""

    amendments = Several(Part(AmendmentSchema), maximum=100_000, required=True)


class RulebookEditionsSchema(StrictSchema):
    """All editions of the rulebook, the latest first."""

    items = Several(Part(RulebookEditionSchema), maximum=10_000, required=True)


class EditionOfDaySchema(StrictSchema):
    """Which of several editions for one day, by its version; the one that stands unless given."""

    version = Text(maximum=CODE, load_default=None)


class WholeRulebookEditionSchema(StrictSchema):
    """An edition with its time, and its rules; null where they can no longer be read."""

    edition = Part(RulebookEditionSchema, required=True)
    rulebook = Part(RulebookSchema, required=True, allow_none=True)
