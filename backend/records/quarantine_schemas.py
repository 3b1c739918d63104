"""Wire forms of the quarantine: the queue, one row, a decision."""

from uuid import UUID

from typing_extensions import override

from backend.access.entries import Purpose
from backend.people.identity_numbers import SubjectKind
from backend.records.quarantine import Decision
from backend.records.quarantine_tables import OPEN, REFUSED, RELEASED, Part
from backend.records.row_forms import OpenText, ReportSchema
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.flaws import refuse_value
from backend.web.paging import MAX_CURSOR, MAX_LIMIT, Cursor, PageQuerySchema

_STATES: dict[str, object] = {"enum": [OPEN, RELEASED, REFUSED]}


class QuarantineCursor(Cursor):
    """A cursor that an earlier page of the queue gave; loads the id of the last row shown."""

    @override
    def _deserialize(  # type: ignore[override]  # the wire form is a text, the value an id
        self, value: object, attr: str | None, data: object, **kwargs: object
    ) -> UUID:
        (text,) = super()._deserialize(value, attr, data, **kwargs)
        try:
            return UUID(text)
        except ValueError:
            raise refuse_value("not_a_cursor") from None


class QuarantinePageQuerySchema(PageQuerySchema):
    """Which page of the queue is wanted."""

    cursor = QuarantineCursor(parts=1, load_default=None)


class WaitingRowSchema(StrictSchema):
    """A row in the queue: who handed it in when, about what, and why it waits; nothing about the person."""

    quarantine_id = fields.Identifier(required=True)
    batch_id = fields.Identifier(required=True)
    row_no = fields.Whole(minimum=1, maximum=10**9, required=True)
    part = fields.Choice(Part, required=True)
    department = fields.Text(maximum=40, required=True)
    indicator = fields.Text(maximum=40, required=True)
    code = fields.Text(maximum=40, required=True)
    received_at = fields.Moment(required=True)


class WaitingPageSchema(StrictSchema):
    """A page of the queue, oldest first."""

    items = fields.Several(fields.Part(WaitingRowSchema), maximum=MAX_LIMIT, required=True)
    next_cursor = fields.Text(maximum=MAX_CURSOR, required=True, allow_none=True)


class QuarantineLookSchema(StrictSchema):
    """Why an operator looks, and in which case."""

    purpose = fields.Choice(Purpose, required=True)
    case_no = OpenText(maximum=100, required=True)


class QuarantinedRowSchema(WaitingRowSchema):
    """A row in quarantine with the two names side by side; the number is masked."""

    state = fields.Text(maximum=20, required=True, metadata=_STATES)
    subject_id = fields.Identifier(required=True)
    subject_kind = fields.Choice(SubjectKind, required=True)
    masked_number = fields.Text(maximum=18, required=True)
    name_given = fields.Text(maximum=100, required=True)
    name_on_file = fields.Text(maximum=100, required=True, allow_none=True)
    name_is_verified = fields.Truth(required=True)
    is_in_doubt = fields.Truth(required=True)
    content = fields.Part(ReportSchema, required=True)
    decided_at = fields.Moment(required=True, allow_none=True)
    decided_by = fields.Text(maximum=64, required=True, allow_none=True)
    record_id = fields.Identifier(required=True, allow_none=True)


class NewDecisionSchema(StrictSchema):
    """What is decided about a row, in which case and why; the person sees the case."""

    decision = fields.Choice(Decision, required=True)
    case_no = OpenText(maximum=100, required=True)
    reason = OpenText(maximum=400, required=True)


class DecidedSchema(StrictSchema):
    """What became of a row; released, it is the record `record_id`."""

    quarantine_id = fields.Identifier(required=True)
    state = fields.Text(maximum=20, required=True, metadata=_STATES)
    decided_at = fields.Moment(required=True)
    record_id = fields.Identifier(required=True, allow_none=True)
