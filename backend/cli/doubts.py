"""`shangding doubts`: the people whose identity is in doubt, and settling that."""

from uuid import UUID

import click

from backend.cli.database import opened_database
from backend.clock import SystemClock
from backend.people.doubts import list_doubts, settle_doubt
from backend.people.identity_numbers import holds_resident_id

MAX_TEXT = 64


@click.group()
def doubts() -> None:
    """Look after people whose identity is in doubt."""


@doubts.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many at most.")
def show(limit: int) -> None:
    """List subjects in doubt: subject id, code of the doubt, day since which the subject is known.

    Those known longest come first; names and numbers are not shown.
    """
    with opened_database() as database, database.reading() as session:
        found = list_doubts(session, limit)
    for doubt in found:
        click.echo(f"{doubt.subject_id}  {doubt.code}  {doubt.known_since}")


def check_text(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Take an option that the person sees or that is kept: short, printable, and without an identity number."""
    text = value.strip()
    if not 1 <= len(text) <= MAX_TEXT or not text.isprintable():
        raise click.BadParameter(f"give 1 to {MAX_TEXT} characters that can be shown")
    if holds_resident_id(text):
        raise click.BadParameter("this holds the number of an identity card; give one of your own that holds none")
    return text


@doubts.command()
@click.argument("subject_id", type=click.UUID)
@click.option("--case", "case_no", required=True, callback=check_text, help="Number of the case; the person sees it.")
@click.option("--operator", required=True, callback=check_text, help="Who has looked into it; the person sees that.")
def settle(subject_id: UUID, case_no: str, operator: str) -> None:
    """Clear the doubt about SUBJECT_ID, once somebody has looked into who the person is.

    The name on file stays. The person finds an entry with operator and case among the looks at his data. Exit code 1
    when there is no such doubt.
    """
    with opened_database() as database, database.transaction() as session:
        settled = settle_doubt(session, subject_id, operator=operator, case_no=case_no, now=SystemClock().now())
    if not settled:
        raise click.ClickException(f"there is no doubt about {subject_id}; see shangding doubts list")
    click.echo(f"{subject_id}: settled")
