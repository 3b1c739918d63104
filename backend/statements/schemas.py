"""Wire forms of the list of daily statements; a statement itself is a file."""

from datetime import date

from typing_extensions import override

from backend.statements.writing import StatementForm
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.flaws import refuse_value
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema

_HASH_DIGITS = 64
_MOST = 10**15


class DailyStatementQuerySchema(StrictSchema):
    """Of which city day a statement is wanted, and in which form."""

    day = fields.Day(required=True)
    form = fields.Choice(StatementForm, load_default=StatementForm.JSON_LINES)


class DayCursor(Cursor):
    """A cursor that an earlier page gave; loads the last day shown."""

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value a day
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> date:
        (text,) = super()._deserialize(value, attr, data, **kwargs)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise refuse_value("not_a_cursor") from None


class StatementPageQuerySchema(PageQuerySchema):
    """Which page of statements is wanted."""

    cursor = DayCursor(parts=1, load_default=None)


class DailyStatementSchema(StrictSchema):
    """The proof of a statement: SHA-256 of its JSON Lines and of those of the day before, and its sums in fen."""

    day = fields.Day(required=True)
    sha256 = fields.Text(minimum=_HASH_DIGITS, maximum=_HASH_DIGITS, required=True)
    previous = fields.Text(minimum=_HASH_DIGITS, maximum=_HASH_DIGITS, required=True)
    grants = fields.Whole(minimum=0, maximum=_MOST, required=True)
    verifications = fields.Whole(minimum=0, maximum=_MOST, required=True)
    opening_fen = fields.Whole(minimum=0, maximum=_MOST, required=True)
    held_fen = fields.Whole(minimum=0, maximum=_MOST, required=True)
    released_fen = fields.Whole(minimum=0, maximum=_MOST, required=True)
    closing_fen = fields.Whole(minimum=0, maximum=_MOST, required=True)
    final_fen = fields.Whole(minimum=0, maximum=_MOST, required=True)


class StatementPageSchema(StrictSchema):
    """A page of statements that were closed, the newest day first."""

    items = fields.Several(fields.Part(DailyStatementSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)
