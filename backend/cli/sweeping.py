"""What the worker does beside its jobs, every few seconds: write down what time alone has done."""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event
from types import MappingProxyType

import structlog

from backend.benefits.ask_expiry import expire_asks, forget_asked_about, forget_codes
from backend.benefits.card_ending import sweep_cards
from backend.benefits.judging import Tools
from backend.context import Context
from backend.grants.due import sweep_due
from backend.storage.database import StorageUnavailableError
from backend.web.faults import describe_fault

SWEPT_EVERY_S = 5.0
log = structlog.get_logger("shangding.sweep")

Sweep = Callable[[Context, datetime], int]


def _sweep_grants(context: Context, now: datetime) -> int:
    return sweep_due(context.database, now=now)


def _sweep_asks(context: Context, now: datetime) -> int:
    return expire_asks(context.database, now=now)


def _sweep_asked_about(context: Context, now: datetime) -> int:
    with context.database.transaction() as session:
        return forget_asked_about(session, now=now)


def _sweep_codes(context: Context, now: datetime) -> int:
    with context.database.transaction() as session:
        return forget_codes(session, now=now)


def _sweep_cards(context: Context, now: datetime) -> int:
    tools = Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)
    return sweep_cards(context.database, tools=tools, now=now)


# Each gives how much it did; one that did something is asked again at once.
SWEEPS: Mapping[str, Sweep] = MappingProxyType(
    {
        "grants": _sweep_grants,
        "asks": _sweep_asks,
        "asked about": _sweep_asked_about,
        "codes": _sweep_codes,
        "cards": _sweep_cards,
    }
)


def sweep(context: Context, stopped: Event) -> None:
    """Sweep until told to stop; a database that is away is waited for, and a sweep that fails spoils no other."""
    while not stopped.is_set():
        if not sweep_once(context):
            stopped.wait(SWEPT_EVERY_S)


def sweep_once(context: Context) -> int:
    """Do every sweep once, and give how much they did."""
    done = 0
    for name, each in SWEEPS.items():
        try:
            done += each(context, context.clock.now())
        except StorageUnavailableError:
            log.warning("database_away")
        except Exception as fault:  # noqa: BLE001 - the loop must outlive whatever happens in one round
            log.error("sweep_failed", sweep=name, **describe_fault(fault))  # noqa: TRY400 - no stack
    return done
