"""Wire forms of visits: what visitors and merchants send, and what visitors read."""

from enum import StrEnum

from backend.gateways.signed_claims import LONGEST_TOKEN
from backend.grants.grant import LONGEST_ORDER_NO, ORDER_NO
from backend.partners.protocol import MOST_SCENARIOS
from backend.people.identity_numbers import LENGTH, OLD_FOREIGN_LENGTH
from backend.records.row_forms import OpenText
from backend.visits.endings import Ended
from backend.visits.visiting import VisitState
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, PageQuerySchema
from backend.web.paths import CODE_PATTERN
from scenarios.treaty import FlagKind, Role, Scope, TreatyPurpose

MOST_FEN = 10**11
MOST_BANDS, MOST_FLAGS = 20, 20
_POINTS = 10**6
_NAME, _TEXT = 100, 400


class VisitWay(StrEnum):
    """How it came here what a home city says: asked for, or brought as a card."""

    QUESTION = "question"
    CARD = "card"


class NewVisitorVerificationSchema(StrictSchema):
    """A question about a visitor by the number of the id, to the city where the visitor lives; amounts in fen."""

    order_no = OpenText(maximum=LONGEST_ORDER_NO, pattern=ORDER_NO, required=True)
    home_city = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    id_number = fields.Text(minimum=OLD_FOREIGN_LENGTH, maximum=LENGTH, required=True)
    amount_fen = fields.Whole(minimum=1, maximum=MOST_FEN, load_default=None)


class NewVisitSchema(StrictSchema):
    """What a visitor wants the home city to be asked."""

    home_city = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    scope = fields.Choice(Scope, required=True)


class ScoreCardSchema(StrictSchema):
    """A score card as the home city has signed it."""

    card = fields.Text(maximum=LONGEST_TOKEN, required=True)


class VisitorEntitlementSchema(StrictSchema):
    """A benefit that the visitor may have here, and until when."""

    scenario = fields.Text(maximum=40, required=True)
    title = fields.Text(maximum=_NAME, required=True)
    until = fields.Moment(required=True)


class HomeLevelSchema(StrictSchema):
    """The level at home, and the tier in the common language of the two cities; T5 is the best."""

    code = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=_TEXT, required=True)
    tier = fields.Text(maximum=2, required=True)


class HomeBandSchema(HomeLevelSchema):
    """A band of the home scale, from `at_least` on."""

    at_least = fields.Whole(minimum=-_POINTS, maximum=_POINTS, required=True, allow_none=True)


class HomeScoreSchema(StrictSchema):
    """The score on the home scale, and what it reads as on ours; null where there is no map between the two."""

    points = fields.Whole(minimum=-_POINTS, maximum=_POINTS, required=True)
    floor = fields.Whole(minimum=-_POINTS, maximum=_POINTS, required=True)
    ceiling = fields.Whole(minimum=-_POINTS, maximum=_POINTS, required=True)
    bands = fields.Several(fields.Part(HomeBandSchema), maximum=MOST_BANDS, required=True)
    equivalent = fields.Whole(minimum=-_POINTS, maximum=_POINTS, required=True, allow_none=True)
    equivalent_floor = fields.Whole(minimum=-_POINTS, maximum=_POINTS, required=True, allow_none=True)
    equivalent_ceiling = fields.Whole(minimum=-_POINTS, maximum=_POINTS, required=True, allow_none=True)


class HomeFlagSchema(StrictSchema):
    """A list of honour or a veto record at home, on what basis, and the first day on which it is no more."""

    kind = fields.Choice(FlagKind, required=True)
    basis = fields.Text(maximum=_TEXT, required=True)
    ends_on = fields.Day(required=True, allow_none=True)


class VisitSchema(StrictSchema):
    """What a home city was asked about me, and what of its answer stands until when."""

    question_id = fields.Identifier(required=True)
    home_city = fields.Text(maximum=40, required=True)
    home_city_title = fields.Text(maximum=_NAME, required=True)
    via = fields.Choice(VisitWay, required=True)
    scope = fields.Choice(Scope, required=True)
    purpose = fields.Choice(TreatyPurpose, required=True)
    role = fields.Choice(Role, required=True)
    acting = fields.Text(maximum=100, required=True, allow_none=True)
    acting_name = fields.Text(maximum=_NAME, required=True, allow_none=True)
    asked_at = fields.Moment(required=True)
    state = fields.Choice(VisitState, required=True)
    state_text = fields.Text(maximum=_TEXT, required=True)
    until = fields.Moment(required=True, allow_none=True)
    ended_at = fields.Moment(required=True, allow_none=True)
    ended_because = fields.Choice(Ended, required=True, allow_none=True)
    ended_text = fields.Text(maximum=_TEXT, required=True, allow_none=True)
    entitlements = fields.Several(fields.Part(VisitorEntitlementSchema), maximum=MOST_SCENARIOS, required=True)
    level = fields.Part(HomeLevelSchema, required=True, allow_none=True)
    score = fields.Part(HomeScoreSchema, required=True, allow_none=True)
    flags = fields.Several(fields.Part(HomeFlagSchema), maximum=MOST_FLAGS, required=True)


class VisitPageQuerySchema(PageQuerySchema):
    """Which part of the list; the cursor is the id of a question."""


class VisitPageSchema(StrictSchema):
    """What home cities were asked about me, the newest first."""

    items = fields.Several(fields.Part(VisitSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)
