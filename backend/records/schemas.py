"""Wire forms of batches, receipts, records and the catalogue."""

from typing import Any

from typing_extensions import override

from backend.access.entries import Purpose
from backend.people.identity_numbers import SubjectKind
from backend.records.batches import BATCH_NO, LONGEST_NO, MAX_ROWS
from backend.records.quarantine_tables import OPEN, REFUSED, RELEASED
from backend.records.quick_reader import MAX_NUMBER
from backend.records.receipts import Outcome
from backend.records.row_forms import OpenText, ReportSchema, RowSchema
from backend.web import fields
from backend.web.fields import StrictSchema
from scoring.catalogue import Nature

MAX_FILE_ROWS = 10**9


class UnreadPart(fields.Part):
    """A form that is described here and read by itself later, so that a malformed one spoils no other."""

    @override
    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        return value


class NewBatchSchema(StrictSchema):
    """A batch as it is handed in."""

    batch_no = OpenText(maximum=LONGEST_NO, pattern=BATCH_NO, required=True)
    rows = fields.Several(UnreadPart(RowSchema), minimum=1, maximum=MAX_ROWS, required=True)


class RowFaultSchema(StrictSchema):
    """One thing to mend in a row; a key that is not ours is cut off the pointer."""

    pointer = fields.Text(minimum=0, maximum=200, required=True)
    code = fields.Text(maximum=40, required=True)
    message = fields.Text(maximum=400, required=True)


class QuarantineStateSchema(StrictSchema):
    """A row that waits for the credit centre, and what became of it: `open`, `released` (a record then), `refused`."""

    quarantine_id = fields.Identifier(required=True)
    state = fields.Text(maximum=20, required=True, metadata={"enum": [OPEN, RELEASED, REFUSED]})
    decided_at = fields.Moment(required=True, allow_none=True)
    record_id = fields.Identifier(required=True, allow_none=True)


class PartReceiptSchema(StrictSchema):
    """What became of a row, or of what it says about the legal representative."""

    outcome = fields.Choice(Outcome, required=True)
    record_id = fields.Identifier(required=True, allow_none=True)
    code = fields.Text(maximum=40, required=True, allow_none=True)
    law = fields.Text(maximum=400, required=True, allow_none=True)
    detail = fields.Text(maximum=1000, required=True, allow_none=True)
    errors = fields.Several(fields.Part(RowFaultSchema), maximum=50, required=True)
    quarantine = fields.Part(QuarantineStateSchema, required=True, allow_none=True)


class ReceiptSchema(PartReceiptSchema):
    """What became of one row, counted from 1; `representative` tells the same of whom its record reaches."""

    row_no = fields.Whole(minimum=1, maximum=MAX_FILE_ROWS, required=True)
    representative = fields.Part(PartReceiptSchema, required=True, allow_none=True)


class BatchSchema(StrictSchema):
    """A batch with its counts and first 500 receipts: all, unless it was a file."""

    batch_id = fields.Identifier(required=True)
    batch_no = fields.Text(maximum=40, required=True)
    clerk = fields.Text(maximum=64, required=True)
    received_at = fields.Moment(required=True)
    accepted = fields.Whole(minimum=0, maximum=MAX_FILE_ROWS, required=True)
    duplicate = fields.Whole(minimum=0, maximum=MAX_FILE_ROWS, required=True)
    refused = fields.Whole(minimum=0, maximum=MAX_FILE_ROWS, required=True)
    quarantined = fields.Whole(minimum=0, maximum=MAX_FILE_ROWS, required=True)
    receipts = fields.Several(fields.Part(ReceiptSchema), maximum=MAX_ROWS, required=True)


class ReceiptPageSchema(StrictSchema):
    """Receipts of a batch of any size, in the order of its rows."""

    items = fields.Several(fields.Part(ReceiptSchema), maximum=100, required=True)
    next_cursor = fields.Text(maximum=400, required=True, allow_none=True)


class LookQuerySchema(StrictSchema):
    """Why a department looks."""

    purpose = fields.Choice(Purpose, required=True)
    case_no = OpenText(maximum=100, load_default=None)


class RecordEventSchema(StrictSchema):
    """What became known of a record later."""

    kind = fields.Text(maximum=20, required=True)
    known_at = fields.Moment(required=True)
    reason = fields.Text(maximum=400, required=True, allow_none=True)
    content = fields.Part(ReportSchema, required=True, allow_none=True)


class RecordSchema(StrictSchema):
    """A record as it was handed in, and its events."""

    record_id = fields.Identifier(required=True)
    indicator = fields.Text(maximum=40, required=True)
    source_key = fields.Text(maximum=100, required=True, allow_none=True)
    batch_id = fields.Identifier(required=True, allow_none=True)
    clerk = fields.Text(maximum=64, required=True, allow_none=True)
    known_at = fields.Moment(required=True)
    state = fields.Text(maximum=20, required=True)
    content = fields.Part(ReportSchema, required=True)
    events = fields.Several(fields.Part(RecordEventSchema), maximum=10_000, required=True)


