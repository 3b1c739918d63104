"""Wire forms of the diary of editions."""

from backend.web.fields import Day, Moment, Part, Several, StrictSchema, Text, Truth

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


class RulebookEditionSchema(StrictSchema):
    """An edition of the rulebook, and what it changed against the one before."""

    version = Text(maximum=CODE, required=True)
    title = Text(maximum=NAME, required=True, allow_none=True)
    state = Text(maximum=CODE, required=True)
    effective_on = Day(required=True)
    until = Day(required=True, allow_none=True)
    announced_at = Moment(required=True, allow_none=True)
    withdrawn_at = Moment(required=True, allow_none=True)
    basis = Text(maximum=SENTENCE, required=True, allow_none=True)
    note = Text(maximum=SENTENCE, required=True, allow_none=True)
    follows = Text(maximum=CODE, required=True, allow_none=True)
    amendments = Several(Part(AmendmentSchema), maximum=100_000, required=True)


class RulebookEditionsSchema(StrictSchema):
    """All editions of the rulebook, the latest first."""

    items = Several(Part(RulebookEditionSchema), maximum=10_000, required=True)
