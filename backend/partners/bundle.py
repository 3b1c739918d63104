"""The bundle: all messages with one partner, as a file that anybody verifies with the public keys of both cities.

Lines of JSON in their one spelling: first what it is and the treaties with both signatures, then each message with its
place in the chain and, unless it was erased, its body, last our signature over all bytes before it.
`partners.bundle_check` verifies it.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from backend.gateways.detached_signatures import sign_detached
from backend.gateways.token_keys import TokenKey
from backend.partners.bundle_lines import BEGINNING, BUNDLE_FORMAT, BUNDLE_KIND, write_line, write_moment
from backend.partners.message_log import describe_message
from backend.partners.message_tables import MessageLinkRow, MessageRow, find_last_link, list_chain
from backend.partners.tables import TreatyRow, list_treaty_rows

PORTION = 500


class Extent(NamedTuple):
    """Which stretch of a chain is exported, both numbers inclusive; `to_no` below `from_no` is an empty one."""

    from_no: int
    to_no: int


def find_extent(session: Session, partner: str, *, from_no: int | None = None, to_no: int | None = None) -> Extent:
    """Find what there is of a partner's chain within two numbers; from its beginning to its end without them."""
    last = find_last_link(session, partner)
    end = 0 if last is None else last.log_no
    return Extent(max(1, from_no or 1), end if to_no is None else min(to_no, end))


def write_bundle(
    session: Session, *, city: str, partner: str, extent: Extent, signer: TokenKey, now: datetime
) -> Iterator[bytes]:
    """Write the bundle of a stretch that is there, line by line; `city` is our own, `signer` its key."""
    digest = sha256()
    for line in _write_lines(session, city, partner, extent, now):
        digest.update(line)
        yield line
    yield write_line({"closing": sign_detached(digest.digest(), kind=BUNDLE_KIND, signer=signer)})


def _write_lines(session: Session, city: str, partner: str, extent: Extent, now: datetime) -> Iterator[bytes]:
    before = find_last_link(session, partner, up_to=extent.from_no - 1) if extent.from_no > 1 else None
    yield write_line(
        {
            "format": BUNDLE_FORMAT,
            "city": city,
            "partner": partner,
            "from_no": extent.from_no,
            "to_no": extent.to_no,
            "previous": (BEGINNING if before is None else before.digest).hex(),
            "made_at": write_moment(now),
            "treaties": [_describe_treaty(row) for row in list_treaty_rows(session, partner)],
        }
    )
    chain = list_chain(session, partner, from_no=extent.from_no, to_no=extent.to_no, portion=PORTION)
    for link, message in chain:
        yield write_line(_describe_place(link, message))


def _describe_treaty(row: TreatyRow) -> dict[str, Any]:
    return {
        "id": row.treaty_id,
        "version": row.version,
        "text": row.text,
        "digest": row.digest,
        "our_signature": row.our_signature,
        "their_signature": row.their_signature,
    }


def _describe_place(link: MessageLinkRow, message: MessageRow) -> dict[str, Any]:
    return {
        "log_no": link.log_no,
        "previous": link.previous.hex(),
        "digest": link.digest.hex(),
        "message": describe_message(message),
        "body": message.body,
    }
