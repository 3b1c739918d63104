"""`shangding quarantine`: rows about somebody in doubt, and deciding about them at the prompt."""

import os
from typing import TypeVar
from uuid import UUID

import click

from backend.access.entries import Purpose
from backend.cli.database import opened_database, read_published
from backend.cli.doubts import check_text
from backend.clock import SystemClock
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.principals import Principal, PrincipalKind
from backend.records.quarantine import (
    Decision,
    QuarantinedDetail,
    Tools,
    Verdict,
    decide_quarantined,
    list_waiting,
    look_at_quarantined,
)
from backend.settings import read_settings
from backend.web.messages import Language
from backend.web.problems import Refusal, describe_refusal

Result = TypeVar("Result")

_CASE = click.option(
    "--case", "case_no", required=True, callback=check_text, help="Number of the case; the person sees it."
)
_OPERATOR = click.option(
    "--operator", required=True, callback=check_text, help="Who looks or decides; the person sees that."
)
_REASON = click.option("--reason", required=True, callback=check_text, help="Why; it is kept with the row.")


@click.group()
def quarantine() -> None:
    """Work through rows that wait because it is in doubt whom they are about."""


@quarantine.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many at most.")
def list_rows(limit: int) -> None:
    """List rows, oldest first: quarantine id, moment, department, indicator, why it waits; no names."""
    with opened_database() as database, database.reading() as session:
        found = list_waiting(session, after=None, limit=limit)
    for row in found:
        received_at = row.received_at.isoformat(timespec="seconds")
        click.echo(f"{row.quarantine_id}  {received_at}  {row.department}  {row.indicator}  {row.code}")


@quarantine.command()
@click.argument("quarantine_id", type=click.UUID)
@_CASE
@_OPERATOR
def show(quarantine_id: UUID, case_no: str, operator: str) -> None:
    """Show the two names side by side and the number masked; the person finds an entry about this look."""
    with opened_database() as database, database.transaction() as session:
        found = look_at_quarantined(
            session,
            quarantine_id,
            principal=_operator(operator),
            purpose=Purpose.DATA_CHECK,
            case_no=case_no,
            sealer=_read_tools().sealer,
            now=SystemClock().now(),
        )
    _echo(_expect(found))


@quarantine.command()
@click.argument("quarantine_id", type=click.UUID)
@_CASE
@_OPERATOR
@_REASON
def release(quarantine_id: UUID, case_no: str, operator: str, reason: str) -> None:
    """Let a row in, once somebody has compared the identity document; it becomes a record from now on."""
    _decide(quarantine_id, Verdict(Decision.RELEASE, case_no, reason), operator)


@quarantine.command()
@click.argument("quarantine_id", type=click.UUID)
@_CASE
@_OPERATOR
@_REASON
def refuse(quarantine_id: UUID, case_no: str, operator: str, reason: str) -> None:
    """Keep a row out for good; its department learns that."""
    _decide(quarantine_id, Verdict(Decision.REFUSE, case_no, reason), operator)


def _decide(quarantine_id: UUID, verdict: Verdict, operator: str) -> None:
    with opened_database() as database, database.transaction() as session:
        decided = decide_quarantined(
            session,
            quarantine_id,
            verdict,
            principal=_operator(operator),
            tools=_read_tools(),
            now=SystemClock().now(),
        )
    click.echo(f"{quarantine_id}: {_expect(decided).state}")


def _operator(name: str) -> Principal:
    return Principal(kind=PrincipalKind.OPERATOR, id=name)


def _read_tools() -> Tools:
    settings = read_settings(os.environ)
    return Tools(
        rules=read_published().rules,
        pseudonyms=Pseudonyms(settings.pseudonym_keys.by_id, settings.pseudonym_keys.current),
        sealer=Sealer(settings.sealing_keys.by_id, settings.sealing_keys.current),
    )


def _expect(result: Result | Refusal) -> Result:
    """Give what a use case did; what it refused ends the command, with exit code 1."""
    if isinstance(result, Refusal):
        document = describe_refusal(result, language=Language.ENGLISH, instance="")
        raise click.ClickException(str(document["detail"]))
    return result


def _echo(found: QuarantinedDetail) -> None:
    content = found.report.content
    lines = {
        "waits since": found.waiting.received_at.isoformat(timespec="seconds"),
        "state": found.state,
        "handed in by": f"{found.waiting.department}, {found.waiting.indicator}, {content.occurred_on}",
        "number": found.masked_number,
        "name given": found.name_given,
        "name on file": found.name_on_file or "-",
        "vouched for": "yes" if found.name_is_verified else "no",
        "in doubt": "yes" if found.is_in_doubt else "no",
    }
    for name, value in lines.items():
        click.echo(f"{name:12}  {value}")
