"""Wire forms of the sandbox."""

from backend.benefits.cards import LONGEST_MINUTES, SHORTEST_MINUTES
from backend.benefits.codes import CODE, CODE_LENGTH
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paths import CODE_PATTERN

MOST_PEOPLE = 99
LONGEST_CARD = 4096
MOST_FEN = 10**11
_NUMBER = "[0-9]{2}"


class SandboxPersonSchema(StrictSchema):
    """A fixed person, invented like everybody here, and what a merchant meets in this one."""

    person_no = fields.Text(minimum=2, maximum=2, pattern=_NUMBER, required=True)
    name = fields.Text(maximum=50, required=True)
    identity_number = fields.Text(maximum=18, required=True)
    purpose = fields.Text(maximum=200, required=True)


class SandboxPeopleSchema(StrictSchema):
    """All fixed people by number."""

    items = fields.Several(fields.Part(SandboxPersonSchema), maximum=MOST_PEOPLE, required=True)


class NewShownCodeSchema(StrictSchema):
    """What the code that a person shows is bound to; a code that names the merchant is the consent for its scan."""

    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, load_default=None)
    merchant = fields.Text(maximum=40, pattern=CODE_PATTERN, load_default=None)


class ShownCodeSchema(StrictSchema):
    """A code as it stands in the symbol that the merchant would scan; good once, until `expires_at`."""

    code = fields.Text(minimum=CODE_LENGTH, maximum=CODE_LENGTH, pattern=CODE, required=True)
    scenario = fields.Text(maximum=40, required=True, allow_none=True)
    merchant = fields.Text(maximum=40, required=True, allow_none=True)
    expires_at = fields.Moment(required=True)


class NewApplicationAtMerchantSchema(StrictSchema):
    """What a person applies for at the calling merchant; the amount in fen, the most there is unless given."""

    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    amount_fen = fields.Whole(minimum=1, maximum=MOST_FEN, load_default=None)


class ApplicationAtMerchantSchema(StrictSchema):
    """What came of it: the grant that the event `grant.reserved` tells of, or nothing."""

    grant_id = fields.Identifier(required=True, allow_none=True)


class NewCardAtMerchantSchema(StrictSchema):
    """A card for the gate of the calling merchant, and for how many minutes."""

    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    minutes = fields.Whole(minimum=SHORTEST_MINUTES, maximum=LONGEST_MINUTES, required=True)


class CardAtMerchantSchema(StrictSchema):
    """The signed text that the gate would read, or nothing."""

    card = fields.Text(maximum=LONGEST_CARD, required=True, allow_none=True)


class ComplaintAtMerchantSchema(StrictSchema):
    """The complaint that the event `complaint.opened` tells of, and until when the merchant is to answer."""

    complaint_id = fields.Identifier(required=True)
    answer_until = fields.Moment(required=True)


class NewSandboxTimeSchema(StrictSchema):
    """The moment to which the clock is moved."""

    now = fields.Moment(required=True)


class SandboxClockSchema(StrictSchema):
    """What time it is in the sandbox, and on the machine, which is what assertions and signatures go by."""

    now = fields.Moment(required=True)
    machine_now = fields.Moment(required=True)
