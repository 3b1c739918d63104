"""Wire forms of complaints, and of the integrity of merchants."""

from backend.fulfilment.complaints import ComplaintState, Grievance, Ruling
from backend.fulfilment.proposal_schemas import LONGEST_TEXT
from backend.records.row_forms import OpenText
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paging import MAX_CURSOR, MAX_LIMIT
from scenarios.integrity import BEST, Conduct

MAX_COUNT = 10**9


class NewComplaintSchema(StrictSchema):
    """What a citizen complains of: a grant, or the verification that it came from; one of the two is named."""

    grant_id = fields.Identifier(load_default=None, allow_none=True)
    verification_id = fields.Identifier(load_default=None, allow_none=True)
    kind = fields.Choice(Grievance, required=True)
    text = fields.Text(maximum=LONGEST_TEXT, required=True)


class RulingSchema(StrictSchema):
    """What a steward decides about a complaint, in which case and why; both sides read it.

    `releases` lets go of what the grant of an upheld complaint still holds.
    """

    ruling = fields.Choice(Ruling, required=True)
    releases = fields.Truth(load_default=False)
    case_no = OpenText(maximum=100, required=True)
    reason = OpenText(maximum=400, required=True)


class ListedComplaintSchema(StrictSchema):
    """A complaint without anybody's own words."""

    complaint_id = fields.Identifier(required=True)
    merchant = fields.Text(maximum=64, required=True)
    merchant_name = fields.Text(maximum=100, required=True)
    grant_id = fields.Identifier(required=True)
    order_no = fields.Text(maximum=100, required=True)
    scenario = fields.Text(maximum=64, required=True)
    kind = fields.Choice(Grievance, required=True)
    complained_at = fields.Moment(required=True)
    answer_until = fields.Moment(required=True)
    state = fields.Choice(ComplaintState, required=True)
    answered_at = fields.Moment(required=True, allow_none=True)
    decided_at = fields.Moment(required=True, allow_none=True)


class ComplaintSchema(ListedComplaintSchema):
    """A complaint whole, as the person, the merchant and the steward read it."""

    text = fields.Text(maximum=LONGEST_TEXT, required=True)
    answer = fields.Text(maximum=LONGEST_TEXT, required=True, allow_none=True)
    case_no = fields.Text(maximum=100, required=True, allow_none=True)
    reason = fields.Text(maximum=400, required=True, allow_none=True)


class ListedComplaintPageSchema(StrictSchema):
    """A page of complaints without anybody's own words."""

    items = fields.Several(fields.Part(ListedComplaintSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class ComplaintPageSchema(StrictSchema):
    """A page of one's own complaints."""

    items = fields.Several(fields.Part(ComplaintSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class IntegrityPartSchema(StrictSchema):
    """One kind of fault: how often it was established, and what one weighs."""

    kind = fields.Text(maximum=40, required=True)
    title = fields.Text(maximum=200, required=True)
    count = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)
    weight = fields.Whole(minimum=1, maximum=BEST, required=True)


class IntegritySchema(StrictSchema):
    """How far a merchant keeps what it promised, with each part; `conduct` is what the figure proposes."""

    merchant = fields.Text(maximum=64, required=True)
    merchant_name = fields.Text(maximum=100, required=True)
    since_at = fields.Moment(required=True)
    grants = fields.Whole(minimum=0, maximum=MAX_COUNT, required=True)
    parts = fields.Several(fields.Part(IntegrityPartSchema), maximum=10, required=True)
    figure = fields.Whole(minimum=0, maximum=BEST, required=True)
    conduct = fields.Choice(Conduct, required=True)
    is_suspended = fields.Truth(required=True)
    explanation = fields.Text(maximum=1000, required=True)


class IntegrityPageSchema(StrictSchema):
    """A page of merchants in order of their codes."""

    items = fields.Several(fields.Part(IntegritySchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)
