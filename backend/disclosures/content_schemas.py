"""Wire forms of what a city is told, word for word as it gets it."""

from backend.web import fields
from backend.web.fields import StrictSchema
from scenarios.treaty import FlagKind

MOST_SCENARIOS, MOST_PARTS, MOST_POINTS = 500, 20, 10**6
_CODE, _NAME, _SENTENCE, _MOMENT = 64, 200, 600, 40


class ToldEntitlementSchema(StrictSchema):
    """A scenario that a person may have there, and until when that may be relied on."""

    scenario = fields.Text(maximum=_CODE, required=True)
    until = fields.Text(maximum=_MOMENT, required=True)


class ToldLevelSchema(StrictSchema):
    """A level of this city, and the common tier that it stands for."""

    code = fields.Text(maximum=_CODE, required=True)
    name = fields.Text(maximum=_NAME, required=True)
    name_en = fields.Text(maximum=_NAME, required=True)
    tier = fields.Text(maximum=2, required=True)


class ToldBandSchema(ToldLevelSchema):
    """A level with the number of points at which it begins."""

    at_least = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True, allow_none=True)


class ToldScoreSchema(StrictSchema):
    """Points on the scale of this city, and their equivalent there; null where that city has no scale."""

    points = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True)
    floor = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True)
    ceiling = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True)
    bands = fields.Several(fields.Part(ToldBandSchema), maximum=MOST_PARTS, required=True)
    equivalent = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True, allow_none=True)
    equivalent_floor = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True, allow_none=True)
    equivalent_ceiling = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True, allow_none=True)


class ToldFlagSchema(StrictSchema):
    """A list of honour or a veto: what it rests on, and the first day without it, null while that is open."""

    kind = fields.Choice(FlagKind, required=True)
    basis = fields.Text(maximum=_SENTENCE, required=True)
    ends_on = fields.Text(maximum=_MOMENT, required=True, allow_none=True)


class ToldContentSchema(StrictSchema):
    """What is told, word for word as the other city gets it: the one member that belongs to the scope."""

    entitlements = fields.Several(fields.Part(ToldEntitlementSchema), maximum=MOST_SCENARIOS)
    level = fields.Part(ToldLevelSchema, allow_none=True)
    score = fields.Part(ToldScoreSchema, allow_none=True)
    flags = fields.Several(fields.Part(ToldFlagSchema), maximum=MOST_PARTS)
