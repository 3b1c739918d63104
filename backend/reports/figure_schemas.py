"""Wire forms of the figures of the city."""

from backend.grants.grant import GrantState
from backend.reports.benefit_figures import Whose
from backend.reports.schemas import MAX_COUNT, ShareSchema
from backend.reports.stability import Reading
from backend.web import fields
from backend.web.fields import StrictSchema

MOST_POINTS = 10_000


class ScoresQuerySchema(StrictSchema):
    """The last counted day until `day` (of all without it), compared with the last one until `since`, if given."""

    day = fields.Day(load_default=None)
    since_on = fields.Day(load_default=None, data_key="since")


class SpanQuerySchema(StrictSchema):
    """Which city days, both included: 30 until `to`, which is yesterday, unless told otherwise."""

    from_on = fields.Day(load_default=None, data_key="from")
    to_on = fields.Day(load_default=None, data_key="to")


class MonthQuerySchema(StrictSchema):
    """Which month, such as 2026-10; the last one that is over unless told otherwise."""

    month = fields.Text(maximum=7, pattern=r"[12][0-9]{3}-(0[1-9]|1[0-2])", load_default=None)


class LevelPeopleSchema(StrictSchema):
    """How many people have a level, and in thousandths of `people` of the whole answer; null where it is not told."""

    level = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=100, required=True)
    people = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    permille = fields.Whole(minimum=0, maximum=1000, required=True, allow_none=True)


class BandPeopleSchema(StrictSchema):
    """How many people have these points, both ends included; null where it is not told."""

    first = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True, data_key="from", attribute="from")
    last = fields.Whole(minimum=-MOST_POINTS, maximum=MOST_POINTS, required=True, data_key="to", attribute="to")
    people = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    permille = fields.Whole(minimum=0, maximum=1000, required=True, allow_none=True)


class DimensionPeopleSchema(StrictSchema):
    """How many people have which points in a dimension, the highest first."""

    dimension = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=100, required=True)
    points = fields.Several(fields.Part(BandPeopleSchema), maximum=1000, required=True)


class DriftSchema(StrictSchema):
    """The population stability index in ten-thousandths (405 is 0.0405): below 1000 stable, above 2500 act.

    It is worked out from the counts that are told; null where one in twenty people or more may be in groups that are
    not told.
    """

    psi_ten_thousandths = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    reading = fields.Choice(Reading, required=True, allow_none=True)
    text = fields.Text(maximum=100, required=True, allow_none=True)


class DimensionDriftSchema(DriftSchema):
    """The drift of the points of one dimension."""

    dimension = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=100, required=True)


class DriftsSchema(StrictSchema):
    """How far people have drifted since another day."""

    since_on = fields.Day(required=True, data_key="since")
    levels = fields.Part(DriftSchema, required=True)
    points = fields.Part(DriftSchema, required=True)
    dimensions = fields.Several(fields.Part(DimensionDriftSchema), maximum=100, required=True)


class PeopleSchema(StrictSchema):
    """Who is where on a day. Counts are whole multiples of `rounded_to`; `note` says how they are to be read."""

    day = fields.Day(required=True, metadata={"title": "统计日"})
    rulebook_version = fields.Text(maximum=40, required=True)
    known_at = fields.Moment(required=True)
    rounded_to = fields.Whole(minimum=1, maximum=1000, required=True)
    note = fields.Text(maximum=600, required=True, metadata={"title": "说明"})
    people = fields.Whole(
        minimum=0, maximum=MAX_COUNT, required=True, allow_none=True, metadata={"title": "有信用分的人数"}
    )
    levels = fields.Several(fields.Part(LevelPeopleSchema), maximum=100, required=True, metadata={"title": "等级分布"})
    points = fields.Several(fields.Part(BandPeopleSchema), maximum=1000, required=True, metadata={"title": "分数分布"})
    drift = fields.Part(DriftsSchema, required=True, allow_none=True, metadata={"title": "分布稳定性（PSI）"})


class ScoresSchema(PeopleSchema):
    """Who is where on a day, with the points of each dimension, for officers.

    Each count and each sum is rounded to whole tens by itself: nobody is 0, 1 to 19 people are null, and a sum may
    differ from its parts by some people. Shares and drift are worked out from these counts.
    """

    dimensions = fields.Several(
        fields.Part(DimensionPeopleSchema), maximum=100, required=True, metadata={"title": "维度分布"}
    )


class FatesSchema(StrictSchema):
    """People by how their latest grant stands; each counts once. `people` is the sum of what is shown."""

    people = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    open = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    given_back = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    not_used = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    settled = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)


