"""Wire forms of what citizens see of the exchange with other cities, and let be told there."""

from enum import StrEnum

from backend.disclosures.content_schemas import MOST_SCENARIOS, ToldContentSchema
from backend.disclosures.score_cards import LONGEST_MINUTES, SHORTEST_MINUTES
from backend.disclosures.tables import DisclosureEnd
from backend.disclosures.telling import Silence
from backend.grants.grant import GrantState
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema
from backend.web.paths import CODE_PATTERN
from scenarios.treaty import OnSuspension, Role, Scope, TreatyPurpose

MOST_CITIES, MOST_HOURS = 500, 10**5
LONGEST_CARD = 8192
_CODE, _NAME, _SENTENCE, _NOTE = 64, 200, 600, 4000


class Via(StrEnum):
    """How a city was told something."""

    QUESTION = "question"
    CARD = "card"


class CardScope(StrEnum):
    """What a score card can say."""

    LEVEL = "level"
    SCORE = "score"


class CityReceiverSchema(StrictSchema):
    """Who receives what is told: the legal name of who processes it there, how to reach it, and how it is told."""

    authority = fields.Text(maximum=_NAME, required=True)
    contact = fields.Text(maximum=_NAME, required=True)
    method = fields.Text(maximum=_SENTENCE, required=True)


class CityTreatySchema(StrictSchema):
    """The treaty in force: its version, its name, what it rests on, and what in it the two cities chose themselves."""

    id = fields.Text(maximum=_CODE * 2, required=True)
    version = fields.Text(maximum=_CODE, required=True)
    title = fields.Text(maximum=_NAME, required=True)
    starts_on = fields.Day(required=True)
    ends_on = fields.Day(required=True)
    basis = fields.Text(maximum=_SENTENCE, required=True)
    note = fields.Text(maximum=_NOTE, required=True)


class ToldScopeSchema(StrictSchema):
    """A scope of a treaty, and what is told in it."""

    code = fields.Choice(Scope, required=True)
    told = fields.Text(maximum=_SENTENCE, required=True)


class ToldPurposeSchema(StrictSchema):
    """What a city may be told something for."""

    code = fields.Choice(TreatyPurpose, required=True)
    text = fields.Text(maximum=_SENTENCE, required=True)


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
    receiver = fields.Part(CityReceiverSchema, required=True)
    treaty = fields.Part(CityTreatySchema, required=True)
    scopes = fields.Several(fields.Part(ToldScopeSchema), maximum=len(Scope), required=True)
    purposes = fields.Several(fields.Part(ToldPurposeSchema), maximum=len(TreatyPurpose), required=True)
    scenarios = fields.Several(fields.Part(VisitorScenarioSchema), maximum=MOST_SCENARIOS, required=True)
    data_life_hours = fields.Whole(minimum=0, maximum=MOST_HOURS, required=True)
    on_suspension = fields.Part(TreatySuspensionSchema, required=True)


class ExchangeCityListSchema(StrictSchema):
    """The cities with a treaty in force, by code."""

    items = fields.Several(fields.Part(ExchangeCitySchema), maximum=MOST_CITIES, required=True)


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
    receiver = fields.Part(CityReceiverSchema, required=True)
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
    """A consent: who is told what, for what, how and until when (PIPL Art. 23). `once` came with a score card.

    It counts under the version of the treaty that it names: with `is_outdated` another one is in force, and it must be
    given anew.
    """

    consent_id = fields.Identifier(required=True)
    city = fields.Text(maximum=_CODE, required=True)
    city_title = fields.Text(maximum=_NAME, required=True)
    receiver = fields.Part(CityReceiverSchema, required=True, allow_none=True)
    purpose = fields.Part(ToldPurposeSchema, required=True)
    scope = fields.Part(ToldScopeSchema, required=True)
    scenario = fields.Text(maximum=_CODE, required=True, allow_none=True)
    treaty_id = fields.Text(maximum=_CODE * 2, required=True)
    treaty_version = fields.Text(maximum=_CODE, required=True)
    is_outdated = fields.Truth(required=True)
    once = fields.Truth(required=True)
    given_at = fields.Moment(required=True)
    expires_at = fields.Moment(required=True, allow_none=True)
    withdrawn_at = fields.Moment(required=True, allow_none=True)


class CityQuerySchema(StrictSchema):
    """Which city is meant."""

    city = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)


class WithdrawnFromCitySchema(StrictSchema):
    """How many consents to a city stood and were withdrawn, and how much of what it was told ended by that."""

    city = fields.Text(maximum=_CODE, required=True)
    city_title = fields.Text(maximum=_NAME, required=True)
    withdrawn_consents = fields.Whole(minimum=0, maximum=10**6, required=True)
    ended_disclosures = fields.Whole(minimum=0, maximum=10**6, required=True)


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

    `content` is as it stood last. `acting_name` is what a merchant is called there. `deleted_at` is when that city
    confirmed that it deleted what had ended.
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
    acting_name = fields.Text(maximum=100, required=True, allow_none=True)
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
    state = fields.Choice(GrantState, required=True)
    state_text = fields.Text(maximum=_NAME, required=True)
    happened_at = fields.Moment(required=True)
    reported_at = fields.Moment(required=True)


class UsedAwayPageSchema(StrictSchema):
    """A page of what was used away from home, the latest first."""

    items = fields.Several(fields.Part(UsedAwaySchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class NewScoreCardSchema(StrictSchema):
    """A card to be carried to one city: what it says, for how many minutes, a day at most, and what for.

    Only by one for `benefit` that city gives anything; one for `own_view` shows what it says.
    """

    city = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    scope = fields.Choice(CardScope, required=True)
    minutes = fields.Whole(minimum=SHORTEST_MINUTES, maximum=LONGEST_MINUTES, required=True)
    purpose = fields.Choice(TreatyPurpose, load_default=TreatyPurpose.OWN_VIEW)


class MyScoreCardSchema(StrictSchema):
    """A card that was made: its signed text, which nobody can read again here, and what it says."""

    card_id = fields.Identifier(required=True)
    consent_id = fields.Identifier(required=True)
    city = fields.Text(maximum=_CODE, required=True)
    city_title = fields.Text(maximum=_NAME, required=True)
    purpose = fields.Part(ToldPurposeSchema, required=True)
    scope = fields.Part(ToldScopeSchema, required=True)
    content = fields.Part(ToldContentSchema, required=True)
    card = fields.Text(maximum=LONGEST_CARD, required=True)
    made_at = fields.Moment(required=True)
    expires_at = fields.Moment(required=True)
