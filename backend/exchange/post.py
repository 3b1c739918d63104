"""The post to other cities: each waiting notice is sent until its partner has confirmed it.

One thread a partner, so that one that is away holds up no other; and a notice that its partner does not take holds up
no other of that partner. Which notices there are and when they are due stands in the database; what a worker knows of a
partner that is away is lost with it, and only costs an attempt.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from threading import Event
from typing import NamedTuple
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sqlalchemy.orm import Session

from backend.clock import Clock, format_moment
from backend.disclosures.ending import note_deleted
from backend.exchange.confirmations import DELETING, NOT_NOW, find_flaw, list_named, read_text
from backend.gateways.city_calls import (
    CityCall,
    CityCallError,
    CityCallFault,
    MessageTag,
    SignedAnswer,
    SignedCall,
    send_signed,
    sign_call,
)
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.sending import Send
from backend.partners.city_keys import find_signing_keys, learn_keys
from backend.partners.message_log import MessageKind, erase_answers, log_received, log_sent
from backend.partners.notices import (
    HeldNotice,
    NoticeKind,
    find_wait,
    hasten_notices,
    list_partners_with_notices,
    release_notices,
    settle_notice,
    take_notices,
)
from backend.partners.partners import Partner, find_partner
from backend.partners.protocol import NOTICES_PATH, PROTOCOL
from backend.storage.database import Database, StorageUnavailableError
from backend.web.answers import write_json
from backend.web.faults import describe_fault

THREADS = 8
PORTION = 10
DEADLINE_SECONDS = 5.0
IDLE_SECONDS = 0.5
UNUSABLE = "unusable"
LOGGED_IN_A_ROW = 10
log = structlog.get_logger("shangding.exchange")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOffice:
    """What sending notices needs from outside itself."""

    city: str
    database: Database
    clock: Clock
    keys: ExchangeKeys = field(repr=False)
    send: Send = field(repr=False)
    deadline_seconds: float = DEADLINE_SECONDS


class _Outcome(Enum):
    """What sending a notice came to.

    `AWAY` says nothing of this notice, as the partner takes none now; `BROKEN` nothing of the partner, as we failed.
    """

    CONFIRMED = auto()
    NOT_TAKEN = auto()
    BROKEN = auto()
    AWAY = auto()


class _Absence(NamedTuple):
    """That a partner took nothing: how often in a row, and when last."""

    failures: int
    noticed_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Tell whether it is time to try again; a clock that was set back keeps nobody away."""
        return not timedelta(0) <= now - self.noticed_at < find_wait(self.failures)


