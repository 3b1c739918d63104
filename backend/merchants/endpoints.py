"""The places that a merchant has its events sent to: registering, listing and ending them, asking for a probe."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from sqlalchemy.orm import Session

from backend.merchants.events import EventKind
from backend.merchants.tables import lock_merchant
from backend.merchants.webhook_tables import EndpointRow, Verdict, end_waiting, list_live_endpoints, lock_live_endpoint
from backend.people.identity_numbers import holds_resident_id
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal

MOST_ENDPOINTS = 3
LONGEST_URL = 500
PUBLIC = "public"
_PUBLIC_PORTS = frozenset({None, "443", "8443"})
_DEFAULT_PORTS: Mapping[str, str] = {"http": "80", "https": "443"}
_CHARACTERS = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})"
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
    rf"(?P<path>/{_CHARACTERS}*)?(?P<query>\?(?:{_CHARACTERS}|\?)*)?",
    re.ASCII,
)
# A name of the public internet: at least two labels, and the last is no number, so that no address passes for a name.
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as its merchant sees it. `answers` is what it said to each probe of the last round."""

    endpoint_id: UUID
    url: str
    events: tuple[EventKind, ...]
    registered_at: datetime
    registered_by: str
    verdict: Verdict
    answers: Mapping[str, Any]
    probed_at: datetime | None
    passed_at: datetime | None
    failing_since: datetime | None
    paused_at: datetime | None


def register_endpoint(
    session: Session, merchant: str, *, url: str, events: Collection[EventKind], targets: str, by: str, now: datetime
) -> Endpoint | Refusal:
    """Register where a merchant has events of these kinds sent; the first probe is due at once, and events after it.

    `targets` is the operator's setting (`public` or `any`). Refusals: `webhook_refused` for an address that we do not
    send to, `too_many_webhooks` beyond three, `merchant_not_found`.
    """
    target = read_target(url, targets=targets)
    if target is None:
        return Refusal(ProblemCode.WEBHOOK_REFUSED)
    if lock_merchant(session, merchant) is None:  # held: two registrations at once must not both be the third
        return Refusal(ProblemCode.MERCHANT_NOT_FOUND)
    if len(list_live_endpoints(session, merchant)) >= MOST_ENDPOINTS:
        return Refusal(ProblemCode.TOO_MANY_WEBHOOKS, {"maximum": MOST_ENDPOINTS})
    row = EndpointRow(
        endpoint_id=new_id(now),
        merchant=merchant,
        url=target,
        events=" ".join(sorted({event.value for event in events})),
        registered_at=now,
        registered_by=by,
        verdict=Verdict.UNPROBED,
        probe_due_at=now,
    )
    session.add(row)
    session.flush()
    return _show(row)


def list_endpoints(session: Session, merchant: str) -> list[Endpoint]:
    """List the endpoints of a merchant that have not ended, the oldest first."""
    return [_show(row) for row in list_live_endpoints(session, merchant)]


def end_endpoint(session: Session, merchant: str, endpoint_id: UUID, *, by: str, now: datetime) -> Refusal | None:
    """End an endpoint for good, and what waits for it. Refusal: `webhook_not_found`."""
    row = lock_live_endpoint(session, endpoint_id, merchant)
    if row is None:
        return Refusal(ProblemCode.WEBHOOK_NOT_FOUND)
    row.ended_at, row.ended_by, row.probe_due_at, row.probe_lease = now, by, None, None
    session.flush()
    end_waiting(session, endpoint_id)
    return None


def ask_for_probe(session: Session, merchant: str, endpoint_id: UUID, *, now: datetime) -> Endpoint | Refusal:
    """Have an endpoint probed as soon as a worker gets to it. Refusal: `webhook_not_found`."""
    row = lock_live_endpoint(session, endpoint_id, merchant)
    if row is None:
        return Refusal(ProblemCode.WEBHOOK_NOT_FOUND)
    if row.probe_due_at is None or row.probe_due_at > now:
        row.probe_due_at, row.probe_lease = now, None
        session.flush()
    return _show(row)


def read_target(url: str, *, targets: str) -> str | None:
    """Read an address that events may be sent to, in its one spelling; None for one that we do not send to.

    `public` takes https to a name, at port 443 or 8443, and where the name leads is looked at before each delivery;
    `any` takes http too, every port, and bare addresses. Neither takes credentials, a fragment, or the number of a
    person's id, which would stand in lists and logs on both sides.
    """
    scheme, _, rest = url.partition("://")
    authority, slash, behind = rest.partition("/")
    found = _URL.fullmatch(f"{scheme.lower()}://{authority.lower()}{slash}{behind}")
    if found is None or len(url) > LONGEST_URL or holds_resident_id(url) or holds_resident_id(unquote(url)):
        return None
    host, port = found["host"], found["port"]
    is_public = found["scheme"] == "https" and port in _PUBLIC_PORTS and _NAME.fullmatch(host) is not None
    if not is_public and targets == PUBLIC:
        return None
    at_port = "" if port in {None, _DEFAULT_PORTS[found["scheme"]]} else f":{port}"
    return f"{found['scheme']}://{host}{at_port}{found['path'] or '/'}{found['query'] or ''}"


def _show(row: EndpointRow) -> Endpoint:
    return Endpoint(
        endpoint_id=row.endpoint_id,
        url=row.url,
        events=tuple(EventKind(word) for word in row.events.split()),
        registered_at=row.registered_at,
        registered_by=row.registered_by,
        verdict=Verdict(row.verdict),
        answers=row.answers or {},
        probed_at=row.probed_at,
        passed_at=row.passed_at,
        failing_since=row.failing_since,
        paused_at=row.paused_at,
    )
