"""`shangding governance`: drafts of rules for whoever looks after the machine, and the nightly run beside the rules."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from backend.cli.announcements import check_title, check_told, print_told, read_folder
from backend.cli.doubts import check_text
from backend.cli.impact_files import write_report
from backend.cli.impact_tables import show_impact
from backend.cli.measuring import make_measuring_desk
from backend.cli.placing import NewFile
from backend.cli.starting import opened_context
from backend.context import Context
from backend.governance.checks import run_check
from backend.governance.diary import Officer
from backend.governance.documents import Documents, Kind
from backend.governance.draft_views import Draft, WholeDraft
from backend.governance.drafts import NewDraft, NewRevision, create_draft, list_drafts, read_draft, revise_draft
from backend.governance.impacts import read_impact
from backend.governance.measuring import Fault, measure_draft
from backend.governance.nightly import run_shadows
from backend.governance.standing import load_standing
from backend.impact.document import read_json
from backend.population.files_of_day import has_files
from backend.settings import read_settings
from backend.web.messages import Language, get_message
from backend.web.problems import Refusal

MOST_LISTED = 100
_OUT = NewFile()
_FOLDER = click.Path(file_okay=False, path_type=Path)
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_KIND = click.Choice([kind.value for kind in Kind])
by_option = click.option("--by", required=True, callback=check_text, help="Who does this; it is kept.")
FAULTS = {
    Fault.NO_FILES: "there are no files of the city: set SHANGDING_CITY_FILES, and run `shangding population export`",
    Fault.FILES_UNREADABLE: "the files of the city cannot be read; see `shangding population verify`",
    Fault.FILES_OF_OTHER_LEDGER: (
        "the files say what the database does not know: they are of another one, or of before it was restored; let"
        " `shangding population export` make them anew in an empty folder"
    ),
    Fault.FILES_INCOMPLETE: "an export of the city's files is under way or was broken off: let it end, and try again",
    Fault.FILES_OF_OTHER_CITY: "the files are of another city; set SHANGDING_CITY_FILES to those of this one",
    Fault.FILES_OF_OTHER_DAY: "the files are not of today: run `shangding population export`, and try again",
    Fault.DRAFT_UNREADABLE: "the draft cannot be read; see `shangding governance check`",
    Fault.NOT_COMPARABLE: "the draft has too little in common with what is in force, such as other levels",
    Fault.GIVEN_UP: "measuring failed too often; see `shangding work parked`",
}


Given = TypeVar("Given")


class Held(NamedTuple):
    """What a command works with."""

    context: Context
    city: str
    now: datetime


@click.group()
def governance() -> None:
    """Look after drafts of rules. Who approves one must prove who he is: that is done by the API alone."""


@governance.command(name="list")
def show_all() -> None:
    """List the latest 100 drafts: where each stands, from which day, and what it still lacks."""
    table = Table("draft", "kind", "title", "version", "from", "state", "by", "lacks")
    with _opened() as held, held.context.database.reading() as session:
        for draft in list_drafts(session, before=None, limit=MOST_LISTED, city=held.city, now=held.now):
            table.add_row(*_describe(draft))
    Console(width=200).print(table)


@governance.command()
@click.argument("draft_id", type=click.UUID)
def show(draft_id: UUID) -> None:
    """Show DRAFT_ID: where it stands, what its last check found, and who did what."""
    with _opened() as held:
        whole = _read(held, draft_id)
    _print_draft(whole.draft)
    print_told(whole)
    _print_findings(whole)
    for each in whole.events:
        who = each.actor or "the server"
        click.echo(f"  {each.happened_at:%Y-%m-%d %H:%M}Z  {each.event:16} {who:12} {each.reason or ''}".rstrip())


@governance.command(name="import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--kind", type=_KIND, default=Kind.RULEBOOK.value, show_default=True, help="What FOLDER holds.")
@click.option("--on", "effective_on", type=_DAY, help="Which edition of FOLDER; the last one unless given.")
@click.option(
    "--title", callback=check_title, help="What changes; everybody is told. A revision keeps that of its draft."
)
@click.option("--reason", required=True, callback=check_title, help="Why; of a new draft everybody is told.")
@click.option("--decision", callback=check_told, help="By which paper it was decided; told, and kept, likewise.")
@click.option("--urgency", callback=check_told, help="Why people are told late, if they are; told and kept likewise.")
@click.option("--revises", type=click.UUID, help="The draft whose documents these take the place of.")
@by_option
def import_folder(
    folder: Path,
    kind: str,
    effective_on: datetime | None,
    title: str | None,
    reason: str,
    revises: UUID | None,
    by: str,
    **told: str | None,
) -> None:
    """Draft the edition that FOLDER holds, in files named as those of a release, and check it.

    They are rulebook-<day>.toml, catalogue-<day>.toml and cases-<day>.toml, or scenarios-<day>.toml and
    cases-<day>.toml; cases name the version that they are of. Exit code 1 when the check has found something; the draft
    is there all the same.
    """
    if title is None and revises is None:
        raise click.UsageError("give --title with what changes; only a revision has one already")
    of_kind = Kind(kind)
    documents = read_folder(folder, of_kind, None if effective_on is None else effective_on.date())
    officer = Officer(by)
    with _opened() as held:
        with held.context.database.transaction() as session:
            if revises is None:
                new = NewDraft(
                    of_kind, title or "", documents, reason, decision=told["decision"], urgency=told["urgency"]
                )
                draft = create_draft(session, new, by=officer, city=held.city, now=held.now)
            else:
                revision = _make_revision(_read_in(session, held, revises), title, documents, reason, told)
                draft = _demand(revise_draft(session, revises, revision, by=officer, city=held.city, now=held.now))
        _tell_check(held, draft.draft_id, by=officer)


@governance.command()
@click.argument("draft_id", type=click.UUID)
@by_option
def check(draft_id: UUID, by: str) -> None:
    """Check DRAFT_ID beside the editions that stand now, and say what was found. Exit code 1 when anything was."""
    with _opened() as held:
        _tell_check(held, draft_id, by=Officer(by))


@governance.command()
@click.argument("draft_id", type=click.UUID)
@click.option("--attached", is_flag=True, help="Measure nothing; show the report that is attached.")
@click.option("--json", "json_path", type=_OUT, help="Write all figures to this file.")
@click.option("--html", "html_path", type=_OUT, help="Write the report to this file; it fetches nothing.")
@click.option("--pdf", "pdf_path", type=_OUT, help="Write the report as PDF to this file.")
@click.option("--no-samples", is_flag=True, help="Leave the sample people out of what is shown and written.")
def impact(draft_id: UUID, *, attached: bool, no_samples: bool, **paths: Path | None) -> None:
    """Measure now what DRAFT_ID would do to everybody, on the files of this machine, and attach it.

    It is compared with what is in force; files are written of that comparison. Exit code 1 when it cannot be measured.
    """
    with _opened() as held:
        if not attached and not has_files(held.context.settings.city_files):  # nothing was tried, and nothing is kept
            raise click.ClickException(FAULTS[Fault.NO_FILES])
        if not attached:
            outcome = measure_draft(make_measuring_desk(held.context), draft_id)
            if outcome is None:
                raise click.ClickException(f"{draft_id} is no open draft; see `shangding governance list`")
            if outcome.fault is not None:
                raise click.ClickException(FAULTS[outcome.fault])
        with held.context.database.reading() as session:
            found = _demand(read_impact(session, draft_id))
    reports = [read_json(each["report"]) for each in found.comparisons]
    if no_samples:
        reports = [replace(report, samples=(), with_samples=False) for report in reports]
    for report in reports:
        show_impact(Console(), report)
    if reports:
        write_report(reports[0], **paths)


@governance.command()
@click.argument("folder", type=_FOLDER)
@click.option("--kind", type=_KIND, default=Kind.RULEBOOK.value, show_default=True, help="Which editions.")
@click.option("--on", "effective_on", type=_DAY, required=True, help="The day from which the edition is in force.")
def export(folder: Path, kind: str, effective_on: datetime) -> None:
    """Write the edition of a day into FOLDER, in files named as those of a release, to be kept with the sources."""
    of_kind, day = Kind(kind), effective_on.date()
    with _opened() as held, held.context.database.reading() as session:
        edition = load_standing(session, held.city).find_edition(of_kind, day)
    if edition is None:
        raise click.ClickException(f"no edition of {kind} takes effect on {day}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sorted(edition.documents.items()):
        path = folder / f"{name}-{day}.toml"
        path.write_text(text, encoding="utf-8")
        click.echo(f"{path}: {edition.version}")


@governance.command()
def shadows() -> None:
    """Measure every candidate that is run beside the rules, on the city of today; for the night, after the export.

    Run twice a day it does nothing more. Exit code 1 when there is something to measure and it cannot be.
    """
    with _opened() as held:
        night = run_shadows(make_measuring_desk(held.context))
    click.echo(f"{night.measured} candidates measured")
    for fault, missed in night.missed.items():
        click.echo(f"{missed} not measured: {FAULTS[fault]}", err=True)
    if night.missed:
        raise click.exceptions.Exit(1)


def _make_revision(
    former: WholeDraft, title: str | None, documents: Documents, reason: str, told: Mapping[str, str | None]
) -> NewRevision:
    """Take over from the draft what everybody is told, where nothing else is given."""
    if title not in {None, former.draft.title}:
        raise click.UsageError(f"a revision keeps the title of its draft, {former.draft.title}; leave --title out")
    decision, urgency = (told[name] or getattr(former.announcement, name) for name in ("decision", "urgency"))
    return NewRevision(documents, former.draft.digest, reason, decision=decision, urgency=urgency)


@contextmanager
def _opened() -> Iterator[Held]:
    with opened_context(read_settings(os.environ)) as context:
        yield Held(context, context.city, context.clock.now())


def _read(held: Held, draft_id: UUID) -> WholeDraft:
    with held.context.database.reading() as session:
        return _read_in(session, held, draft_id)


def _read_in(session: Session, held: Held, draft_id: UUID) -> WholeDraft:
    notice_days = held.context.settings.rule_notice_days
    return _demand(read_draft(session, draft_id, city=held.city, notice_days=notice_days, now=held.now))


def _describe(draft: Draft) -> tuple[str, ...]:
    day = "" if draft.effective_on is None else draft.effective_on.isoformat()
    lacks = ", ".join(draft.lacks)
    return (str(draft.draft_id), draft.kind, draft.title, draft.version or "", day, draft.state, draft.author, lacks)


def _print_draft(draft: Draft) -> None:
    click.echo(f"{draft.draft_id}  {draft.kind} {draft.version or '(not read yet)'}  {draft.title}")
    click.echo(f"  state    {draft.state}" + (f", from {draft.effective_on}" if draft.effective_on else ""))
    click.echo(f"  digest   {draft.digest} (revision {draft.revision_no}, by {draft.author})")
    if draft.lacks:
        click.echo(f"  lacks    {', '.join(draft.lacks)}")
    if draft.impact_asked_at is not None:
        click.echo(f"  impact   asked for at {draft.impact_asked_at:%Y-%m-%d %H:%M}Z; a worker with the files makes it")
    if draft.impact_fault is not None:
        click.echo(f"  impact   {FAULTS[Fault(draft.impact_fault)]}")


def _print_findings(whole: WholeDraft) -> bool:
    found = whole.check
    if found is None:
        return False
    stale = "" if found.is_of_this_draft else ", of an earlier revision"
    click.echo(f"  check    {'sound' if found.is_sound else 'not sound'}, {found.cases} cases{stale}")
    kinds = {"refused": found.faults, "case fails": found.failing, "gap": found.gaps, "no case for": found.unexercised}
    kinds["notice"] = found.notices
    for kind, sentences in kinds.items():
        for sentence in sentences:
            click.echo(f"           {kind}: {sentence}")
    return found.is_sound


def _tell_check(held: Held, draft_id: UUID, *, by: Officer) -> None:
    _demand(run_check(held.context.database, draft_id, by=by, city=held.city, now=held.now))
    whole = _read(held, draft_id)
    _print_draft(whole.draft)
    if not _print_findings(whole):
        raise click.exceptions.Exit(1)


def _demand(answer: Given | Refusal) -> Given:
    if isinstance(answer, Refusal):
        raise click.ClickException(get_message(f"problem.{answer.code}.detail", Language.ENGLISH, **answer.values))
    return answer