class Post:
    """Sends what is due, partner by partner; each notice settles in a transaction of its own."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office
        self._away: dict[str, _Absence] = {}

    def run(self, stopped: Event) -> None:
        """Send until told to stop; what is under way is finished. A database that is away is waited for."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="post") as pool:
            running: dict[Future[int], str] = {}
            while not stopped.is_set():
                begun = {pool.submit(self._serve, each): each for each in self._list_due(set(running.values()))}
                running |= begun
                if running:
                    done, _ = wait(running, timeout=IDLE_SECONDS, return_when=FIRST_COMPLETED)
                    running = {each: partner for each, partner in running.items() if each not in done}
                else:
                    stopped.wait(IDLE_SECONDS)

    def run_once(self) -> int:
        """Send what is due now, each partner in its turn; gives how many notices were confirmed."""
        return sum(self._serve(each) for each in self._list_due(set()))

    def _list_due(self, served: set[str]) -> list[str]:
        office = self._office
        now = office.clock.machine_now()
        try:
            with office.database.reading() as session:
                due = list_partners_with_notices(session, now)
        except StorageUnavailableError:
            log.warning("database_away")
            return []
        resting = {each for each, absence in self._away.copy().items() if not absence.is_over(now)}
        return [each for each in due if each not in served | resting]

    def _serve(self, code: str) -> int:
        """Send a portion to one partner; one that takes nothing is tried with one until it takes or refuses that."""
        try:
            return self._send_portion(code)
        except StorageUnavailableError:
            log.warning("database_away")
        except Exception as fault:  # noqa: BLE001 - one partner must not take the others down
            log.error("post_failed", partner=code, **describe_fault(fault))  # noqa: TRY400 - no stack
        self._rest(code)  # a database that can be read and not written fails at once, and would at once again
        return 0

    def _send_portion(self, code: str) -> int:
        office = self._office
        with office.database.transaction() as session:
            partner = find_partner(session, code)
            is_trial = code in self._away
            limit = 1 if is_trial else PORTION
            held = take_notices(session, code, limit=limit, is_trial=is_trial, now=office.clock.machine_now())
        if partner is None:
            raise LookupError(f"a notice is for {code}, which is no partner")
        came_to: list[_Outcome] = []
        for number, each in enumerate(held):
            came_to.append(self._try_one(partner, each))
            if came_to[-1] is _Outcome.AWAY:
                self._note_absence(code, held[number + 1 :])
                break
        else:
            self._note_presence(code, came_to)
        return came_to.count(_Outcome.CONFIRMED)

    def _note_presence(self, code: str, came_to: Sequence[_Outcome]) -> None:
        """Let a partner that was away have all that waits for it; what we failed at does not show that it is there."""
        if set(came_to) <= {_Outcome.BROKEN} or self._away.pop(code, None) is None:
            return
        with self._office.database.transaction() as session:
            hasten_notices(session, code, self._now())

    def _note_absence(self, code: str, unsent: Sequence[HeldNotice]) -> None:
        """Let a partner rest, and give back what was not sent; it comes before what was, so each is tried in turn."""
        self._rest(code)
        with self._office.database.transaction() as session:
            release_notices(session, unsent, now=self._now())

    def _rest(self, code: str) -> None:
        before = self._away.get(code)
        self._away[code] = _Absence(1 if before is None else before.failures + 1, self._now())

    def _try_one(self, partner: Partner, held: HeldNotice) -> _Outcome:
        """Do as `_send_one` does; a notice at which we fail is put off alone, and no partner rests for it."""
        try:
            return self._send_one(partner, held)
        except StorageUnavailableError:
            raise
        except Exception as fault:  # noqa: BLE001 - what a partner can make of an answer nobody can foresee
            log.error("notice_unusable", partner=partner.code, kind=held.kind.value, **describe_fault(fault))  # noqa: TRY400 - no stack
            self._settle(held, UNUSABLE)
            return _Outcome.BROKEN

    def _send_one(self, partner: Partner, held: HeldNotice) -> _Outcome:
        """Send one notice, settle it, and tell what it came to."""
        body = write_notice(held, city=self._office.city)
        try:
            answer = self._call(partner, held, body)
        except CityCallError as failed:
            log.warning("notice_failed", partner=partner.code, kind=held.kind.value, fault=failed.fault.value)
            self._settle(held, failed.fault.value)
            return _Outcome.AWAY
        fault = find_flaw(answer, held, body)
        if fault is not None:
            named = {"kind": held.kind.value, "notice_id": str(held.notice_id)}
            log.warning("notice_refused", partner=partner.code, **named, fault=fault)
            self._settle(held, fault, answer)
            return _Outcome.AWAY if fault.startswith(NOT_NOW) else _Outcome.NOT_TAKEN
        self._confirm(held, answer)
        return _Outcome.CONFIRMED

    def _call(self, partner: Partner, held: HeldNotice, body: bytes) -> SignedAnswer:
        """Send once, and once more where the partner answers with a key that we do not know yet."""
        office = self._office
        try:
            return self._send(partner, held, body)
        except CityCallError as failed:
            if failed.fault is not CityCallFault.KEY_UNKNOWN or not learn_keys(
                office.database, partner, now=office.clock.machine_now(), send=office.send
            ):
                raise
        return self._send(partner, held, body)

    def _send(self, partner: Partner, held: HeldNotice, body: bytes) -> SignedAnswer:
        """Sign and send; what is signed is logged before it leaves."""
        office, signed = self._office, self._sign(partner, body)
        if is_logged_attempt(held.attempts):
            with office.database.transaction() as session:
                _log_notice(session, held, signed)
        return send_signed(signed, partner=self._find_keys(partner), send=office.send, read_now=self._now)

    def _sign(self, partner: Partner, body: bytes) -> SignedCall:
        office = self._office
        call = CityCall(
            city=office.city,
            url=f"{partner.url}{NOTICES_PATH}",
            tag=MessageTag.NOTICE,
            body=body,
            deadline_seconds=office.deadline_seconds,
        )
        return sign_call(call, keys=office.keys, now=office.clock.machine_now())

    def _now(self) -> datetime:
        return self._office.clock.machine_now()

    def _find_keys(self, partner: Partner) -> Mapping[str, EllipticCurvePublicKey]:
        with self._office.database.reading() as session:
            return find_signing_keys(session, partner.code)

    def _settle(self, held: HeldNotice, fault: str, answer: SignedAnswer | None = None) -> None:
        """Note why a notice must be sent again; an answer that the partner has signed is logged as its attempt is."""
        with self._office.database.transaction() as session:
            settle_notice(session, held, fault=fault, now=self._office.clock.machine_now())
            if answer is not None and is_logged_attempt(held.attempts) and read_text(answer.body) is not None:
                _log_answer(session, held, answer)

    def _confirm(self, held: HeldNotice, answer: SignedAnswer) -> None:
        """Log the confirmation, and note what the partner has done, in one transaction."""
        done = json.loads(answer.body)["done"]
        with self._office.database.transaction() as session:
            if not settle_notice(session, held, confirmation=done, now=self._office.clock.machine_now()):
                return
            if not is_logged_attempt(held.attempts):
                _log_notice(session, held, answer.call)
            _log_answer(session, held, answer)
            if held.kind in DELETING:
                now, named = self._now(), [UUID(each) for each in list_named(held)]  # which it has deleted, and no more
                note_deleted(session, held.partner, named, now=now)
                erase_answers(session, held.partner, named, now, but_the_last=held.kind is NoticeKind.CORRECTED)


def write_notice(held: HeldNotice, *, city: str) -> bytes:
    """Write a notice as it is sent (JSON in UTF-8), the same bytes at each attempt."""
    document = {
        "protocol": PROTOCOL,
        "notice_id": str(held.notice_id),
        "from": city,
        "to": held.partner,
        "kind": held.kind.value,
        "left_at": format_moment(held.left_at),
        "content": dict(held.content),
    }
    return write_json(document).encode()


def is_logged_attempt(attempts: int) -> bool:
    """Tell whether an attempt (1 or more) is logged whatever it comes to: the first ten, then the 16th, 32nd and so on.

    So a partner that is away or refuses for months does not flood the log. An attempt that is confirmed always is.
    """
    return attempts <= LOGGED_IN_A_ROW or attempts & (attempts - 1) == 0


def _log_notice(session: Session, held: HeldNotice, call: SignedCall) -> None:
    log_sent(session, call, partner=held.partner, kind=MessageKind.NOTICE, about=held.notice_id)


def _log_answer(session: Session, held: HeldNotice, answer: SignedAnswer) -> None:
    kind, body = MessageKind.CONFIRMATION, answer.body.decode()
    log_received(session, answer, body, partner=held.partner, kind=kind, about=held.notice_id)