class CorrectionSchema(ReportSchema):
    """What a record says from now on, whole; `reason` is kept with it."""

    reason = OpenText(maximum=400, required=True)


class WithdrawalSchema(StrictSchema):
    """Why a record is taken back."""

    reason = OpenText(maximum=400, required=True)


class ChangeSchema(StrictSchema):
    """What was added to a record, and the moment from which it is known."""

    record_id = fields.Identifier(required=True)
    kind = fields.Text(maximum=20, required=True)
    known_at = fields.Moment(required=True)


class DepartmentSchema(StrictSchema):
    """A department that may hand records in."""

    code = fields.Text(maximum=40, required=True)
    name = fields.Text(maximum=100, required=True)
    name_en = fields.Text(maximum=100, required=True)


class FilterLawSchema(StrictSchema):
    """A filter at which rows are refused, and the law it rests on."""

    filter = fields.Text(maximum=40, required=True)
    law = fields.Text(maximum=400, required=True)


class ItemSchema(StrictSchema):
    """One information item of an indicator; `choices` maps codes to labels, bounds are inclusive."""

    name = fields.Text(maximum=40, required=True)
    title = fields.Text(maximum=100, required=True)
    type = fields.Text(maximum=20, required=True)
    unit = fields.Text(minimum=0, maximum=20, required=True)
    required = fields.Truth(required=True)
    choices = fields.JsonObject(maximum=100, required=True)
    at_least = fields.Whole(minimum=-MAX_NUMBER, maximum=MAX_NUMBER, required=True, allow_none=True)
    at_most = fields.Whole(minimum=-MAX_NUMBER, maximum=MAX_NUMBER, required=True, allow_none=True)


class DeadlineSchema(StrictSchema):
    """In how many working days something is due, and by which law."""

    working_days = fields.Whole(minimum=1, maximum=1000, required=True)
    basis = fields.Text(maximum=400, required=True)


class ReachSchema(StrictSchema):
    """Whom a record of an organisation reaches, as what, and by which law; only where the item `when` is true."""

    indicator = fields.Text(maximum=40, required=True)
    who = fields.Text(maximum=40, required=True)
    when = fields.Text(maximum=40, required=True)
    basis = fields.Text(maximum=400, required=True)


class IndicatorSchema(StrictSchema):
    """One indicator in the ten columns of the Henan regulation, Art. 11, and its class and basis."""

    code = fields.Text(maximum=40, required=True, metadata={"title": "数据代码"})
    name = fields.Text(maximum=200, required=True, metadata={"title": "数据名称"})
    format = fields.Text(maximum=40, required=True, metadata={"title": "数据格式"})
    providers = fields.Several(fields.Text(maximum=40), maximum=100, required=True, metadata={"title": "提供单位"})
    subjects = fields.Several(fields.Choice(SubjectKind), maximum=6, required=True, metadata={"title": "主体类型"})
    nature = fields.Choice(Nature, required=True, metadata={"title": "信息性质"})
    sharing = fields.Text(maximum=40, required=True, metadata={"title": "共享属性"})
    coverage = fields.Text(maximum=40, required=True, metadata={"title": "覆盖范围"})
    update_cycle = fields.Text(maximum=40, required=True, metadata={"title": "更新周期"})
    items = fields.Several(fields.Part(ItemSchema), maximum=100, required=True, metadata={"title": "信息项"})
    name_en = fields.Text(maximum=200, required=True)
    rule_class = fields.Text(maximum=40, required=True, data_key="class")
    basis = fields.Text(maximum=400, required=True)
    continuing = fields.Truth(required=True)
    due = fields.Part(DeadlineSchema, required=True, allow_none=True)
    reaches = fields.Part(ReachSchema, required=True, allow_none=True)


class CatalogueSchema(StrictSchema):
    """The catalogue in force: what may be collected at all, by whom, and what is refused by which law."""

    city = fields.Text(maximum=40, required=True)
    version = fields.Text(maximum=40, required=True)
    effective_on = fields.Day(required=True)
    title = fields.Text(maximum=200, required=True)
    title_en = fields.Text(maximum=200, required=True)
    basis = fields.Text(maximum=400, required=True)
    note = fields.Text(minimum=0, maximum=2000, required=True)
    adverse_kept_months = fields.Whole(minimum=1, maximum=1200, required=True)
    check_due = fields.Part(DeadlineSchema, required=True, allow_none=True)
    laws = fields.Several(fields.Part(FilterLawSchema), maximum=100, required=True)
    departments = fields.Several(fields.Part(DepartmentSchema), maximum=1000, required=True)
    indicators = fields.Several(fields.Part(IndicatorSchema), maximum=10_000, required=True)
