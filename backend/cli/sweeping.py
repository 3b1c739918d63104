"""What the worker does beside its jobs, every few seconds: write down what time alone has done."""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event
from types import MappingProxyType
from weakref import WeakKeyDictionary

import structlog

from backend.benefits.ask_expiry import expire_asks, forget_asked_about, forget_codes
from backend.benefits.card_ending import sweep_cards
from backend.benefits.judging import Tools
from backend.context import Context
from backend.disclosures.checking import go_on_checking
from backend.disclosures.passes import Progress
from backend.disclosures.telling import Tools as TellingTools
from backend.gateways.sending import make_sender
from backend.grants.due import sweep_due
from backend.partners.agreed_treaties import begin_suspended
from backend.partners.city_keys import list_all_keys, note_own_keys, refresh_keys
from backend.partners.message_log import link_messages
from backend.storage.database import Database, StorageUnavailableError
from backend.visits.endings import settle_withdrawals
from backend.visits.outliving import purge_answers
from backend.visits.uses import report_uses
from backend.web.faults import describe_fault

SWEPT_EVERY_S = 5.0
log = structlog.get_logger("shangding.sweep")

Sweep = Callable[[Context, datetime], int]
_progress: WeakKeyDictionary[Database, Progress] = WeakKeyDictionary()


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


def _sweep_disclosures(context: Context, now: datetime) -> int:
    tools = TellingTools(
        benefits=context.benefits, rules=context.rules, sealer=context.sealer, pseudonyms=context.pseudonyms
    )
    progress = _progress.setdefault(context.database, Progress())
    checked = go_on_checking(context.database, progress, tools=tools, now=now)
    return max(checked, int(progress.is_under_way))


def _sweep_uses(context: Context, now: datetime) -> int:
    return report_uses(context.database, benefits=context.benefits, now=now)


def _sweep_home_answers(context: Context, now: datetime) -> int:
    return purge_answers(context.database, now=now)


def _sweep_withdrawals(context: Context, now: datetime) -> int:
    return settle_withdrawals(context.database, now=now)


def _sweep_treaties(context: Context, now: datetime) -> int:
    return begin_suspended(context.database, now=now)


def _sweep_messages(context: Context, _: datetime) -> int:
    return link_messages(context.database, now=context.clock.machine_now())


def _sweep_own_keys(context: Context, _: datetime) -> int:
    """Keep the public halves of keys that were exchanged: what they have signed is verified by them for ever."""
    keys, city, now = context.exchange_keys, context.city, context.clock.machine_now()
    if keys is None:
        return 0
    with context.database.reading() as session:
        known = {key.key_id for key in list_all_keys(session, city) if key.is_current}
    if known != {entry["kid"] for entry in keys.describe(now)}:
        with context.database.transaction() as session:
            note_own_keys(session, city, keys, now=now)
    return 0


def _sweep_partner_keys(context: Context, _: datetime) -> int:
    """Fetch the keys of partners once in an hour; what could not be fetched is tried again later, not at once."""
    if context.exchange_keys is not None:
        send = make_sender(context.settings.exchange_targets)
        refresh_keys(context.database, now=context.clock.machine_now(), send=send)
    return 0


# Each gives how much it did; one that did something is asked again at once.
SWEEPS: Mapping[str, Sweep] = MappingProxyType(
    {
        "grants": _sweep_grants,
        "asks": _sweep_asks,
        "asked about": _sweep_asked_about,
        "codes": _sweep_codes,
        "cards": _sweep_cards,
        "disclosures": _sweep_disclosures,
        "uses": _sweep_uses,
        "answers of home cities": _sweep_home_answers,
        "withdrawals of home cities": _sweep_withdrawals,
        "suspended treaties": _sweep_treaties,
        "messages": _sweep_messages,
        "own keys": _sweep_own_keys,
        "partners' keys": _sweep_partner_keys,
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
