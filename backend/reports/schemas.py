"""Wire forms of figures of quality and of samples."""

from backend.records.receipts import Outcome
from backend.records.row_forms import INDICATOR, OpenText
from backend.reports.samples import Finding
from backend.web import fields
from backend.web.fields import StrictSchema

MAX_SAMPLE = 200
MAX_COUNT = 10**15
CODE = r"[a-z][a-z0-9_]*"


class QualityQuerySchema(StrictSchema):
    """Which days of receipt, both included, and whose rows."""

    from_on = fields.Day(required=True, data_key="from")
    to_on = fields.Day(required=True, data_key="to")
    department = fields.Text(maximum=40, pattern=CODE, load_default=None)
    indicator = fields.Text(maximum=40, pattern=INDICATOR, load_default=None)


class ShareSchema(StrictSchema):
    """So many of so many; `permille` is rounded down, and null where there is no whole."""

    part = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)
    whole = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)
    permille = fields.Whole(minimum=0, maximum=1000, required=True, allow_none=True)


class OutcomeShareSchema(StrictSchema):
    """How many rows came to this, of all that were handed in."""

    outcome = fields.Choice(Outcome, required=True)
    text = fields.Text(maximum=40, required=True)
    share = fields.Part(ShareSchema, required=True)


class ReasonShareSchema(StrictSchema):
    """How many rows were refused for this reason, of all that were handed in."""

    code = fields.Text(maximum=40, required=True)
    text = fields.Text(maximum=400, required=True)
    share = fields.Part(ShareSchema, required=True)


class PunctualitySchema(StrictSchema):
    """How many were in time by a legal deadline, of those that could be judged."""

    working_days = fields.Whole(minimum=1, maximum=60, required=True)
    basis = fields.Text(maximum=400, required=True)
    in_time = fields.Part(ShareSchema, required=True)
    pending = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)
    not_judged = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)


class DelaySchema(StrictSchema):
    """Working days from the fact to its receipt, over the accepted rows of which they are known."""

    rows = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)
    median_working_days = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    worst_working_days = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, allow_none=True)
    not_known = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)


class InspectionSchema(StrictSchema):
    """What inspections of samples found: records that did not agree, of those inspected."""

    differing = fields.Part(ShareSchema, required=True)
    without_document = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)


class QualityFiguresSchema(StrictSchema):
    """The figures of one department and indicator; no indicator for rows that could not be read that far."""

    department = fields.Text(maximum=40, required=True, metadata={"title": "提供单位"})
    department_name = fields.Text(maximum=100, required=True)
    indicator = fields.Text(maximum=40, required=True, allow_none=True, metadata={"title": "指标"})
    indicator_name = fields.Text(maximum=200, required=True)
    handed_in = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, metadata={"title": "报送条数"})
    outcomes = fields.Several(
        fields.Part(OutcomeShareSchema), maximum=10, required=True, metadata={"title": "处理结果"}
    )
    refusals = fields.Several(
        fields.Part(ReasonShareSchema), maximum=100, required=True, metadata={"title": "不予接收的原因"}
    )
    timeliness = fields.Part(
        PunctualitySchema, required=True, allow_none=True, metadata={"title": "报送及时率（双公示）"}
    )
    check = fields.Part(PunctualitySchema, required=True, allow_none=True, metadata={"title": "平台核查及时率"})
    delay = fields.Part(DelaySchema, required=True, metadata={"title": "报送间隔工作日"})
    completeness = fields.Part(ShareSchema, required=True, metadata={"title": "选填项填报率"})
    corrected = fields.Part(ShareSchema, required=True, metadata={"title": "更正率"})
    withdrawn = fields.Part(ShareSchema, required=True, metadata={"title": "撤回率"})
    inspection = fields.Part(InspectionSchema, required=True, metadata={"title": "抽查结果"})


class QualitySchema(StrictSchema):
    """The quality of what was received in a period, by department and indicator.

    `files_unread` files of the period are not read to their end; their rows not read yet are in no figure.
    """

    from_on = fields.Day(required=True, data_key="from")
    to_on = fields.Day(required=True, data_key="to")
    files_unread = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True, metadata={"title": "尚未读完的文件"})
    items = fields.Several(fields.Part(QualityFiguresSchema), maximum=10_000, required=True)


class NewSampleSchema(StrictSchema):
    """What is to be drawn: from the rows of a department accepted on these days, which must be over."""

    department = fields.Text(maximum=40, pattern=CODE, required=True)
    indicator = fields.Text(maximum=40, pattern=INDICATOR, load_default=None, allow_none=True)
    from_on = fields.Day(required=True, data_key="from")
    to_on = fields.Day(required=True, data_key="to")
    size = fields.Whole(minimum=1, maximum=MAX_SAMPLE, required=True)
    reason = OpenText(maximum=400, required=True)


class NewFindingSchema(StrictSchema):
    """What an inspection found about a record of the sample; the remark names nobody."""

    record_id = fields.Identifier(required=True)
    finding = fields.Choice(Finding, required=True)
    note = OpenText(maximum=400, load_default=None, allow_none=True)


class FindingSchema(StrictSchema):
    """What was found about a record, by whom and when."""

    record_id = fields.Identifier(required=True)
    finding = fields.Choice(Finding, required=True)
    text = fields.Text(maximum=40, required=True)
    note = fields.Text(maximum=400, required=True, allow_none=True)
    found_by = fields.Text(maximum=128, required=True)
    found_at = fields.Moment(required=True)


class MemberSchema(StrictSchema):
    """A record of a sample, counted from 1 in the order of the draw."""

    member_no = fields.Whole(minimum=1, maximum=MAX_SAMPLE, required=True)
    record_id = fields.Identifier(required=True)
    indicator = fields.Text(maximum=40, required=True, allow_none=True)
    found = fields.Part(FindingSchema, required=True, allow_none=True)


class SampleSchema(StrictSchema):
    """A sample; `seed` and `population` are what it takes to draw it again."""

    sample_id = fields.Identifier(required=True)
    department = fields.Text(maximum=40, required=True)
    indicator = fields.Text(maximum=40, required=True, allow_none=True)
    from_on = fields.Day(required=True, data_key="from")
    to_on = fields.Day(required=True, data_key="to")
    size = fields.Whole(minimum=1, maximum=MAX_SAMPLE, required=True)
    population = fields.Whole(minimum=1, maximum=MAX_COUNT, required=True)
    seed = fields.Text(maximum=64, required=True)
    reason = fields.Text(maximum=400, required=True)
    drawn_by = fields.Text(maximum=128, required=True)
    drawn_at = fields.Moment(required=True)
    members = fields.Several(fields.Part(MemberSchema), maximum=MAX_SAMPLE, required=True)
