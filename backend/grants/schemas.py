"""Wire forms of grants: what a merchant sees of them, which names nobody, and what a citizen sees of his own."""

from datetime import date
from typing import Unpack
from uuid import UUID

from typing_extensions import override

from backend.grants.grant import LONGEST_ORDER_NO, ORDER_NO, Actor, GrantState, Via
from backend.records.row_forms import OpenText
from backend.web import fields
from backend.web.fields import Options, StrictSchema, check_text
from backend.web.flaws import refuse_value
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema
from backend.web.paths import CODE_PATTERN

MOST_FEN = 10**12
MOST_EVENTS = 1000
LONGEST_STATES = 100


class MerchantGrantCursor(Cursor):
    """A cursor that an earlier page of a merchant's grants gave; loads day and id of the last grant shown."""

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value a day and an id
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> tuple[date, UUID]:
        day, grant_id = super()._deserialize(value, attr, data, **kwargs)
        try:
            return date.fromisoformat(day), UUID(grant_id)
        except ValueError:
            raise refuse_value("not_a_cursor") from None


class CitizenGrantCursor(Cursor):
    """A cursor that an earlier page of one's own grants gave; loads the id of the last grant shown."""

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value an id
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> UUID:
        (text,) = super()._deserialize(value, attr, data, **kwargs)
        try:
            return UUID(text)
        except ValueError:
            raise refuse_value("not_a_cursor") from None


class QueryStates(fields.Text):
    """One or several states of grants in a query, `overdue,broken`; loads the set of them."""

    def __init__(self, **options: Unpack[Options]) -> None:
        name = f"({'|'.join(state.value for state in GrantState)})"
        super().__init__(maximum=LONGEST_STATES, pattern=f"{name}(,{name})*", **options)

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value a set
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> frozenset[GrantState]:
        check_text(value, minimum=1, maximum=LONGEST_STATES)
        names = str(value).split(",")
        if not {state.value for state in GrantState}.issuperset(names):
            raise refuse_value("not_a_choice", choices=", ".join(GrantState))
        return frozenset(map(GrantState, names))


class MerchantGrantPageQuerySchema(PageQuerySchema):
    """Which grants are wanted: a page of all, of those that stand in one of some states now, or the one of an order."""

    cursor = MerchantGrantCursor(parts=2, load_default=None)
    order_no = OpenText(maximum=LONGEST_ORDER_NO, pattern=ORDER_NO, load_default=None)
    state = QueryStates(load_default=None)


class CitizenGrantPageQuerySchema(PageQuerySchema):
    """Which page of one's grants is wanted."""

    cursor = CitizenGrantCursor(parts=1, load_default=None)


class LowerHoldSchema(StrictSchema):
    """What a grant is to hold from now on, in fen; not more than it holds."""

    held_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True)


class FinalAmountSchema(StrictSchema):
    """How a grant ended, in fen: what the person paid to the merchant. 0 says that all is well."""

    final_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True)


class OwedAmountSchema(StrictSchema):
    """What is owed of a broken promise, in fen; where nothing is, the grant is settled instead."""

    final_fen = fields.Whole(minimum=1, maximum=MOST_FEN, required=True)


class GrantSchema(StrictSchema):
    """A grant as its merchant sees it.

    `held_fen` is what it holds now, `agreed_fen` what it began with. At `due_at` it changes by itself: a reserved one
    lapses, one in use becomes overdue, one that was left overdue is settled at 0.
    """

    grant_id = fields.Identifier(required=True)
    order_no = fields.Text(maximum=LONGEST_ORDER_NO, required=True)
    scenario = fields.Text(maximum=40, pattern=CODE_PATTERN, required=True)
    via = fields.Choice(Via, required=True)
    state = fields.Choice(GrantState, required=True)
    agreed_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True)
    held_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True)
    final_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True, allow_none=True)
    clerk = fields.Text(maximum=64, required=True, allow_none=True)
    granted_at = fields.Moment(required=True)
    due_at = fields.Moment(required=True, allow_none=True)
    started_at = fields.Moment(required=True, allow_none=True)
    ends_at = fields.Moment(required=True, allow_none=True)
    ended_at = fields.Moment(required=True, allow_none=True)


class GrantPageSchema(StrictSchema):
    """A page of a merchant's grants, the newest first."""

    items = fields.Several(fields.Part(GrantSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class NamedSchema(StrictSchema):
    """A code, and what it is called."""

    code = fields.Text(maximum=64, required=True)
    text = fields.Text(maximum=400, required=True)


class GrantEventSchema(StrictSchema):
    """One thing that happened to a grant, by whom, in code and words; `amount_fen` is what was told along."""

    event = fields.Part(NamedSchema, required=True)
    by = fields.Choice(Actor, required=True)
    amount_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True, allow_none=True)
    held_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True)
    happened_at = fields.Moment(required=True)


class MyGrantSchema(StrictSchema):
    """A grant of one's own: what, where, how it stands in words, what it holds until when, and what has happened."""

    grant_id = fields.Identifier(required=True)
    merchant = fields.Part(NamedSchema, required=True)
    scenario = fields.Part(NamedSchema, required=True)
    state = fields.Part(NamedSchema, required=True)
    agreed_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True)
    held_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True)
    final_fen = fields.Whole(minimum=0, maximum=MOST_FEN, required=True, allow_none=True)
    granted_at = fields.Moment(required=True)
    due_at = fields.Moment(required=True, allow_none=True)
    ends_at = fields.Moment(required=True, allow_none=True)
    ended_at = fields.Moment(required=True, allow_none=True)
    events = fields.Several(fields.Part(GrantEventSchema), maximum=MOST_EVENTS, required=True)


class MyGrantPageSchema(StrictSchema):
    """A page of one's grants, the newest first."""

    items = fields.Several(fields.Part(MyGrantSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)
