"""The cities that we exchange with: registered by hand, on the machine, and ended there."""

import re
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.benefits.visitor_tables import switch_source
from backend.partners.tables import PartnerRow, list_partner_rows, list_treaty_keys, lock_partner_row, lock_treaty_row
from backend.storage.questions import Question, ask_within

LONGEST_CODE = 40
LONGEST_URL = 200
_CODE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


# Four columns, and a question takes whatever row there is.
_WANTED: Any = select(PartnerRow.code, PartnerRow.title, PartnerRow.url, PartnerRow.ended_at)
_PARTNER = Question(_WANTED.where(PartnerRow.code == bindparam("wanted")))


class PartnerError(Exception):
    """A city cannot be registered or ended; the message says what would be right."""


class Partner(NamedTuple):
    """A city that we exchange with; its protocol is at `url` + `/exchange/v1`. One that has ended is not believed."""

    code: str
    title: str
    url: str
    is_ended: bool


def find_partner(session: Session, code: str) -> Partner | None:
    """Find a partner by its code, ended ones too."""
    found = ask_within(session, _PARTNER, {"wanted": code})
    return None if found is None else Partner(found[0], found[1], found[2], is_ended=found[3] is not None)


def list_partners(session: Session) -> list[Partner]:
    """List all partners in order of their codes, ended ones too."""
    return [_describe(row) for row in list_partner_rows(session)]


def register_partner(
    session: Session, code: str, *, title: str, url: str, city: str, by: str, now: datetime
) -> Partner:
    """Register a city under the code by which treaties name it; `city` is our own. Raises PartnerError."""
    if len(code) > LONGEST_CODE or _CODE.fullmatch(code) is None:
        raise PartnerError(f"{code!r} is no code of a city; give small letters, digits and underscores, a letter first")
    if code == city:
        raise PartnerError(f"{code} is this city itself")
    if session.get(PartnerRow, code) is not None:
        raise PartnerError(f"{code} is registered already; codes are not given twice")
    row = PartnerRow(code=code, title=title, url=check_url(url), registered_at=now, registered_by=by, ended_at=None)
    session.add(row)
    session.flush()
    return _describe(row)


def end_partner(session: Session, code: str, *, by: str, because: str, now: datetime) -> Partner:
    """End a partner: none of its messages is believed from now on, and no treaty with it is in force.

    By whom and why is kept; of one that has ended before nothing changes.

    What its people are entitled to here ends at once, whatever the treaty says of suspensions: that the city takes
    something back would be heard no more. What it still must be told of people goes on. Raises PartnerError.
    """
    row = lock_partner_row(session, code)
    if row is None:
        raise PartnerError(f"no city {code} is registered")
    if row.ended_at is None:
        row.ended_at, row.ended_by, row.ended_because = now, by, because
        session.flush()
    for treaty_id, version in list_treaty_keys(session, code):
        lock_treaty_row(session, treaty_id, version)  # so that nobody resumes it meanwhile
        switch_source(session, treaty_id, version, is_live=False)
    return _describe(row)


def check_url(url: str) -> str:
    """Take the address at which a city's `/exchange/v1` begins, without a slash at the end; raises PartnerError."""
    parts = urlsplit(url) if len(url) <= LONGEST_URL and url.isascii() and url.isprintable() else None
    if (
        parts is None
        or parts.scheme not in {"https", "http"}
        or not parts.hostname
        or parts.username is not None
        or parts.query
        or parts.fragment
        or "#" in url
        or "?" in url
    ):
        raise PartnerError("the address must be https://name or https://name:port, with a path at most")
    return url.rstrip("/")


def _describe(row: PartnerRow) -> Partner:
    return Partner(code=row.code, title=row.title, url=row.url, is_ended=row.ended_at is not None)
