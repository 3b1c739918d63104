"""Files that departments hand in, the receipts that come back, and the column mappings they are read by."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import current_context
from backend.gateways.sheets.receipt import MEDIA_TYPES
from backend.gateways.sheets.sheet import SheetKind
from backend.principals import Principal, PrincipalKind
from backend.records import file_examples as examples
from backend.records.file_descriptions import describe_file
from backend.records.file_mappings import find_titles
from backend.records.file_receipts import stream_receipt
from backend.records.file_schemas import (
    FilePageQuerySchema,
    FilePageSchema,
    FileSchema,
    MappingListSchema,
    MappingSchema,
    NewFileQuerySchema,
    NewMappingSchema,
)
from backend.records.file_tables import ENDED, NewFile
from backend.records.files import File, hand_in_file, is_content_kept, list_own_files, read_file_state
from backend.records.mapping import ColumnMapping
from backend.records.mapping_document import read_mapping
from backend.records.mapping_layouts import read_layouts
from backend.records.mappings import SavedMapping, list_saved_mappings, read_saved_mapping, save_mapping
from backend.records.plain_mapping import PLAIN
from backend.storage.identifiers import new_id
from backend.web.answers import Reply, Stream
from backend.web.authentication import find_clerk
from backend.web.declaration import Repeats, UploadForm
from backend.web.operations import Blueprint
from backend.web.paging import Page, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes
from backend.web.uploads import Upload

FILE_LIMIT = 64 * 1024 * 1024
KINDS: Mapping[str, SheetKind] = {media_type: kind for kind, media_type in MEDIA_TYPES.items()}
DEPARTMENT = {PrincipalKind.DEPARTMENT}
WRITE, READ = "records:write", "records:read"

blueprint = Blueprint("files", __name__, description="Files, their receipts, and column mappings")


@blueprint.operation(
    "POST",
    "/files",
    kinds=DEPARTMENT,
    scope=WRITE,
    summary="Hand in a file (CSV, XLSX or JSON Lines) of any number of rows, or try what would become of it",
    query=NewFileQuerySchema,
    upload=UploadForm(media_types=frozenset(KINDS), limit=FILE_LIMIT),
    status=HTTPStatus.ACCEPTED,
    response=FileSchema,
    example=examples.WAITING,
    problems={
        ProblemCode.DEPARTMENT_REFUSED,
        ProblemCode.MAPPING_NOT_FOUND,
        ProblemCode.FILE_NO_REUSED,
        ProblemCode.BATCH_NO_REUSED,
    },
    repeats=Repeats.BY_KEY,
)
def upload_file(
    *, query: dict[str, Any], upload: Upload, principal: Principal, session: Session, now: datetime
) -> Reply | Refusal:
    """Take the file in; a worker reads it, and its state tells how far it is."""
    file = NewFile(
        file_id=new_id(now),
        department=principal.id,
        clerk=find_clerk(principal),
        file_no=query["file_no"],
        format=KINDS[upload.media_type],
        size=upload.size,
        sha256=upload.sha256,
        mapping=query["mapping"],
        dry_run=query["dry_run"],
        received_at=now,
    )
    taken = hand_in_file(session, file, upload.stream, sealer=current_context().sealer)
    if isinstance(taken, Refusal):
        return taken
    return _show_file(taken, location=f"/v1/files/{taken.file_id}")


@blueprint.operation(
    "GET",
    "/files",
    kinds=DEPARTMENT,
    scope=READ,
    summary="List the files of one's own, the newest first",
    query=FilePageQuerySchema,
    response=FilePageSchema,
    example={"items": [examples.WAITING], "next_cursor": None},
)
def list_my_files(*, query: dict[str, Any], principal: Principal, session: Session) -> Reply:
    """List files without the reasons for their rows."""
    limit, cursor = int(query["limit"]), query["cursor"]
    before = None if cursor is None else UUID(cursor[0])
    page = cut_page(
        list_own_files(session, principal.id, before=before, limit=limit + 1), limit, lambda file: (str(file.file_id),)
    )
    language = current_notes().language
    items = tuple(describe_file(file, language) for file in page.items)
    return Reply(value=Page(items, page.next_cursor), headers={"Content-Language": language.value})


@blueprint.operation(
    "GET",
    "/files/<uuid:file_id>",
    kinds=DEPARTMENT,
    scope=READ,
    summary="See how far a file of one's own is, and what became of its rows",
    response=FileSchema,
    example=examples.DONE,
    problems={ProblemCode.FILE_NOT_FOUND},
)
def get_file(*, file_id: UUID, principal: Principal, session: Session) -> Reply | Refusal:
    """Give the state of a file, and the reasons once it has ended."""
    file = read_file_state(session, file_id, department=principal.id)
    return file if isinstance(file, Refusal) else _show_file(file)


@blueprint.operation(
    "GET",
    "/files/<uuid:file_id>/receipt",
    kinds=DEPARTMENT,
    scope=READ,
    summary="Fetch the receipt: the same file, with the outcome and the reason beside each row",
    streams=frozenset(KINDS),
    problems={ProblemCode.FILE_NOT_FOUND, ProblemCode.FILE_NOT_READ, ProblemCode.FILE_FORGOTTEN},
)
def get_file_receipt(*, file_id: UUID, principal: Principal, session: Session) -> Stream | Refusal:
    """Give a file of the kind that was handed in."""
    file = read_file_state(session, file_id, department=principal.id)
    if isinstance(file, Refusal):
        return file
    if file.state not in ENDED:
        return Refusal(ProblemCode.FILE_NOT_READ)
    if file.size and not is_content_kept(session, file_id):
        return Refusal(ProblemCode.FILE_FORGOTTEN)
    context, language = current_context(), current_notes().language
    titles = find_titles(session, file.mapping, context.rules.catalogue_on(today(file.received_at)))
    pieces = stream_receipt(context.database, file, titles=titles, sealer=context.sealer, language=language)
    media_type = MEDIA_TYPES[SheetKind(file.format)]
    headers = {
        "Content-Disposition": f'attachment; filename="receipt-{file_id}.{file.format}"',
        "Content-Language": language.value,
    }
    return Stream(pieces=pieces, media_type=media_type, headers=headers)


@blueprint.operation(
    "POST",
    "/mappings",
    kinds=DEPARTMENT,
    scope=WRITE,
    summary="Save a column mapping as the next version of its name",
    body=NewMappingSchema,
    body_example=examples.NEW_MAPPING,
    status=HTTPStatus.CREATED,
    response=MappingSchema,
    example=examples.MAPPING,
    problems={ProblemCode.DEPARTMENT_REFUSED, ProblemCode.MAPPING_REFUSED},
    repeats=Repeats.BY_KEY,
)
def add_mapping(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Read the document first: everything wrong with it is told at once, and nothing is saved."""
    mapping = read_mapping(body["document"], read_layouts())
    if not isinstance(mapping, ColumnMapping):
        return Refusal(ProblemCode.MAPPING_REFUSED, faults=mapping)
    saved = save_mapping(
        session,
        department=principal.id,
        name=body["name"],
        document=body["document"],
        clerk=find_clerk(principal),
        now=now,
    )
    if isinstance(saved, Refusal):
        return saved
    return Reply(value=saved, headers={"Location": f"/v1/mappings/{saved.mapping_id}"})


