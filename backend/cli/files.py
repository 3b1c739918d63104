"""`shangding files`: reads a file of a department past the API, with a progress bar; for files of any size."""

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.orm import Session

from backend.cli.doubts import check_text
from backend.cli.starting import make_reading_desk, opened_context
from backend.cli.tokens import check_clerk
from backend.clock import today
from backend.context import Context
from backend.gateways.sheets.receipt import write_receipt
from backend.gateways.sheets.sheet import SheetError, SheetKind
from backend.records.batches import BATCH_NO, LONGEST_NO
from backend.records.file_descriptions import describe_fault, describe_reason
from backend.records.file_mappings import find_titles
from backend.records.file_reading import MovedOnError, read_file
from backend.records.file_receipts import list_outcomes
from backend.records.file_tables import FileState, NewFile, find_file_by_number
from backend.records.files import File, hand_in_file, read_file_state
from backend.settings import read_settings
from backend.storage.identifiers import new_id
from backend.web.messages import Language
from backend.web.problems import Refusal, describe_refusal

HASH_BYTES = 1024 * 1024


def check_file_no(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Take a file's number as the API takes it."""
    if len(value) > LONGEST_NO or re.fullmatch(BATCH_NO, check_text(context, parameter, value)) is None:
        raise click.BadParameter(f"give 1 to {LONGEST_NO} letters, digits, dots, dashes or underscores, no sign first")
    return value


def check_folder(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Look for the folder before a long work, not after it."""
    if value is not None and not value.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.absolute().parent}")
    return value


@click.group()
def files() -> None:
    """Read files of departments on this machine."""


@files.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--department", required=True, help="The code of the department that hands it in.")
@click.option("--clerk", required=True, callback=check_clerk, help="The staff number of the clerk who acts.")
@click.option("--file-no", required=True, callback=check_file_no, help="The department's own number of the file.")
@click.option("--mapping", default="plain", show_default=True, help="The id of a mapping, or the name of a layout.")
@click.option("--dry-run", is_flag=True, help="Tell what would become of the rows, and take none.")
@click.option(
    "--receipt",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=check_folder,
    help="Where to write the receipt file; of a file that was read before, too.",
)
def take(
    path: Path, department: str, clerk: str, file_no: str, mapping: str, *, dry_run: bool, receipt: Path | None
) -> None:
    """Read the file at PATH (.csv, .xlsx or .jsonl). Repeated after an interruption, it goes on where it was left."""
    console = Console(stderr=True)
    with opened_context(read_settings(os.environ)) as context:
        now = context.clock.now()
        wanted = NewFile(
            file_id=new_id(now),
            department=department,
            clerk=clerk,
            file_no=file_no,
            format=_find_kind(path),
            size=path.stat().st_size,
            sha256=_hash(path),
            mapping=mapping,
            dry_run=dry_run,
            received_at=now,
        )
        file = _begin(context, wanted)
        with path.open("rb") as content:
            _read(context, file, content, console)
            ended = _find(context, file.file_id, department)
            if receipt is not None:
                _write_receipt(context, ended, content, receipt)
    _print(ended, console)
    if ended.state is FileState.FAILED:
        raise SystemExit(1)


def _find_kind(path: Path) -> SheetKind:
    try:
        return SheetKind(path.suffix.removeprefix(".").lower())
    except ValueError:
        kinds = ", ".join(f".{kind}" for kind in SheetKind)
        raise click.BadParameter(f"{path.name} has another ending than {kinds}") from None


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        for piece in iter(lambda: content.read(HASH_BYTES), b""):
            digest.update(piece)
    return digest.hexdigest()


def _begin(context: Context, wanted: NewFile) -> File:
    """Take the file in, or find it again where it was taken in before and not read to its end."""
    with context.database.transaction() as session:
        earlier = None if wanted.dry_run else find_file_by_number(session, wanted.department, wanted.file_no)
        if earlier is not None and earlier.sha256 == wanted.sha256 and earlier.mapping == wanted.mapping:
            file = read_file_state(session, earlier.file_id, department=wanted.department)
        else:
            file = hand_in_file(session, wanted, None, sealer=context.sealer)
    if isinstance(file, Refusal):
        said = describe_refusal(file, language=Language.ENGLISH, instance="")
        raise click.UsageError(f"{said['title']}: {said['detail']}")
    return file


def _read(context: Context, file: File, content: BinaryIO, console: Console) -> None:
    columns = (TextColumn("{task.fields[rows]:>9,} rows"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=file.size, rows=file.rows_read)

        def watch(_: Session, row_no: int) -> None:
            progress.update(task, completed=content.tell(), rows=row_no)

        try:
            read_file(make_reading_desk(context), file.file_id, content, watch=watch)
        except MovedOnError as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            raise click.ClickException("stopped; the same command goes on from the last row that is settled") from None
        progress.update(task, completed=file.size)


def _find(context: Context, file_id: UUID, department: str) -> File:
    with context.database.reading() as session:
        file = read_file_state(session, file_id, department=department)
    if isinstance(file, Refusal):
        raise click.ClickException(f"file {file_id} is gone")
    return file


def _write_receipt(context: Context, file: File, content: BinaryIO, path: Path) -> None:
    day = today(file.received_at)
    with context.database.reading() as session:
        titles = find_titles(session, file.mapping, context.rules.catalogue_on(day))
    outcomes = list_outcomes(context.database, file, Language.CHINESE)
    try:
        with path.open("wb") as written:
            for piece in write_receipt(content, SheetKind(file.format), outcomes, titles=titles):
                written.write(piece)
    except SheetError:  # it cannot be read as a sheet at all; its one fault is printed
        path.unlink()


def _print(file: File, console: Console) -> None:
    if file.fault_code is not None:
        fault = describe_fault(file, Language.CHINESE)
        console.print(f"{file.file_no}: {fault['message']}（{fault['code']}，第 {fault['row_no'] or '-'} 行）")
        for error in fault["errors"]:
            console.print(f"  {error['pointer']}  {error['message']}")
    table = Table("处理结果", "代码", "原因", "行数", title=f"{file.file_no}{'（试运行）' if file.dry_run else ''}")
    for reason in file.reasons:
        text = describe_reason(reason, Language.CHINESE)["text"]
        table.add_row(reason.outcome, reason.code or "", text or "", f"{reason.rows:,}")
    console.print(table)