class PublicBenefitSchema(StrictSchema):
    """How many people have had a benefit; visitors are those who had it by the word of their home cities."""

    scenario = fields.Text(maximum=40, required=True)
    title = fields.Text(maximum=200, required=True)
    residents = fields.Part(FatesSchema, required=True)
    visitors = fields.Part(FatesSchema, required=True)


class PublicFiguresSchema(PeopleSchema):
    """The figures of the city for everybody: lower bounds of how many people there are, in whole twenties.

    Each cell (a level and ten points of it; a scenario, residents or visitors, and how the latest grant stands) is made
    smaller by a secret of 0 to 19 people and then rounded down: it may hold up to 38 people more. Null where a cell is
    not shown, of 0 to 38 people. Every sum is of shown cells only, and shares are of what is shown.
    """

    benefits = fields.Several(
        fields.Part(PublicBenefitSchema), maximum=1000, required=True, metadata={"title": "守信激励场景"}
    )


class StateCountSchema(StrictSchema):
    """How many grants stand so, in whole tens; null for those of 1 to 19 people."""

    state = fields.Choice(GrantState, required=True)
    grants = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)


class BenefitFiguresSchema(StrictSchema):
    """What was given of a scenario to residents or visitors, and how it stands now; amounts in fen.

    People and grants are rounded to whole tens, each number by itself; null for 1 to 19 people. An amount is told where
    20 people have one that is more than nothing, rounded to at least what one of them has on average.
    """

    scenario = fields.Text(maximum=40, required=True)
    title = fields.Text(maximum=200, required=True)
    whose = fields.Choice(Whose, required=True)
    people = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    granted = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    states = fields.Several(fields.Part(StateCountSchema), maximum=20, required=True)
    agreed_fen = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    held_fen = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    final_fen = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)


class BenefitsSchema(StrictSchema):
    """What was given on some city days, both included, by scenario; counts are whole multiples of `rounded_to`."""

    from_on = fields.Day(required=True, data_key="from")
    to_on = fields.Day(required=True, data_key="to")
    rounded_to = fields.Whole(minimum=1, maximum=1000, required=True)
    items = fields.Several(fields.Part(BenefitFiguresSchema), maximum=10_000, required=True)


class ReasonPeopleSchema(StrictSchema):
    """How many people got nothing for this reason, in whole tens; null for 1 to 19 people."""

    reason = fields.Text(maximum=40, required=True)
    text = fields.Text(maximum=200, required=True)
    people = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)


class ScenarioRefusalsSchema(StrictSchema):
    """Why questions about a scenario came to nothing, the commonest reason first."""

    scenario = fields.Text(maximum=40, required=True)
    title = fields.Text(maximum=200, required=True)
    reasons = fields.Several(fields.Part(ReasonPeopleSchema), maximum=100, required=True)


class RefusalsSchema(StrictSchema):
    """Why questions of a month came to nothing; counts are rounded to whole `rounded_to`, each by itself."""

    from_on = fields.Day(required=True, data_key="from")
    to_on = fields.Day(required=True, data_key="to")
    rounded_to = fields.Whole(minimum=1, maximum=1000, required=True)
    items = fields.Several(fields.Part(ScenarioRefusalsSchema), maximum=1000, required=True)


class DepartmentFiguresSchema(StrictSchema):
    """The rates of a department; null where there are fewer than `least` rows to have a share of.

    A row that is `quarantined`, `corrected` or `withdrawn` is somebody's case: of those both numbers are rounded to
    whole tens, and null for 1 to 19. The others count rows, exactly.
    """

    department = fields.Text(maximum=40, required=True)
    department_name = fields.Text(maximum=100, required=True)
    handed_in = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    timely = fields.Part(ShareSchema, required=True, allow_none=True)
    checked = fields.Part(ShareSchema, required=True, allow_none=True)
    refused = fields.Part(ShareSchema, required=True, allow_none=True)
    quarantined = fields.Part(ShareSchema, required=True, allow_none=True)
    corrected = fields.Part(ShareSchema, required=True, allow_none=True)
    withdrawn = fields.Part(ShareSchema, required=True, allow_none=True)


class DepartmentsSchema(StrictSchema):
    """Departments side by side, over days of receipt, both included."""

    from_on = fields.Day(required=True, data_key="from")
    to_on = fields.Day(required=True, data_key="to")
    least = fields.Whole(minimum=1, maximum=1000, required=True)
    rounded_to = fields.Whole(minimum=1, maximum=1000, required=True)
    items = fields.Several(fields.Part(DepartmentFiguresSchema), maximum=1000, required=True)