@blueprint.operation(
    "GET",
    "/mappings",
    kinds=DEPARTMENT,
    scope=READ,
    summary="List every version of one's own column mappings, and the layouts that are shipped",
    response=MappingListSchema,
    example={"items": [examples.MAPPING], "layouts": ["cf_penalty_2015", "penalty_2018", "plain"]},
)
def list_my_mappings(*, principal: Principal, session: Session) -> dict[str, object]:
    """List by name, the newest version first."""
    return {
        "items": list_saved_mappings(session, principal.id),
        "layouts": sorted({PLAIN, *read_layouts()}),
    }


@blueprint.operation(
    "GET",
    "/mappings/<uuid:mapping_id>",
    kinds=DEPARTMENT,
    scope=READ,
    summary="Read a version of a column mapping of one's own",
    response=MappingSchema,
    example=examples.MAPPING,
    problems={ProblemCode.MAPPING_NOT_FOUND},
)
def get_mapping(*, mapping_id: UUID, principal: Principal, session: Session) -> SavedMapping | Refusal:
    """Give a version as it was saved."""
    return read_saved_mapping(session, mapping_id, department=principal.id)


def _show_file(file: File, location: str | None = None) -> Reply:
    language = current_notes().language
    headers = {"Content-Language": language.value}
    return Reply(
        value=describe_file(file, language), headers=headers if location is None else {**headers, "Location": location}
    )
