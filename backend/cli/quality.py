"""`shangding quality`: how good and how timely was what departments handed in, as a table or as CSV."""

import csv
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

import click
from rich.console import Console
from rich.table import Table

from backend.cli.database import opened_database
from backend.clock import SystemClock, today
from backend.gateways.published_editions import load_published
from backend.gateways.working_days import read_published_calendar
from backend.records.receipts import Outcome
from backend.reports.descriptions import name_department, name_indicator
from backend.reports.figures import Punctuality, Share
from backend.reports.periods import LONGEST_DAYS, choose_span, find_period_refusal
from backend.reports.quality import QualityFigures, measure_quality
from backend.reports.tables import count_unread_files
from backend.settings import read_settings
from backend.web.messages import Language
from scoring.catalogue import Catalogue

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--from", "since", type=_DAY, help="First day of receipt; 30 days before the last unless given.")
@click.option("--to", "until", type=_DAY, help="Last day of receipt, both days included; yesterday unless given.")
@click.option("--department", help="Code of one department.")
@click.option("--indicator", help="Code of one indicator.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV: each share as two columns, and the reasons of refusal.")
def quality(
    since: datetime | None, until: datetime | None, department: str | None, indicator: str | None, *, as_csv: bool
) -> None:
    """Show the quality of what departments handed in, by department and indicator.

    A share is written as part/whole; "-" means that there is nothing to have a share of. How many files of these days
    are not read to their end is told on standard error.
    """
    settings, day = read_settings(os.environ), today(SystemClock().now())
    first_on, last_on = (None if each is None else each.date() for each in (since, until))
    span = replace(choose_span(first_on, last_on, today=day), department=department, indicator=indicator)
    if find_period_refusal(span, last=day) is not None:
        raise click.BadParameter(
            f"{span.first_on} to {span.last_on}: must not end before it begins, nor after {day}, nor have more than"
            f" {LONGEST_DAYS} days"
        )
    with opened_database() as database, database.reading() as session:
        rules = load_published(session, settings.city).rules
        found = measure_quality(session, span, rules=rules, calendar=read_published_calendar(), today=day)
        unread = count_unread_files(session, department=department, since=span.since, before=span.before)
    if as_csv:
        _write_csv(found)
    else:
        _show(found, span.first_on, span.last_on, rules.catalogue_on(day))
    if unread:  # not among the figures: a CSV file holds nothing else
        click.echo(f"files not read to their end: {unread}; their rows not read yet are in no figure", err=True)


def _show(found: Sequence[QualityFigures], first_on: date, last_on: date, catalogue: Catalogue) -> None:
    table = Table(title=f"received {first_on} to {last_on}", title_justify="left")
    for head in ("department", "indicator", "rows"):
        table.add_column(head)
    for head in (*Outcome, "in time", "checked", "delay", "filled", "corrected", "withdrawn", "differing"):
        table.add_column(head, justify="right", no_wrap=True)
    for each in found:
        table.add_row(
            name_department(each.department, catalogue, Language.CHINESE),
            name_indicator(each.indicator, catalogue, Language.CHINESE),
            str(each.handed_in),
            *(str(each.outcomes[outcome].part) for outcome in Outcome),
            _write_punctuality(each.timeliness),
            _write_punctuality(each.check),
            _write_delay(each),
            *(_write_share(share) for share in (each.completeness, each.corrected, each.withdrawn, each.differing)),
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    click.echo("in time, checked: of those that can be judged; +n pending, ?n not judged")
    click.echo("delay: median and worst in working days; filled: of the optional items of accepted rows")


def _write_share(share: Share) -> str:
    return f"{share.part}/{share.whole}" if share.whole else "-"


def _write_punctuality(punctuality: Punctuality | None) -> str:
    if punctuality is None:
        return "-"
    text = _write_share(punctuality.in_time)
    text += f" +{punctuality.pending}" if punctuality.pending else ""
    return text + (f" ?{punctuality.not_judged}" if punctuality.not_judged else "")


def _write_delay(figures: QualityFigures) -> str:
    delay = figures.delay
    return "-" if delay.median_working_days is None else f"{delay.median_working_days}, {delay.worst_working_days}"


def _write_csv(found: Sequence[QualityFigures]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for number, each in enumerate(found):
        cells = dict(_list_cells(each))
        if number == 0:
            writer.writerow(cells.keys())
        writer.writerow(cells.values())


def _list_cells(figures: QualityFigures) -> Iterator[tuple[str, object]]:
    yield "department", figures.department
    yield "indicator", figures.indicator
    yield "handed_in", figures.handed_in
    for outcome, share in figures.outcomes.items():
        yield outcome.value, share.part
    yield from _list_clock_cells("timeliness", figures.timeliness)
    yield from _list_clock_cells("check", figures.check)
    yield "delay_rows", figures.delay.rows
    yield "delay_median_working_days", figures.delay.median_working_days
    yield "delay_worst_working_days", figures.delay.worst_working_days
    yield "delay_not_known", figures.delay.not_known
    yield "optional_filled", figures.completeness.part
    yield "optional_items", figures.completeness.whole
    yield "corrected", figures.corrected.part
    yield "withdrawn", figures.withdrawn.part
    yield "inspected", figures.differing.whole
    yield "differing", figures.differing.part
    yield "without_document", figures.without_document
    yield "refusals", " ".join(f"{code}:{share.part}" for code, share in figures.refusals)


def _list_clock_cells(name: str, clock: Punctuality | None) -> Iterator[tuple[str, object]]:
    yield f"{name}_working_days", None if clock is None else clock.deadline.working_days
    yield f"{name}_in_time", None if clock is None else clock.in_time.part
    yield f"{name}_judged", None if clock is None else clock.in_time.whole
    yield f"{name}_pending", None if clock is None else clock.pending
    yield f"{name}_not_judged", None if clock is None else clock.not_judged
