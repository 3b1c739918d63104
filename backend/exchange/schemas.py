"""Wire forms of the protocol between cities; docs/partner-protocol.md says what they mean."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from marshmallow import ValidationError, validates_schema
from typing_extensions import override

from backend.grants.grant import GrantState
from backend.partners.notices import NoticeKind
from backend.partners.protocol import MOST_SCENARIOS, PROTOCOL
from backend.partners.shown_texts import is_plain_text
from backend.records.mapping_faults import find_identity_numbers
from backend.records.row_forms import OpenText
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.flaws import refuse_value
from backend.web.writing import make_form
from scenarios.treaty import Role, Scope, TreatyPurpose

CITY = r"[a-z][a-z0-9_]{1,39}"
WORD = r"[a-z][a-z0-9_]{0,63}"
DIGEST = r"[0-9a-f]{64}"
LONGEST_SEALED = 4096
MOST_QUESTIONS = 500
# Five parts (RFC 7516), so that a number which somebody forgot to seal is refused before anything is written down.
SEALED = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){4}"
# What names a case, a treaty or who acts has no more than 14 digits in a row: nothing that could be an identity number.
NAMED = r"(?!.*[0-9]{15})[!-~]+"
TREATY = r"(?!.*[0-9]{15})[a-z0-9_-]+"
VERSION = r"(?!.*[0-9]{15})[A-Za-z0-9._-]+"


class Version(StrEnum):
    """The versions of the protocol that are spoken under this path."""

    ONE = PROTOCOL


class OpenObject(fields.JsonObject):
    """An object that is kept as it stands, in the log of messages, and so may hold no resident id anywhere."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> dict[str, object]:
        found = super()._deserialize(value, attr, data, **kwargs)
        if find_identity_numbers(found):
            raise refuse_value("holds_identity_number")
        return found


class ShownName(OpenText):
    """A name that people are shown as it is."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if not is_plain_text(name):
            raise refuse_value("no_name")
        return name


class AddressedSchema(StrictSchema):
    """What every message of one city to another says: the version of the protocol, and between whom it goes."""

    protocol = fields.Choice(Version, required=True)
    sender = fields.Text(maximum=40, pattern=CITY, required=True, data_key="from")
    receiver = fields.Text(maximum=40, pattern=CITY, required=True, data_key="to")


class TreatyNameSchema(StrictSchema):
    """Which version of which treaty is meant, and the SHA-256 of its text."""

    id = fields.Text(maximum=100, pattern=TREATY, required=True)
    version = fields.Text(maximum=40, pattern=VERSION, required=True)
    digest = fields.Text(maximum=64, pattern=DIGEST, required=True)


class QuestionSchema(AddressedSchema):
    """What a city asks about a person, who is named by a number that only the receiving city can open."""

    question_id = fields.Identifier(required=True)
    asked_at = fields.Moment(required=True)
    treaty = fields.Part(TreatyNameSchema, required=True)
    person = fields.Text(maximum=LONGEST_SEALED, pattern=SEALED, required=True)
    scope = fields.Choice(Scope, required=True)
    scenarios = fields.Several(fields.Text(maximum=64, pattern=WORD), maximum=MOST_SCENARIOS, required=True)
    purpose = fields.Choice(TreatyPurpose, required=True)
    role = fields.Choice(Role, required=True)
    acting = fields.Text(maximum=64, pattern=NAMED, required=True)
    acting_name = ShownName(maximum=100, required=True, allow_none=True)
    case_no = fields.Text(maximum=64, pattern=NAMED, required=True)


class AnswerSchema(StrictSchema):
    """What is answered: `content` has the form of the scope that was asked for, empty where nothing is told."""

    protocol = fields.Choice(Version, required=True)
    question_id = fields.Identifier(required=True)
    question_digest = fields.Text(maximum=64, pattern=DIGEST, required=True)
    answered_at = fields.Moment(required=True)
    until = fields.Moment(required=True, allow_none=True)
    content = fields.JsonObject(maximum=4, required=True)


class WithdrawnSchema(StrictSchema):
    """The person has withdrawn the consent on which these questions were answered: delete what was told."""

    question_ids = fields.Several(fields.Identifier(), minimum=1, maximum=MOST_QUESTIONS, required=True)


class CorrectedSchema(StrictSchema):
    """What was answered is right no more: this stands in its place, or nothing where it is empty."""

    question_id = fields.Identifier(required=True)
    content = OpenObject(maximum=4, required=True)
    until = fields.Moment(required=True, allow_none=True)


class UsedSchema(StrictSchema):
    """What somebody used away from home by an answer; the highest `step` of a use says how it stands."""

    question_id = fields.Identifier(required=True)
    use_id = fields.Identifier(required=True)
    scenario = fields.Text(maximum=64, pattern=WORD, required=True)
    title = OpenText(maximum=200, required=True)
    place = OpenText(maximum=200, required=True)
    state = fields.Choice(GrantState, required=True)
    step = fields.Whole(minimum=1, maximum=10**6, required=True)
    happened_at = fields.Moment(required=True)


class TreatyChangeSchema(StrictSchema):
    """The version of a treaty that the sender suspends or resumes."""

    treaty_id = fields.Text(maximum=100, pattern=TREATY, required=True)
    version = fields.Text(maximum=40, pattern=VERSION, required=True)


CONTENTS: Mapping[NoticeKind, type[StrictSchema]] = MappingProxyType(
    {
        NoticeKind.WITHDRAWN: WithdrawnSchema,
        NoticeKind.CORRECTED: CorrectedSchema,
        NoticeKind.USED: UsedSchema,
        NoticeKind.SUSPENDED: TreatyChangeSchema,
        NoticeKind.RESUMED: TreatyChangeSchema,
    }
)


class NoticeSchema(AddressedSchema):
    """What a city tells another one unasked; `content` has the form of its kind."""

    notice_id = fields.Identifier(required=True)
    kind = fields.Choice(NoticeKind, required=True)
    left_at = fields.Moment(required=True)
    content = fields.JsonObject(maximum=12, required=True)

    @validates_schema
    def check_content(self, data: Mapping[str, Any], **_: object) -> None:
        """Refuse a content that has not the form of its kind."""
        flaws = make_form(CONTENTS[data["kind"]]).validate(data["content"])
        if flaws:
            raise ValidationError({"content": flaws})


class NoticeConfirmationSchema(StrictSchema):
    """What was done upon a notice."""

    protocol = fields.Choice(Version, required=True)
    notice_id = fields.Identifier(required=True)
    notice_digest = fields.Text(maximum=64, pattern=DIGEST, required=True)
    confirmed_at = fields.Moment(required=True)
    done = fields.JsonObject(maximum=4, required=True)


class PublicKeySchema(StrictSchema):
    """A public key of this city (RFC 7517): `use` is `sig` for signatures, `enc` for what is sealed to us."""

    kid = fields.Text(maximum=64, required=True)
    kty = fields.Text(maximum=2, required=True)
    crv = fields.Text(maximum=5, required=True)
    x = fields.Text(maximum=43, required=True)
    y = fields.Text(maximum=43, required=True)
    use = fields.Text(maximum=3, required=True)
    alg = fields.Text(maximum=14, required=True)


class KeySetSchema(StrictSchema):
    """The public keys of this city that are in use."""

    keys = fields.Several(fields.Part(PublicKeySchema), maximum=20, required=True)
