"""Wire forms of files and column mappings."""

from backend.gateways.sheets.sheet import SheetKind
from backend.records.batches import BATCH_NO, LONGEST_NO
from backend.records.file_tables import FileState
from backend.records.receipts import Outcome
from backend.records.row_forms import OpenText
from backend.records.schemas import RowFaultSchema
from backend.web import fields
from backend.web.fields import StrictSchema
from backend.web.paging import PageQuerySchema

NAME = r"[a-z][a-z0-9_-]*"
MAPPING = r"[a-z][a-z0-9_]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class NewFileQuerySchema(StrictSchema):
    """What a file is handed in as; `mapping` is the id of a mapping of one's own, or the name of a shipped layout."""

    file_no = OpenText(maximum=LONGEST_NO, pattern=BATCH_NO, required=True)
    mapping = fields.Text(maximum=40, pattern=MAPPING, load_default="plain")
    dry_run = fields.QueryTruth(load_default=False)


class FileFaultSchema(StrictSchema):
    """Why a file was given up; `row_no` is the row behind which nothing was read, where there is one."""

    code = fields.Text(maximum=40, required=True)
    message = fields.Text(maximum=400, required=True)
    row_no = fields.Whole(minimum=1, maximum=10**9, required=True, allow_none=True)
    errors = fields.Several(fields.Part(RowFaultSchema), maximum=50, required=True)


class ReasonSchema(StrictSchema):
    """How many rows came to an outcome for one reason."""

    outcome = fields.Choice(Outcome, required=True)
    code = fields.Text(maximum=40, required=True, allow_none=True)
    text = fields.Text(maximum=1000, required=True, allow_none=True)
    rows = fields.Whole(minimum=1, maximum=10**9, required=True)


class FileSchema(StrictSchema):
    """A file, how far it is, and what became of its rows when it has ended."""

    file_id = fields.Identifier(required=True)
    file_no = fields.Text(maximum=40, required=True)
    clerk = fields.Text(maximum=64, required=True)
    format = fields.Choice(SheetKind, required=True)
    size = fields.Whole(minimum=0, maximum=2**40, required=True)
    sha256 = fields.Text(maximum=64, required=True)
    mapping = fields.Text(maximum=40, required=True)
    dry_run = fields.Truth(required=True)
    state = fields.Choice(FileState, required=True)
    rows_read = fields.Whole(minimum=0, maximum=10**9, required=True)
    received_at = fields.Moment(required=True)
    ended_at = fields.Moment(required=True, allow_none=True)
    fault = fields.Part(FileFaultSchema, required=True, allow_none=True)
    reasons = fields.Several(fields.Part(ReasonSchema), maximum=200, required=True)


class FilePageSchema(StrictSchema):
    """Files, the newest first."""

    items = fields.Several(fields.Part(FileSchema), maximum=100, required=True)
    next_cursor = fields.Text(maximum=400, required=True, allow_none=True)


class FilePageQuerySchema(PageQuerySchema):
    """Which files to list."""


class NewMappingSchema(StrictSchema):
    """A mapping to save as the next version of its name; the document is described in docs/for-departments.md."""

    name = OpenText(maximum=40, pattern=NAME, required=True)
    document = fields.JsonObject(maximum=10, required=True)


class MappingSchema(StrictSchema):
    """A version of a mapping."""

    mapping_id = fields.Identifier(required=True)
    name = fields.Text(maximum=40, required=True)
    version = fields.Whole(minimum=1, maximum=10**6, required=True)
    document = fields.JsonObject(maximum=10, required=True)
    clerk = fields.Text(maximum=64, required=True)
    saved_at = fields.Moment(required=True)


class MappingListSchema(StrictSchema):
    """Every version of a department's mappings, and the layouts that ship with the system."""

    items = fields.Several(fields.Part(MappingSchema), maximum=10_000, required=True)
    layouts = fields.Several(fields.Text(maximum=40), maximum=100, required=True)
