"""Wire forms of benefit cards and of what lists the status lists."""

from backend.benefits.card_tables import CardEnd
from backend.benefits.cards import LISTS, LONGEST_MINUTES, SHORTEST_MINUTES
from backend.benefits.code_images import ImageKind
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paths import CODE_PATTERN
from scenarios.catalogue import BenefitKind

MOST_LISTED = 100
LONGEST_CARD = 4096
LONGEST_IMAGE = 500_000
MOST_MINUTES = 10**6


class ImageQuerySchema(StrictSchema):
    """Whether a card is wanted as a picture too."""

    image = fields.Choice(ImageKind, load_default=ImageKind.NONE)


class NewCardSchema(ImageQuerySchema):
    """What a card is wanted for: a scenario at a merchant, and for how many minutes, a day at most."""

    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    merchant = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    minutes = fields.Whole(minimum=SHORTEST_MINUTES, maximum=LONGEST_MINUTES, required=True)


class CardTermsSchema(StrictSchema):
    """What is given, in both languages, as the card itself says it; a figure is left out where the kind has none."""

    kind = fields.Choice(BenefitKind, required=True)
    charged_percent = fields.Whole(minimum=1, maximum=100)
    free_minutes = fields.Whole(minimum=1, maximum=MOST_MINUTES)
    zh = fields.Text(maximum=400, required=True)
    en = fields.Text(maximum=400, required=True)


class CardImageSchema(StrictSchema):
    """A picture: an SVG document as text, a PNG in Base64."""

    media_type = fields.Text(maximum=40, required=True)
    data = fields.Text(maximum=LONGEST_IMAGE, required=True)


class CardSchema(StrictSchema):
    """A card as its owner sees it: for whom and for what, until when, and why it ended if it did before its time."""

    card_id = fields.Identifier(required=True)
    merchant = fields.Text(maximum=40, required=True)
    merchant_name = fields.Text(maximum=100, required=True)
    scenario = fields.Text(maximum=40, required=True)
    benefit = fields.Part(CardTermsSchema, required=True)
    made_at = fields.Moment(required=True)
    expires_at = fields.Moment(required=True)
    is_good = fields.Truth(required=True)
    ended_because = fields.Choice(CardEnd, required=True, allow_none=True)


class ShownCardSchema(CardSchema):
    """A card to be shown: the signed text that a gate reads (null when it is not good), and its picture if wanted."""

    card = fields.Text(maximum=LONGEST_CARD, required=True, allow_none=True)
    image = fields.Part(CardImageSchema, required=True, allow_none=True)


class CardListSchema(StrictSchema):
    """The cards that are kept, the newest first."""

    items = fields.Several(fields.Part(CardSchema), maximum=MOST_LISTED, required=True)


class StatusListsSchema(StrictSchema):
    """Where the status lists are that are in use (draft-ietf-oauth-status-list-21, section 9.3)."""

    status_lists = fields.Several(fields.Text(maximum=400), minimum=1, maximum=LISTS, required=True)
