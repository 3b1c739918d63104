"""Probes: does a receiver verify what it gets? It is sent a right message, one forged, and one that is too old.

A receiver that takes a message without looking at the signature takes one from anybody: a "deposit settled" that
nobody has settled. So it gets no event before it has refused what must be refused, and is tried again about once a day.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.merchants.courier import Courier, Message, Outcome, carry
from backend.merchants.webhook_tables import EndpointRow, Verdict
from backend.storage.identifiers import new_id

EVENT = "webhook.test"
LEASED_FOR = timedelta(seconds=120)
AGE_OF_STALE = timedelta(hours=1)
SOONEST, SPREAD = timedelta(hours=18), timedelta(hours=12)
AGAIN_AFTER_SILENCE = timedelta(hours=1)
_REFUSALS = range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)


class Probe(StrEnum):
    """What a receiver is tried with."""

    RIGHT = "right"
    FORGED = "forged"
    STALE = "stale"


class HeldProbe(NamedTuple):
    """A probe that a worker holds: of which endpoint, where to, and the lease that proves the hold."""

    endpoint_id: UUID
    merchant: str
    url: str
    lease: UUID


def take_probe(session: Session, endpoint_id: UUID, *, now: datetime) -> HeldProbe | None:
    """Lease the probe of an endpoint for two minutes, if it is due and nobody else has it."""
    due = select(EndpointRow).where(
        EndpointRow.endpoint_id == endpoint_id, EndpointRow.ended_at.is_(None), EndpointRow.probe_due_at <= now
    )
    row = session.scalars(due.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    lease = new_id(now)
    row.probe_due_at, row.probe_lease = now + LEASED_FOR, lease
    session.flush()
    return HeldProbe(row.endpoint_id, row.merchant, row.url, lease)


def probe_receiver(courier: Courier, held: HeldProbe) -> dict[Probe, Outcome]:
    """Send the three messages of a probe, in an order that nobody can know, and give how they were received."""
    now = courier.clock.machine_now()
    forger = replace(courier.tokens.find_signer(now), key=generate_private_key(SECP256R1()))
    outcomes = {}
    for probe in sorted(Probe, key=lambda _: courier.draw()):
        message = Message(
            url=held.url,
            event_id=new_id(courier.clock.now()),
            event=EVENT,
            merchant=held.merchant,
            about=held.endpoint_id,
            data={},
            occurred_at=courier.clock.now(),
        )
        outcomes[probe] = carry(
            courier,
            message,
            signer=forger if probe is Probe.FORGED else None,
            made_at=now - AGE_OF_STALE if probe is Probe.STALE else None,
        )
    return outcomes


def judge(outcomes: Mapping[Probe, Outcome]) -> Verdict:
    """Judge a receiver: it verifies if it takes the right message, and refuses the others with a status of 4xx.

    To take a wrong one is worse than to take none. "Too many requests" is no refusal of a signature.
    """
    wrong = (outcomes[Probe.FORGED], outcomes[Probe.STALE])
    if any(outcome.is_success for outcome in wrong):
        return Verdict.DOES_NOT_VERIFY
    refuses = all(each.status in _REFUSALS and each.status != HTTPStatus.TOO_MANY_REQUESTS for each in wrong)
    return Verdict.VERIFIES if refuses and outcomes[Probe.RIGHT].is_success else Verdict.DOES_NOT_ANSWER


def settle_probe(
    session: Session, held: HeldProbe, outcomes: Mapping[Probe, Outcome], *, now: datetime, draw: float
) -> Verdict | None:
    """Note what a probe has found out, and when the next is due; None when it is no longer held by this lease.

    A receiver that passes gets its events, also one that was paused.
    """
    mine = (EndpointRow.endpoint_id == held.endpoint_id, EndpointRow.probe_lease == held.lease)
    row = session.scalars(
        select(EndpointRow).where(*mine).with_for_update(), execution_options={"populate_existing": True}
    ).one_or_none()
    if row is None:
        return None
    verdict = judge(outcomes)
    row.verdict, row.probed_at, row.probe_lease = verdict, now, None
    row.answers = {probe.value: outcome.fault or outcome.status for probe, outcome in outcomes.items()}
    row.probe_due_at = now + (AGAIN_AFTER_SILENCE if verdict is Verdict.DOES_NOT_ANSWER else SOONEST + draw * SPREAD)
    if verdict is Verdict.VERIFIES:
        row.passed_at, row.failing_since, row.paused_at = now, None, None
    session.flush()
    return verdict
