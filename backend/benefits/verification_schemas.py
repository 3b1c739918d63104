"""Wire forms of verifications and asks: what merchants send, and what they are answered."""

from backend.benefits.answers import Answer, Reason
from backend.benefits.codes import CODE, CODE_LENGTH
from backend.benefits.probing import Miss
from backend.grants.grant import LONGEST_ORDER_NO, ORDER_NO, Via
from backend.people.identity_numbers import LENGTH, OLD_FOREIGN_LENGTH
from backend.records.row_forms import OpenText
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paths import CODE_PATTERN
from scenarios.catalogue import BenefitKind

MOST_FEN = 10**11
_SENTENCE = 400


def _order_no() -> OpenText:
    """The merchant's own key of a question; an identity number is refused, it would stand in addresses."""
    return OpenText(maximum=LONGEST_ORDER_NO, pattern=ORDER_NO, required=True)


class NewVerificationSchema(StrictSchema):
    """A scanned code: for which scenario, under which key of the merchant; amounts in fen."""

    order_no = _order_no()
    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    code = fields.Text(minimum=CODE_LENGTH, maximum=CODE_LENGTH, pattern=CODE, required=True)
    amount_fen = fields.Whole(minimum=1, maximum=MOST_FEN, load_default=None)


class NewAskSchema(StrictSchema):
    """A question about the owner of an identity number, who answers in the app."""

    order_no = _order_no()
    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    identity_number = fields.Text(minimum=OLD_FOREIGN_LENGTH, maximum=LENGTH, required=True)
    amount_fen = fields.Whole(minimum=1, maximum=MOST_FEN, load_default=None)


class OrderQuerySchema(StrictSchema):
    """By which key of the merchant a verification is looked for."""

    order_no = _order_no()


class GivenBenefitSchema(StrictSchema):
    """What is given: amounts in fen, `charged_percent` is what is left of a price."""

    kind = fields.Choice(BenefitKind, required=True)
    text = fields.Text(maximum=_SENTENCE, required=True)
    amount_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True, allow_none=True)
    charged_percent = fields.Whole(minimum=0, maximum=100, required=True, allow_none=True)
    free_minutes = fields.Whole(minimum=0, maximum=10**6, required=True, allow_none=True)
    lasting_days = fields.Whole(minimum=0, maximum=10**5, required=True)
    reserved_until = fields.Moment(required=True, allow_none=True)
    ends_at = fields.Moment(required=True, allow_none=True)


class WhySchema(StrictSchema):
    """Why there is no benefit, in code and words: nothing that lies with the person is ever told."""

    code = fields.Choice(Reason, required=True)
    text = fields.Text(maximum=_SENTENCE, required=True)


class VerificationSchema(StrictSchema):
    """A question and its answer. `otherwise` is the ordinary offer, which is to be made without a benefit."""

    verification_id = fields.Identifier(required=True)
    order_no = fields.Text(maximum=LONGEST_ORDER_NO, required=True)
    via = fields.Choice(Via, required=True)
    scenario = fields.Text(maximum=40, required=True)
    answer = fields.Choice(Answer, required=True)
    reason = fields.Part(WhySchema, required=True, allow_none=True)
    grant_id = fields.Identifier(required=True, allow_none=True)
    benefit = fields.Part(GivenBenefitSchema, required=True, allow_none=True)
    otherwise = fields.Text(maximum=_SENTENCE, required=True, allow_none=True)
    asked_at = fields.Moment(required=True)
    expires_at = fields.Moment(required=True, allow_none=True)
    answered_at = fields.Moment(required=True, allow_none=True)


class ProbeWindowSchema(StrictSchema):
    """Ten minutes in which a merchant missed so often that it was slowed down."""

    merchant = fields.Text(maximum=40, required=True)
    miss = fields.Choice(Miss, required=True)
    misses = fields.Whole(minimum=0, maximum=10**9, required=True)
    starts_at = fields.Moment(required=True)
    slowed_at = fields.Moment(required=True)


class ProbeListSchema(StrictSchema):
    """Such windows, the newest first."""

    items = fields.Several(fields.Part(ProbeWindowSchema), maximum=100, required=True)
