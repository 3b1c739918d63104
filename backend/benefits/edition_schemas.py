"""Wire forms of the scenarios of other days, and of what changed."""

from backend.scores.edition_schemas import AmendedFigureSchema, DatedEditionSchema
from backend.web.fields import Choice, Day, Part, Several, StrictSchema, Text, Truth, Whole
from scenarios.catalogue import BenefitKind

CODE, NAME, SENTENCE = 80, 200, 1000
MOST_FEN, MOST = 10**11, 10**9


class ScenarioAmendmentSchema(StrictSchema):
    """One bound, list or scenario that an edition added, removed or changed."""

    part = Text(maximum=CODE, required=True)
    part_id = Text(maximum=CODE, required=True)
    kind = Text(maximum=CODE, required=True)
    name = Text(maximum=NAME, required=True)
    figures = Several(Part(AmendedFigureSchema), maximum=1_000, required=True)


class ScenarioEditionSchema(DatedEditionSchema):
    """An edition of the scenarios, and what it changed against the one before."""

    amendments = Several(Part(ScenarioAmendmentSchema), maximum=10_000, required=True)


class ScenarioEditionsSchema(StrictSchema):
    """All editions of the scenarios, the latest first."""

    items = Several(Part(ScenarioEditionSchema), maximum=10_000, required=True)


class ScenarioConditionSchema(StrictSchema):
    """Whom a scenario is for; null and empty parts ask for nothing. Lists by their titles."""

    level = Text(maximum=CODE, required=True, allow_none=True)
    least_points = Whole(minimum=-MOST, maximum=MOST, required=True, allow_none=True)
    on_any_of = Several(Text(maximum=NAME), maximum=1_000, required=True)
    on_none_of = Several(Text(maximum=NAME), maximum=1_000, required=True)
    least_age = Whole(minimum=0, maximum=200, required=True, allow_none=True)
    greatest_age = Whole(minimum=0, maximum=200, required=True, allow_none=True)
    regions = Several(Text(maximum=6), maximum=1_000, required=True)


class PublishedScenarioSchema(StrictSchema):
    """A scenario as everybody may read it; figures that are null are set by contracts with merchants, or by none."""

    scenario = Text(maximum=CODE, required=True)
    title = Text(maximum=NAME, required=True)
    family = Text(maximum=CODE, required=True)
    service = Text(maximum=CODE, required=True)
    is_basic = Truth(required=True)
    owner = Text(maximum=NAME, required=True)
    basis = Text(maximum=SENTENCE, required=True)
    source = Text(maximum=CODE, required=True)
    note = Text(maximum=SENTENCE, minimum=0, required=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)
    kind = Choice(BenefitKind, required=True)
    description = Text(maximum=SENTENCE, required=True)
    limit_fen = Whole(minimum=0, maximum=MOST_FEN, required=True, allow_none=True)
    charged_percent = Whole(minimum=0, maximum=100, required=True, allow_none=True)
    free_minutes = Whole(minimum=0, maximum=MOST, required=True, allow_none=True)
    condition = Part(ScenarioConditionSchema, required=True)
    otherwise = Text(maximum=SENTENCE, required=True)


class ScenarioCatalogueSchema(StrictSchema):
    """An edition of the scenarios of the city."""

    city = Text(maximum=CODE, required=True)
    version = Text(maximum=CODE, required=True)
    effective_on = Day(required=True)
    title = Text(maximum=NAME, required=True)
    basis = Text(maximum=SENTENCE, minimum=0, required=True)
    note = Text(maximum=SENTENCE, minimum=0, required=True)
    scenarios = Several(Part(PublishedScenarioSchema), maximum=1_000, required=True)


class WholeScenarioEditionSchema(StrictSchema):
    """An edition with its time, and its scenarios; null where they cannot be read without withdrawn ones."""

    edition = Part(ScenarioEditionSchema, required=True)
    catalogue = Part(ScenarioCatalogueSchema, required=True, allow_none=True)
