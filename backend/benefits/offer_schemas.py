"""Wire forms of what citizens do: offers, consents, pausing, codes, applications, and asks about oneself."""

from backend.benefits.answers import Answer
from backend.benefits.code_images import ImageKind
from backend.benefits.code_notices import CodeNotice
from backend.benefits.codes import CODE_LENGTH
from backend.benefits.offers import MERCHANTS_SHOWN, OfferState
from backend.grants.grant import LONGEST_ORDER_NO
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema
from backend.web.paths import CODE_PATTERN
from scenarios.catalogue import BenefitKind

MOST_FEN = 10**11
MOST_SCENARIOS = 500
_NAME, _SENTENCE = 100, 400


class OneTimeCodeSchema(StrictSchema):
    """A one-time code to be made: for one scenario or any, at one merchant or any."""

    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, load_default=None)
    merchant = fields.Text(maximum=40, pattern=CODE_PATTERN, load_default=None)
    image = fields.Choice(ImageKind, load_default=ImageKind.NONE)


class ImageSchema(StrictSchema):
    """A picture: an SVG document as text, a PNG in Base64."""

    media_type = fields.Text(maximum=40, required=True)
    data = fields.Text(maximum=20_000, required=True)


class CodeNoticeSchema(StrictSchema):
    """Why a code may not work, in code and words; for whoever made it alone."""

    code = fields.Choice(CodeNotice, required=True)
    text = fields.Text(maximum=_SENTENCE, required=True)


class MadeCodeSchema(StrictSchema):
    """A code that was made; nobody can read it again."""

    code = fields.Text(maximum=CODE_LENGTH, required=True)
    scenario = fields.Text(maximum=40, required=True, allow_none=True)
    merchant = fields.Text(maximum=40, required=True, allow_none=True)
    expires_at = fields.Moment(required=True)
    image = fields.Part(ImageSchema, required=True, allow_none=True)
    notices = fields.Several(fields.Part(CodeNoticeSchema), maximum=len(CodeNotice), required=True)


class MissingSchema(StrictSchema):
    """One thing that is missing or used up, in code and words."""

    code = fields.Text(maximum=40, required=True)
    text = fields.Text(maximum=_SENTENCE, required=True)


class OfferedAtSchema(StrictSchema):
    """A merchant that gives it, where (GB/T 2260), and what its contract sets."""

    merchant = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=_NAME, required=True)
    region = fields.Text(maximum=6, required=True)
    benefit = fields.Text(maximum=_SENTENCE, required=True)
    limit_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True, allow_none=True)
    charged_percent = fields.Whole(minimum=0, maximum=100, required=True, allow_none=True)
    free_minutes = fields.Whole(minimum=0, maximum=10**6, required=True, allow_none=True)


class OfferSchema(StrictSchema):
    """One offer as it stands for the person who asks; figures that are null are set by the contract."""

    scenario = fields.Text(maximum=40, required=True)
    title = fields.Text(maximum=_NAME, required=True)
    state = fields.Choice(OfferState, required=True)
    state_text = fields.Text(maximum=_NAME, required=True)
    missing = fields.Several(fields.Part(MissingSchema), maximum=20, required=True)
    kind = fields.Choice(BenefitKind, required=True)
    benefit = fields.Text(maximum=_SENTENCE, required=True)
    limit_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True, allow_none=True)
    charged_percent = fields.Whole(minimum=0, maximum=100, required=True, allow_none=True)
    free_minutes = fields.Whole(minimum=0, maximum=10**6, required=True, allow_none=True)
    lasting_days = fields.Whole(minimum=0, maximum=10**5, required=True)
    otherwise = fields.Text(maximum=_SENTENCE, required=True)
    basis = fields.Text(maximum=_SENTENCE, required=True)
    merchants = fields.Several(fields.Part(OfferedAtSchema), maximum=MERCHANTS_SHOWN, required=True)
    has_more_merchants = fields.Truth(required=True)


class NextLevelSchema(StrictSchema):
    """What the next level would add."""

    level = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=_NAME, required=True)
    scenarios = fields.Several(fields.Text(maximum=40), maximum=MOST_SCENARIOS, required=True)


