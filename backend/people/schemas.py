"""Wire forms of signing in, the agreement and the account."""

from typing_extensions import override

from backend.gateways.refresh_tokens import LONGEST_REFRESH_TOKEN
from backend.people.identity_numbers import holds_resident_id
from backend.people.mini_program import MiniProgramStatus
from backend.people.sessions import Ending, Method
from backend.people.standing import Status
from backend.web.fields import Choice, Day, Identifier, Moment, Part, Several, StrictSchema, Text, Truth, Whole
from backend.web.flaws import refuse_value

_TICKET = r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
_VERSION = r"[A-Za-z0-9.-]+"
_CODE = r"[A-Za-z0-9_-]+"
_SEALED = r"[A-Za-z0-9_-]+={0,2}"


class Device(Text):
    """What a person calls a device, to know it again in the list of sessions; an identity number is refused."""

    def __init__(self) -> None:
        super().__init__(maximum=60, load_default=None)

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if holds_resident_id(text):
            raise refuse_value("holds_identity_number")
        return text


class TicketSchema(StrictSchema):
    """A ticket of the identity provider, as it came; with a refresh token the session of that goes on."""

    ticket = Text(maximum=4096, pattern=_TICKET, required=True)
    device = Device()
    refresh_token = Text(maximum=LONGEST_REFRESH_TOKEN, load_default=None)


class CodeSchema(StrictSchema):
    """A code that the mini-program got from its platform."""

    code = Text(maximum=128, pattern=_CODE, required=True)
    device = Device()


class LinkSchema(StrictSchema):
    """Who the holder of a mini-program account is; with a refresh token the session of that goes on."""

    link_token = Text(maximum=4096, pattern=_SEALED, required=True)
    name = Text(maximum=60, required=True)
    id_number = Text(maximum=40, required=True)
    device = Device()
    refresh_token = Text(maximum=LONGEST_REFRESH_TOKEN, load_default=None)


class RefreshSchema(StrictSchema):
    """A refresh token, as it came; it is exchanged for the next one."""

    refresh_token = Text(maximum=LONGEST_REFRESH_TOKEN, required=True)


class SignedInSchema(StrictSchema):
    """An access token, the refresh token that follows it, and how their owner stands."""

    access_token = Text(maximum=4096, required=True)
    token_type = Text(maximum=10, required=True)
    expires_in = Whole(minimum=1, maximum=3600, required=True)
    refresh_token = Text(maximum=LONGEST_REFRESH_TOKEN, required=True)
    refresh_expires_in = Whole(minimum=0, maximum=90 * 86_400, required=True)
    status = Choice(Status, required=True)


class MiniProgramSignedInSchema(StrictSchema):
    """The tokens of whoever is linked; `link_token` is for linking, and for a fresh proof of who one is."""

    status = Choice(MiniProgramStatus, required=True)
    access_token = Text(maximum=4096, required=True, allow_none=True)
    token_type = Text(maximum=10, required=True, allow_none=True)
    expires_in = Whole(minimum=1, maximum=3600, required=True, allow_none=True)
    refresh_token = Text(maximum=LONGEST_REFRESH_TOKEN, required=True, allow_none=True)
    refresh_expires_in = Whole(minimum=0, maximum=90 * 86_400, required=True, allow_none=True)
    link_token = Text(maximum=4096, required=True)


class SessionSchema(StrictSchema):
    """A session of the person who asks, perhaps ended."""

    session_id = Identifier(required=True)
    method = Choice(Method, required=True)
    device = Text(maximum=60, required=True, allow_none=True)
    opened_at = Moment(required=True)
    last_used_at = Moment(required=True)
    expires_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    ended_because = Choice(Ending, required=True, allow_none=True)
    is_current = Truth(required=True)


class SessionListSchema(StrictSchema):
    """The newest sessions, and since when a mini-program account is linked, if one is."""

    items = Several(Part(SessionSchema), maximum=100, required=True)
    mini_program_linked_at = Moment(required=True, allow_none=True)


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
    scope = Text(maximum=60, required=True)
    agreement_version = Text(maximum=200, required=True)
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
