"""What everybody is told with an edition, as it is given and shown at the prompt."""

from datetime import date
from pathlib import Path

import click

from backend.cli.doubts import check_text
from backend.gateways.rulebook_files import read_document
from backend.governance.documents import NAMES, Documents, Kind
from backend.governance.draft_views import WholeDraft
from backend.governance.identity_guard import find_identity_number
from backend.governance.told_texts import DECISION_LENGTHS, LEAST_URGENCY, URGENCY_LENGTHS, says_something
from backend.people.identity_numbers import holds_resident_id

_LENGTHS = {"decision": DECISION_LENGTHS, "urgency": URGENCY_LENGTHS}


def check_title(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Take a title or a reason as `check_text` does, where one is given; it has letters."""
    if value is None:
        return None
    text = check_text(context, option, value)
    if not says_something(text):
        raise click.BadParameter("this has no letter that could be read; everybody would be told")
    return text


def check_told(_context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Take what everybody is told as the API takes it."""
    least, most = _LENGTHS[option.name or ""]
    if value is not None and not (least <= len(value) <= most and value.isprintable() and value == value.strip()):
        raise click.BadParameter(f"give {least} to {most} characters that can be shown, without blanks around them")
    if value is not None and not says_something(value, least=LEAST_URGENCY if option.name == "urgency" else 1):
        raise click.BadParameter("this has too few letters to say anything; everybody would be told")
    if value is not None and holds_resident_id(value):
        raise click.BadParameter("this holds the number of an identity card; everybody would be told")
    return value


def read_folder(folder: Path, kind: Kind, effective_on: date | None) -> Documents:
    """Read the documents of the edition of a day, the last one unless given, as the API takes them."""
    first = NAMES[kind][0]
    days = sorted(path.stem.removeprefix(f"{first}-") for path in folder.glob(f"{first}-*.toml"))
    day = effective_on.isoformat() if effective_on is not None else days[-1] if days else "<day>"
    documents = {name: read_document(folder.absolute(), f"{name}-{day}.toml") for name in NAMES[kind]}
    for name, text in documents.items():
        line = find_identity_number(text)
        if line is not None:
            where = f"{folder / name}-{day}.toml, line {line}"
            raise click.ClickException(f"{where}: holds the number of an identity card; give none, and draft it anew")
    return documents


def print_told(whole: WholeDraft) -> None:
    """Print what everybody is told when a draft is announced as it is, and how long before that must be."""
    told = whole.announcement
    click.echo(f"  reason   {told.reason}")
    for name, text in (("decision", told.decision), ("urgency", told.urgency)):
        if text is not None:
            click.echo(f"  {name:8} {text}")
    period = whole.notice_period
    if period is not None:
        who = "somebody loses" if period.is_adverse else "nobody loses"
        click.echo(f"  notice   {who}; announced today, it may be for {period.first_on} or later")