class OffersSchema(StrictSchema):
    """All offers of the city for the person who asks; a visitor has no level here, and sees what he may have."""

    catalogue_version = fields.Text(maximum=40, required=True)
    level = fields.Text(maximum=40, required=True, allow_none=True)
    level_name = fields.Text(maximum=_NAME, required=True, allow_none=True)
    paused_until = fields.Moment(required=True, allow_none=True)
    items = fields.Several(fields.Part(OfferSchema), maximum=MOST_SCENARIOS, required=True)
    next_level = fields.Part(NextLevelSchema, required=True, allow_none=True)


class DeclinedSchema(StrictSchema):
    """Whether a person does not want an offer."""

    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    declined = fields.Truth(required=True)


class PauseSchema(StrictSchema):
    """Until when nobody gives this person a benefit."""

    until = fields.Moment(required=True)


class NewConsentSchema(StrictSchema):
    """A consent to be given: to one merchant, for one scenario or (null) all, until a moment or (null) withdrawn."""

    merchant = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, load_default=None)
    expires_at = fields.Moment(load_default=None, allow_none=True)


class BenefitConsentSchema(StrictSchema):
    """A consent: who is told, for what, about what, until when (PIPL Art. 23). `once` covers a single answer."""

    consent_id = fields.Identifier(required=True)
    merchant = fields.Text(maximum=40, required=True)
    merchant_name = fields.Text(maximum=_NAME, required=True, allow_none=True)
    purpose = fields.Text(maximum=200, required=True)
    told = fields.Text(maximum=_SENTENCE, required=True)
    scenario = fields.Text(maximum=40, required=True, allow_none=True)
    once = fields.Truth(required=True)
    given_at = fields.Moment(required=True)
    expires_at = fields.Moment(required=True, allow_none=True)
    withdrawn_at = fields.Moment(required=True, allow_none=True)


class ConsentQuerySchema(PageQuerySchema):
    """Which page of the consents is wanted."""

    cursor = Cursor(parts=1, load_default=None)


class ConsentPageSchema(StrictSchema):
    """A page of consents to merchants, the newest first."""

    items = fields.Several(fields.Part(BenefitConsentSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class NewApplicationSchema(StrictSchema):
    """A benefit to be reserved at a merchant; amounts in fen, null for all that it allows."""

    merchant = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    amount_fen = fields.Whole(minimum=1, maximum=MOST_FEN, load_default=None)


class ApplicationSchema(StrictSchema):
    """A benefit that is reserved: its grant, the order number to name at the merchant, and until when it waits."""

    grant_id = fields.Identifier(required=True)
    order_no = fields.Text(maximum=LONGEST_ORDER_NO, required=True)
    merchant = fields.Text(maximum=40, required=True)
    merchant_name = fields.Text(maximum=_NAME, required=True)
    scenario = fields.Text(maximum=40, required=True)
    state = fields.Text(maximum=20, required=True)
    held_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True)
    reserved_until = fields.Moment(required=True, allow_none=True)


class AskSchema(StrictSchema):
    """A question of a merchant about the person who reads it. `told` is what the merchant would be told."""

    verification_id = fields.Identifier(required=True)
    merchant = fields.Text(maximum=40, required=True)
    merchant_name = fields.Text(maximum=_NAME, required=True, allow_none=True)
    scenario = fields.Text(maximum=40, required=True)
    title = fields.Text(maximum=_NAME, required=True)
    amount_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True, allow_none=True)
    told = fields.Text(maximum=_SENTENCE, required=True)
    asked_at = fields.Moment(required=True)
    expires_at = fields.Moment(required=True, allow_none=True)
    is_open = fields.Truth(required=True)
    answer = fields.Choice(Answer, required=True)
    because = fields.Part(MissingSchema, required=True, allow_none=True)
    confirmed_at = fields.Moment(required=True, allow_none=True)
    declined_at = fields.Moment(required=True, allow_none=True)
    grant_id = fields.Identifier(required=True, allow_none=True)


class AskListSchema(StrictSchema):
    """The newest questions about the person who reads them."""

    items = fields.Several(fields.Part(AskSchema), maximum=100, required=True)
