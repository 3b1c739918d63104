"""Wire forms of batches, receipts, records and the catalogue."""

from typing import Any, Unpack

from typing_extensions import override

from backend.access.entries import Purpose
from backend.people.identity_numbers import SubjectKind, holds_resident_id
from backend.people.names import fold_name
from backend.records.receipts import Outcome
from backend.web import fields
from backend.web.fields import StrictSchema, check_text
from backend.web.flaws import refuse_value
from scoring.admission import Confirmation, Finality, Procedure
from scoring.catalogue import Nature

MAX_ROWS = 500
MAX_ITEMS = 30
MAX_NUMBER = 10**15
INDICATOR = r"[A-Z][A-Z0-9]{0,9}(-[A-Z0-9]{1,10}){1,3}"
BATCH_NO = r"[A-Za-z0-9][A-Za-z0-9._-]*"


class OpenText(fields.Text):
    """A text that is kept as it stands, for good, and so may hold no resident id; a credit code is public and may."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if holds_resident_id(text):
            raise refuse_value("holds_identity_number")
        return text


class DocumentNumber(OpenText):
    """The number of a document: it has a digit, so that `无` or a dash is none."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not any(character.isnumeric() for character in text):
            raise refuse_value("says_nothing")
        return text


class PersonName(fields.Text):
    """A name that says something: dots and blanks alone would agree with every name on file."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if not fold_name(name):
            raise refuse_value("says_nothing")
        return name


class Items(fields.JsonObject):
    """The information items of a record: short texts, whole numbers and truth values, by name."""

    def __init__(self, **options: Unpack[fields.Options]) -> None:
        super().__init__(maximum=MAX_ITEMS, **options)

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> dict[str, object]:
        items = super()._deserialize(value, attr, data, **kwargs)
        for name, item in items.items():
            check_text(name, minimum=1, maximum=40)
            if isinstance(item, int):
                if abs(item) > MAX_NUMBER:
                    raise refuse_value("out_of_range", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
            elif isinstance(item, str):
                check_text(item, minimum=0, maximum=100)
            else:
                raise refuse_value("not_plain")
        return items


class LegalSchema(StrictSchema):
    """What the law asks about a row; a department leaves out what does not arise."""

    document_no = DocumentNumber(minimum=2, maximum=100, load_default=None, allow_none=True)
    procedure = fields.Choice(Procedure, load_default=None, allow_none=True)
    finality = fields.Choice(Finality, load_default=None, allow_none=True)
    minor_and_remedied = fields.Truth(load_default=False)
    confirmed_by = fields.Choice(Confirmation, load_default=None, allow_none=True)


class ReportSchema(StrictSchema):
    """What a department says about an act."""

    occurred_on = fields.Day(required=True)
    ended_on = fields.Day(load_default=None, allow_none=True)
    act = OpenText(maximum=100, load_default=None, allow_none=True)
    items = Items(required=True)
    legal = fields.Part(LegalSchema, required=True)


class RowSchema(ReportSchema):
    """One row of a batch: whom it is about, and what is said."""

    source_key = OpenText(maximum=100, required=True)
    subject_kind = fields.Choice(SubjectKind, load_default=SubjectKind.NATURAL_PERSON)
    id_number = fields.Text(maximum=40, required=True)
    name = PersonName(maximum=100, required=True)
    indicator = OpenText(maximum=40, pattern=INDICATOR, required=True)


class UnreadPart(fields.Part):
    """A form that is described here and read by itself later, so that a malformed one spoils no other."""

    @override
    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        return value


class NewBatchSchema(StrictSchema):
    """A batch as it is handed in; `clerk` is the person who acts for the department."""

    batch_no = OpenText(maximum=40, pattern=BATCH_NO, required=True)
    clerk = OpenText(maximum=64, required=True)
    rows = fields.Several(UnreadPart(RowSchema), minimum=1, maximum=MAX_ROWS, required=True)


class RowFaultSchema(StrictSchema):
    """One thing to mend in a row; a key that is not ours is cut off the pointer."""

    pointer = fields.Text(minimum=0, maximum=200, required=True)
    code = fields.Text(maximum=40, required=True)
    message = fields.Text(maximum=400, required=True)


class ReceiptSchema(StrictSchema):
    """What became of one row, counted from 1."""

    row_no = fields.Whole(minimum=1, maximum=MAX_ROWS, required=True)
    outcome = fields.Choice(Outcome, required=True)
    record_id = fields.Identifier(required=True, allow_none=True)
    code = fields.Text(maximum=40, required=True, allow_none=True)
    law = fields.Text(maximum=400, required=True, allow_none=True)
    detail = fields.Text(maximum=1000, required=True, allow_none=True)
    errors = fields.Several(fields.Part(RowFaultSchema), maximum=50, required=True)


class BatchSchema(StrictSchema):
    """A batch with its counts and receipts."""

    batch_id = fields.Identifier(required=True)
    batch_no = fields.Text(maximum=40, required=True)
    clerk = fields.Text(maximum=64, required=True)
    received_at = fields.Moment(required=True)
    accepted = fields.Whole(minimum=0, maximum=MAX_ROWS, required=True)
    duplicate = fields.Whole(minimum=0, maximum=MAX_ROWS, required=True)
    refused = fields.Whole(minimum=0, maximum=MAX_ROWS, required=True)
    receipts = fields.Several(fields.Part(ReceiptSchema), maximum=MAX_ROWS, required=True)


class LookQuerySchema(StrictSchema):
    """Why a department looks; `clerk` where the token does not name who acts."""

    purpose = fields.Choice(Purpose, required=True)
    case_no = OpenText(maximum=100, load_default=None)
    clerk = OpenText(maximum=64, load_default=None)


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

    clerk = OpenText(maximum=64, required=True)
    reason = OpenText(maximum=400, required=True)


class WithdrawalSchema(StrictSchema):
    """Why a record is taken back."""

    clerk = OpenText(maximum=64, required=True)
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
    laws = fields.Several(fields.Part(FilterLawSchema), maximum=100, required=True)
    departments = fields.Several(fields.Part(DepartmentSchema), maximum=1000, required=True)
    indicators = fields.Several(fields.Part(IndicatorSchema), maximum=10_000, required=True)
