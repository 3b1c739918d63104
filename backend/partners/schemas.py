"""Wire forms of partner cities and treaties, as officers see them."""

from backend.records.row_forms import OpenText
from backend.web import fields
from backend.web.fields import StrictSchema

LONGEST_TREATY_ID = 81
LONGEST_REASON = 400
MOST_PARTNERS = 1000
MOST_VERSIONS = 1000


class NewTreatyWordSchema(StrictSchema):
    """Which version of a treaty is to be suspended or resumed, and why; the reason is kept."""

    treaty_id = OpenText(maximum=LONGEST_TREATY_ID, required=True)
    version = OpenText(maximum=40, required=True)
    reason = OpenText(maximum=LONGEST_REASON, required=True)


class TreatySchema(StrictSchema):
    """A version of a treaty; `suspended_by` is the code of the city that has suspended it."""

    treaty_id = fields.Text(maximum=LONGEST_TREATY_ID, required=True)
    version = fields.Text(maximum=40, required=True)
    starts_on = fields.Day(required=True)
    ends_on = fields.Day(required=True)
    is_in_force = fields.Truth(required=True)
    suspended_at = fields.Moment(required=True, allow_none=True)
    suspended_by = fields.Text(maximum=40, required=True, allow_none=True)


class PartnerSchema(StrictSchema):
    """A partner city; `waiting_notices` are those that it has not confirmed, `heard_at` is when it answered last.

    `refused_notices` are those among them that it has refused when they were sent last; they are sent again.
    """

    partner = fields.Text(maximum=40, required=True, attribute="code")
    title = fields.Text(maximum=200, required=True)
    url = fields.Text(maximum=200, required=True)
    is_ended = fields.Truth(required=True)
    ended_at = fields.Moment(required=True, allow_none=True)
    ended_by = fields.Text(maximum=LONGEST_REASON, required=True, allow_none=True)
    ended_because = fields.Text(maximum=LONGEST_REASON, required=True, allow_none=True)
    treaties = fields.Several(fields.Part(TreatySchema), maximum=MOST_VERSIONS, required=True)
    waiting_notices = fields.Whole(minimum=0, maximum=10**9, required=True)
    refused_notices = fields.Whole(minimum=0, maximum=10**9, required=True)
    oldest_notice_at = fields.Moment(required=True, allow_none=True)
    heard_at = fields.Moment(required=True, allow_none=True)


class PartnersSchema(StrictSchema):
    """All partner cities in order of their codes, ended ones too."""

    items = fields.Several(fields.Part(PartnerSchema), maximum=MOST_PARTNERS, required=True)
