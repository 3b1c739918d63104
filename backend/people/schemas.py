"""Wire forms of signing in, the agreement and the account."""

from backend.people.standing import Status
from backend.web.fields import Choice, Day, Identifier, Moment, Part, Several, StrictSchema, Text, Truth, Whole

_TICKET = r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
_VERSION = r"[A-Za-z0-9.-]+"


class TicketSchema(StrictSchema):
    """A ticket of the identity provider, as it came."""

    ticket = Text(maximum=4096, pattern=_TICKET, required=True)


class SignedInSchema(StrictSchema):
    """An access token and how its owner stands."""

    access_token = Text(maximum=4096, required=True)
    token_type = Text(maximum=10, required=True)
    expires_in = Whole(minimum=1, maximum=3600, required=True)
    status = Choice(Status, required=True)


class ConsentChoiceSchema(StrictSchema):
    """What a person consents to on opening an account; `score`: that a score is computed and shown to him."""

    score = Truth(required=True)


class NewAccountSchema(StrictSchema):
    """The version of the agreement that the person has read, and the consent given with it."""

    agreement_version = Text(maximum=20, pattern=_VERSION, required=True)
    consent = Part(ConsentChoiceSchema, required=True)


class ConsentSchema(StrictSchema):
    """A consent that was given, perhaps withdrawn since."""

    consent_id = Identifier(required=True)
    purpose = Text(maximum=40, required=True)
    recipient = Text(maximum=60, required=True)
    scope = Text(maximum=40, required=True)
    agreement_version = Text(maximum=20, required=True)
    given_at = Moment(required=True)
    expires_at = Moment(required=True, allow_none=True)
    withdrawn_at = Moment(required=True, allow_none=True)


class AccountSchema(StrictSchema):
    """How a person stands, in code and in words, and what can be done about it."""

    status = Choice(Status, required=True)
    status_text = Text(maximum=100, required=True)
    what_next = Text(maximum=300, required=True)
    opened_on = Day(required=True, allow_none=True)
    agreement_version = Text(maximum=20, required=True, allow_none=True)
    current_agreement_version = Text(maximum=20, required=True)
    consents = Several(Part(ConsentSchema), maximum=10_000, required=True)


class SectionSchema(StrictSchema):
    """One heading of the agreement, and what stands under it."""

    heading = Text(maximum=60, required=True)
    text = Text(maximum=4000, required=True)


class AgreementSchema(StrictSchema):
    """The edition of the agreement that is in force."""

    version = Text(maximum=20, required=True)
    effective_on = Day(required=True)
    language = Text(maximum=10, required=True)
    title = Text(maximum=100, required=True)
    sections = Several(Part(SectionSchema), maximum=50, required=True)
