"""What everybody is told with an edition, as it is given and shown at the prompt."""

import click

from backend.cli.doubts import check_text
from backend.governance.draft_views import WholeDraft
from backend.people.identity_numbers import holds_resident_id

LENGTHS = {"decision": (1, 100), "urgency": (20, 500)}  # of what everybody is told


def check_title(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Take the title of a draft as `check_text` does, where one is given."""
    return None if value is None else check_text(context, option, value)


def check_told(_context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Take what everybody is told as the API takes it."""
    least, most = LENGTHS[option.name or ""]
    if value is not None and not (least <= len(value) <= most and value.isprintable() and value == value.strip()):
        raise click.BadParameter(f"give {least} to {most} characters that can be shown, without blanks around them")
    if value is not None and holds_resident_id(value):
        raise click.BadParameter("this holds the number of an identity card; everybody would be told")
    return value


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
