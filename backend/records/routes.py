"""What departments hand in, look at, correct and withdraw; and the catalogue, for everybody."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import current_context
from backend.principals import Principal, PrincipalKind
from backend.records import examples
from backend.records.batches import read_batch, read_own_receipts, take_batch
from backend.records.changes import Change, Word, correct_record, withdraw_record
from backend.records.descriptions import describe_batch, describe_catalogue, describe_receipt, describe_record
from backend.records.looks import look_at_record
from backend.records.row_forms import make_report, read_row
from backend.records.rows import Desk
from backend.records.schemas import (
    BatchSchema,
    CatalogueSchema,
    ChangeSchema,
    CorrectionSchema,
    LookQuerySchema,
    NewBatchSchema,
    ReceiptPageSchema,
    RecordSchema,
    WithdrawalSchema,
)
from backend.storage.identifiers import new_id
from backend.web.answers import Reply
from backend.web.authentication import find_clerk
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.paging import Page, PageQuerySchema, cut_page
from backend.web.problems import ProblemCode, Refusal
from backend.web.requests import current_notes

BATCH_LIMIT = 2 * 1024 * 1024
DEPARTMENT, ANYONE = {PrincipalKind.DEPARTMENT}, {PrincipalKind.ANYONE}
WRITE, READ = "records:write", "records:read"

blueprint = Blueprint("records", __name__, description="Batches, receipts, records and the catalogue")


@blueprint.operation(
    "POST",
    "/batches",
    kinds=DEPARTMENT,
    scope=WRITE,
    summary="Hand in up to 500 rows, and get a receipt for each",
    body=NewBatchSchema,
    body_example=examples.NEW_BATCH,
    body_limit=BATCH_LIMIT,
    status=HTTPStatus.CREATED,
    response=BatchSchema,
    example=examples.BATCH,
    problems={ProblemCode.BATCH_NO_REUSED, ProblemCode.DEPARTMENT_REFUSED},
    repeats=Repeats.BY_KEY,
)
def hand_in_batch(*, body: dict[str, Any], principal: Principal, session: Session, now: datetime) -> Reply | Refusal:
    """Take a batch in; a row that is refused spoils no other."""
    context = current_context()
    desk = Desk(
        department=principal.id,
        clerk=find_clerk(principal),
        batch_id=new_id(now),
        catalogue=context.rules.catalogue_on(today(now)),
        pseudonyms=context.pseudonyms,
        sealer=context.sealer,
        now=now,
    )
    batch = take_batch(session, body["batch_no"], [read_row(row) for row in body["rows"]], desk)
    if isinstance(batch, Refusal):
        return batch
    language = current_notes().language
    headers = {"Location": f"/v1/batches/{batch.batch_id}", "Content-Language": language.value}
    return Reply(value=describe_batch(batch, language), headers=headers)


@blueprint.operation(
    "GET",
    "/batches/<uuid:batch_id>",
    kinds=DEPARTMENT,
    scope=READ,
    summary="Read a batch of one's own again, with its receipts",
    response=BatchSchema,
    example=examples.BATCH,
    problems={ProblemCode.BATCH_NOT_FOUND},
)
def get_batch(*, batch_id: UUID, principal: Principal, session: Session) -> Reply | Refusal:
    """Give a batch as it was answered when it was handed in, with what has become of its rows in quarantine."""
    batch = read_batch(session, batch_id, department=principal.id)
    if isinstance(batch, Refusal):
        return batch
    language = current_notes().language
    return Reply(value=describe_batch(batch, language), headers={"Content-Language": language.value})


@blueprint.operation(
    "GET",
    "/batches/<uuid:batch_id>/receipts",
    kinds=DEPARTMENT,
    scope=READ,
    summary="List the receipts of a batch or file of one's own, in the order of its rows",
    query=PageQuerySchema,
    response=ReceiptPageSchema,
    example={"items": examples.BATCH["receipts"], "next_cursor": None},
    problems={ProblemCode.BATCH_NOT_FOUND},
)
def list_batch_receipts(
    *, batch_id: UUID, query: dict[str, Any], principal: Principal, session: Session
) -> Reply | Refusal:
    """List receipts, with what has become of rows in quarantine."""
    after, limit = _read_row_no(query["cursor"]), int(query["limit"])
    receipts = read_own_receipts(session, batch_id, department=principal.id, after=after, limit=limit + 1)
    if isinstance(receipts, Refusal):
        return receipts
    page = cut_page(receipts, limit, lambda receipt: (str(receipt.row_no),))
    language = current_notes().language
    items = tuple(describe_receipt(receipt, language) for receipt in page.items)
    return Reply(value=Page(items, page.next_cursor), headers={"Content-Language": language.value})


@blueprint.operation(
    "GET",
    "/records/<uuid:record_id>",
    kinds=DEPARTMENT,
    scope=READ,
    summary="Look at a record of one's own, for a purpose; the person sees that",
    query=LookQuerySchema,
    response=RecordSchema,
    example=examples.RECORD,
    problems={ProblemCode.RECORD_NOT_FOUND, ProblemCode.PURPOSE_REFUSED},
    writes=True,
)
def get_record(
    *, record_id: UUID, query: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> dict[str, object] | Refusal:
    """Give a record as it was handed in, and its events; the look is noted before the answer leaves."""
    record = look_at_record(
        session,
        record_id,
        principal=principal,
        purpose=query["purpose"],
        case_no=query["case_no"],
        now=now,
    )
    return record if isinstance(record, Refusal) else describe_record(record)


@blueprint.operation(
    "POST",
    "/records/<uuid:record_id>/corrections",
    kinds=DEPARTMENT,
    scope=WRITE,
    summary="Correct a record of one's own",
    body=CorrectionSchema,
    body_example=examples.CORRECTION,
    status=HTTPStatus.CREATED,
    response=ChangeSchema,
    example=examples.CORRECTED,
    problems={
        ProblemCode.RECORD_NOT_FOUND,
        ProblemCode.RECORD_CLOSED,
        ProblemCode.CORRECTION_REFUSED,
    },
    repeats=Repeats.BY_KEY,
)
def add_correction(
    *, record_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Change | Refusal:
    """Say anew what a record says; the law is asked again, as it was for the report."""
    word = Word(record_id=record_id, department=principal.id, clerk=find_clerk(principal), reason=body["reason"])
    context = current_context()
    return correct_record(session, word, make_report(body), rules=context.rules, sealer=context.sealer, now=now)


@blueprint.operation(
    "POST",
    "/records/<uuid:record_id>/withdrawals",
    kinds=DEPARTMENT,
    scope=WRITE,
    summary="Withdraw a record of one's own",
    body=WithdrawalSchema,
    body_example=examples.WITHDRAWAL,
    status=HTTPStatus.CREATED,
    response=ChangeSchema,
    example=examples.WITHDRAWN,
    problems={ProblemCode.RECORD_NOT_FOUND, ProblemCode.RECORD_CLOSED},
    repeats=Repeats.BY_KEY,
)
def add_withdrawal(
    *, record_id: UUID, body: dict[str, Any], principal: Principal, session: Session, now: datetime
) -> Change | Refusal:
    """Take a record back for good."""
    word = Word(record_id=record_id, department=principal.id, clerk=find_clerk(principal), reason=body["reason"])
    return withdraw_record(session, word, now=now)


@blueprint.operation(
    "GET",
    "/catalogue",
    kinds=ANYONE,
    summary="Read which kinds of record may be collected, by whom, and on what ground",
    response=CatalogueSchema,
    example=examples.CATALOGUE,
)
def get_catalogue(*, now: datetime) -> dict[str, object]:
    """Give the catalogue in force today, with the ten columns of the Henan regulation, Art. 11."""
    return describe_catalogue(current_context().rules.catalogue_on(today(now)))


def _read_row_no(cursor: tuple[str, ...] | None) -> int:
    """Read behind which row a page begins; a cursor that no page gave begins anew."""
    return int(cursor[0]) if cursor is not None and cursor[0].isascii() and cursor[0].isdigit() else 0
