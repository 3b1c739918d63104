"""Wire forms of what citizens see of the exchange with other cities, and let be told there."""

from enum import StrEnum

from backend.disclosures.score_cards import LONGEST_MINUTES, SHORTEST_MINUTES
from backend.disclosures.tables import DisclosureEnd
from backend.disclosures.telling import Silence
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema
from backend.web.paths import CODE_PATTERN
from scenarios.treaty import FlagKind, OnSuspension, Role, Scope, TreatyPurpose

MOST_CITIES, MOST_SCENARIOS, MOST_PARTS = 500, 500, 20
LONGEST_CARD = 8192
MOST_POINTS, MOST_HOURS = 10**6, 10**5
_CODE, _NAME, _SENTENCE, _MOMENT = 64, 200, 600, 40


class Via(StrEnum):
    """How a city was told something."""

    QUESTION = "question"
    CARD = "card"


class CardScope(StrEnum):
    """What a score card can say."""

    LEVEL = "level"
    SCORE = "score"


class CityTreatySchema(StrictSchema):
    """The treaty in force: its version, its name, and what it rests on."""

    id = fields.Text(maximum=_CODE * 2, required=True)
    version = fields.Text(maximum=_CODE, required=True)
    title = fields.Text(maximum=_NAME, required=True)
    starts_on = fields.Day(required=True)
    ends_on = fields.Day(required=True)
    basis = fields.Text(maximum=_SENTENCE, required=True)


class ToldScopeSchema(StrictSchema):
    """A scope of a treaty, and what is told in it."""

    code = fields.Choice(Scope, required=True)
    told = fields.Text(maximum=_SENTENCE, required=True)


class ToldPurposeSchema(StrictSchema):
    """What a city may be told something for."""

    code = fields.Choice(TreatyPurpose, required=True)
    text = fields.Text(maximum=_NAME, required=True)


class VisitorScenarioSchema(StrictSchema):
    """A scenario of the other city that visitors may have."""

    code = fields.Text(maximum=_CODE, required=True)
    title = fields.Text(maximum=_NAME, required=True)


class TreatySuspensionSchema(StrictSchema):
    """What becomes of what was told before while the treaty is suspended."""

    code = fields.Choice(OnSuspension, required=True)
    text = fields.Text(maximum=_SENTENCE, required=True)


class ExchangeCitySchema(StrictSchema):
    """A city with a treaty in force, and what it may be told about whoever consents."""

    city = fields.Text(maximum=_CODE, required=True)
    title = fields.Text(maximum=_NAME, required=True)
    treaty = fields.Part(CityTreatySchema, required=True)
    scopes = fields.Several(fields.Part(ToldScopeSchema), maximum=len(Scope), required=True)
    purposes = fields.Several(fields.Part(ToldPurposeSchema), maximum=len(TreatyPurpose), required=True)
    scenarios = fields.Several(fields.Part(VisitorScenarioSchema), maximum=MOST_SCENARIOS, required=True)
    data_life_hours = fields.Whole(minimum=0, maximum=MOST_HOURS, required=True)
    on_suspension = fields.Part(TreatySuspensionSchema, required=True)


class ExchangeCityListSchema(StrictSchema):
    """The cities with a treaty in force, by code."""

    items = fields.Several(fields.Part(ExchangeCitySchema), maximum=MOST_CITIES, required=True)


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


class PreviewQuerySchema(StrictSchema):
    """What a city would ask: a scenario with the scope `entitlement` only, and all of them without one."""

    city = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    scope = fields.Choice(Scope, required=True)
    purpose = fields.Choice(TreatyPurpose, required=True)
    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, load_default=None)


class SilenceSchema(StrictSchema):
    """Why nothing would be told, in code and words; the other city never learns it."""

    code = fields.Choice(Silence, required=True)
    text = fields.Text(maximum=_SENTENCE, required=True)


class ExchangePreviewSchema(StrictSchema):
    """What would leave now: to whom, by which treaty, what exactly and until when; `because` where it is nothing."""

    city = fields.Text(maximum=_CODE, required=True)
    city_title = fields.Text(maximum=_NAME, required=True)
    treaty = fields.Part(CityTreatySchema, required=True)
    scope = fields.Part(ToldScopeSchema, required=True)
    purpose = fields.Part(ToldPurposeSchema, required=True)
    content = fields.Part(ToldContentSchema, required=True)
    until = fields.Moment(required=True, allow_none=True)
    is_consented = fields.Truth(required=True)
    because = fields.Part(SilenceSchema, required=True, allow_none=True)


