"""Wire forms of webhooks."""

from uuid import UUID

from typing_extensions import override

from backend.merchants.endpoints import LONGEST_URL, MOST_ENDPOINTS
from backend.merchants.events import EventKind
from backend.merchants.webhook_tables import DeliveryState, Verdict
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.flaws import refuse_value
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema, Position


class NewEndpointSchema(StrictSchema):
    """Where events of which kinds are to be sent: https to a public name, port 443 or 8443."""

    url = fields.Text(maximum=LONGEST_URL, pattern=r"[!-~]+", required=True)
    events = fields.Several(fields.Choice(EventKind), minimum=1, maximum=len(EventKind), required=True)


class EndpointSchema(StrictSchema):
    """An endpoint and how it stands; `advice` says in a sentence what that means and what to do.

    `answers` is what it said to each message of the last probe: `right`, `forged`, `stale`, a status or a fault.
    """

    endpoint_id = fields.Identifier(required=True)
    url = fields.Text(maximum=LONGEST_URL, required=True)
    events = fields.Several(fields.Choice(EventKind), maximum=len(EventKind), required=True)
    registered_at = fields.Moment(required=True)
    registered_by = fields.Text(maximum=64, required=True)
    verdict = fields.Choice(Verdict, required=True)
    answers = fields.JsonObject(maximum=3, required=True)
    probed_at = fields.Moment(required=True, allow_none=True)
    passed_at = fields.Moment(required=True, allow_none=True)
    failing_since = fields.Moment(required=True, allow_none=True)
    paused_at = fields.Moment(required=True, allow_none=True)
    gets_events = fields.Truth(required=True)
    advice = fields.Text(maximum=400, required=True)


class EndpointListSchema(StrictSchema):
    """The endpoints of a merchant, the oldest first."""

    items = fields.Several(fields.Part(EndpointSchema), maximum=MOST_ENDPOINTS, required=True)


class DeliverySchema(StrictSchema):
    """An event on its way to an endpoint; `status` or `fault` is how the last attempt ended, `next_at` the next one."""

    event_id = fields.Identifier(required=True)
    endpoint_id = fields.Identifier(required=True)
    event = fields.Choice(EventKind, required=True)
    about = fields.Identifier(required=True)
    data = fields.JsonObject(maximum=20, required=True)
    occurred_at = fields.Moment(required=True)
    state = fields.Choice(DeliveryState, required=True)
    attempts = fields.Whole(minimum=0, maximum=10**6, required=True)
    attempted_at = fields.Moment(required=True, allow_none=True)
    next_at = fields.Moment(required=True, allow_none=True)
    status = fields.Whole(minimum=100, maximum=999, required=True, allow_none=True)
    fault = fields.Text(maximum=40, required=True, allow_none=True)


class DeliveryPageSchema(StrictSchema):
    """A page of deliveries, the newest event first."""

    items = fields.Several(fields.Part(DeliverySchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class DeliveryCursor(Cursor):
    """Where a page of deliveries ended: event and endpoint."""

    @override
    def _deserialize(  # type: ignore[override]  # as in its parent
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> Position:
        position = super()._deserialize(value, attr, data, **kwargs)
        try:
            [UUID(part) for part in position]
        except ValueError:
            raise refuse_value("not_a_cursor") from None
        return position


class DeliveryPageQuerySchema(PageQuerySchema):
    """Which deliveries are wanted."""

    cursor = DeliveryCursor(parts=2, load_default=None)
    endpoint_id = fields.Identifier(load_default=None)
    state = fields.Choice(DeliveryState, load_default=None)


class NewReplaySchema(StrictSchema):
    """Since when events that were given up are to be sent again."""

    since = fields.Moment(required=True)


class ReplaySchema(StrictSchema):
    """How many deliveries were set going again; where there are more, the same call goes on."""

    replayed = fields.Whole(minimum=0, maximum=10**6, required=True)
    has_more = fields.Truth(required=True)
