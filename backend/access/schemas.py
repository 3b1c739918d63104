"""Wire forms of access entries."""

from uuid import UUID

from typing_extensions import override

from backend.access.entries import MAX_ANSWERED, Purpose
from backend.principals import PrincipalKind
from backend.web.fields import Choice, Identifier, JsonObject, Moment, Part, Several, StrictSchema, Text
from backend.web.flaws import refuse_value
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema


class EntryCursor(Cursor):
    """A cursor that an earlier page of access entries gave; loads the id of the last entry shown."""

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value an id
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> UUID:
        (text,) = super()._deserialize(value, attr, data, **kwargs)
        try:
            return UUID(text)
        except ValueError:
            raise refuse_value("not_a_cursor") from None


class EntryPageQuerySchema(PageQuerySchema):
    """Which page of the entries is wanted."""

    cursor = EntryCursor(parts=1, load_default=None)


class AskerSchema(StrictSchema):
    """Who looked: the kind of caller in code and words, its registered code, its name, and who acted for it."""

    kind = Choice(PrincipalKind, required=True)
    kind_text = Text(maximum=40, required=True)
    code = Text(maximum=64, required=True)
    name = Text(maximum=200, required=True, allow_none=True)
    acting = Text(maximum=128, required=True, allow_none=True)


class PurposeSchema(StrictSchema):
    """What the look was for, in code and words."""

    code = Choice(Purpose, required=True)
    text = Text(maximum=200, required=True)


class AccessEntrySchema(StrictSchema):
    """One look at the person's data."""

    entry_id = Identifier(required=True)
    asked_at = Moment(required=True)
    asker = Part(AskerSchema, required=True)
    purpose = Part(PurposeSchema, required=True)
    basis = Text(maximum=400, required=True)
    answered = JsonObject(maximum=MAX_ANSWERED, required=True)
    answered_text = Text(maximum=600, required=True, allow_none=True)
    case_no = Text(maximum=100, required=True, allow_none=True)


class AccessEntryPageSchema(StrictSchema):
    """A page of looks, newest first."""

    items = Several(Part(AccessEntrySchema), maximum=MAX_LIMIT, required=True)
    next_cursor = Text(maximum=MAX_CURSOR, required=True, allow_none=True)