class NewCityConsentSchema(StrictSchema):
    """A consent to be given: to one city, for one purpose, in one scope; of one scenario or (null) all that it has."""

    city = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    purpose = fields.Choice(TreatyPurpose, required=True)
    scope = fields.Choice(Scope, required=True)
    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, load_default=None)
    expires_at = fields.Moment(load_default=None, allow_none=True)


class CityConsentSchema(StrictSchema):
    """A consent: who is told what, for what, until when (PIPL Art. 23). `once` came with a score card."""

    consent_id = fields.Identifier(required=True)
    city = fields.Text(maximum=_CODE, required=True)
    city_title = fields.Text(maximum=_NAME, required=True)
    purpose = fields.Part(ToldPurposeSchema, required=True)
    scope = fields.Part(ToldScopeSchema, required=True)
    scenario = fields.Text(maximum=_CODE, required=True, allow_none=True)
    once = fields.Truth(required=True)
    given_at = fields.Moment(required=True)
    expires_at = fields.Moment(required=True, allow_none=True)
    withdrawn_at = fields.Moment(required=True, allow_none=True)


class ConsentPageQuerySchema(PageQuerySchema):
    """Which page of the consents is wanted."""

    cursor = Cursor(parts=1, load_default=None)


class CityConsentPageSchema(StrictSchema):
    """A page of consents to cities, the newest first."""

    items = fields.Several(fields.Part(CityConsentSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class MomentPageQuerySchema(PageQuerySchema):
    """Which page of what has happened is wanted."""

    cursor = Cursor(parts=2, load_default=None)


class DisclosureSchema(StrictSchema):
    """What a city was told: when, for what, for which case, until when it may be used, and what became of it.

    `content` is as it stood last. `deleted_at` is when that city confirmed that it deleted what had ended.
    """

    question_id = fields.Identifier(required=True)
    city = fields.Text(maximum=_CODE, required=True)
    city_title = fields.Text(maximum=_NAME, required=True)
    treaty_id = fields.Text(maximum=_CODE * 2, required=True)
    treaty_version = fields.Text(maximum=_CODE, required=True)
    via = fields.Choice(Via, required=True)
    scope = fields.Part(ToldScopeSchema, required=True)
    purpose = fields.Part(ToldPurposeSchema, required=True)
    role = fields.Choice(Role, required=True)
    acting = fields.Text(maximum=128, required=True, allow_none=True)
    case_no = fields.Text(maximum=100, required=True, allow_none=True)
    consent_id = fields.Identifier(required=True)
    content = fields.Part(ToldContentSchema, required=True)
    told_at = fields.Moment(required=True)
    until = fields.Moment(required=True)
    corrected_at = fields.Moment(required=True, allow_none=True)
    ended_at = fields.Moment(required=True, allow_none=True)
    ended_because = fields.Choice(DisclosureEnd, required=True, allow_none=True)
    deleted_at = fields.Moment(required=True, allow_none=True)


class DisclosurePageSchema(StrictSchema):
    """A page of what was told, the latest first."""

    items = fields.Several(fields.Part(DisclosureSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class UsedAwaySchema(StrictSchema):
    """Something that was used in another city, as that city reported it."""

    use_id = fields.Identifier(required=True)
    city = fields.Text(maximum=_CODE, required=True)
    city_title = fields.Text(maximum=_NAME, required=True)
    question_id = fields.Identifier(required=True)
    scenario = fields.Text(maximum=_NAME, required=True)
    title = fields.Text(maximum=_NAME, required=True)
    place = fields.Text(maximum=_NAME, required=True)
    state = fields.Text(maximum=_NAME, required=True)
    happened_at = fields.Moment(required=True)
    reported_at = fields.Moment(required=True)


class UsedAwayPageSchema(StrictSchema):
    """A page of what was used away from home, the latest first."""

    items = fields.Several(fields.Part(UsedAwaySchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class NewScoreCardSchema(StrictSchema):
    """A card to be carried to one city: what it says, and for how many minutes, a day at most."""

    city = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    scope = fields.Choice(CardScope, required=True)
    minutes = fields.Whole(minimum=SHORTEST_MINUTES, maximum=LONGEST_MINUTES, required=True)


class MyScoreCardSchema(StrictSchema):
    """A card that was made: its signed text, which nobody can read again here, and what it says."""

    card_id = fields.Identifier(required=True)
    consent_id = fields.Identifier(required=True)
    city = fields.Text(maximum=_CODE, required=True)
    city_title = fields.Text(maximum=_NAME, required=True)
    scope = fields.Part(ToldScopeSchema, required=True)
    content = fields.Part(ToldContentSchema, required=True)
    card = fields.Text(maximum=LONGEST_CARD, required=True)
    made_at = fields.Moment(required=True)
    expires_at = fields.Moment(required=True)
