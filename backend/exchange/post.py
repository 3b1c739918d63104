"""The post to other cities: each waiting notice is sent until its partner has confirmed it.

One thread a partner, so that one that is away holds up no other. Which notices there are and when they are due stands
in the database; what a worker knows of a partner that is away is lost with it, and only costs an attempt.
"""

import json
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sqlalchemy.orm import Session

from backend.clock import Clock, format_moment
from backend.disclosures.ending import note_deleted
from backend.exchange.confirmations import DELETING, find_flaw, list_named, read_text
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
    hasten_notices,
    list_partners_with_notices,
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
PARTNER_AWAY, UNUSABLE = "partner_away", "unusable"
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


class Post:
    """Sends what is due, partner by partner; each notice settles in a transaction of its own."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office
        self._away: set[str] = set()

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
        try:
            with office.database.reading() as session:
                due = list_partners_with_notices(session, office.clock.machine_now())
        except StorageUnavailableError:
            log.warning("database_away")
            return []
        return [each for each in due if each not in served]

    def _serve(self, code: str) -> int:
        """Send a portion to one partner; after a failure no more than one is tried until there is a success."""
        try:
            return self._send_portion(code)
        except StorageUnavailableError:
            log.warning("database_away")
        except Exception as fault:  # noqa: BLE001 - one partner must not take the others down
            log.error("post_failed", partner=code, **describe_fault(fault))  # noqa: TRY400 - no stack
        return 0

    def _send_portion(self, code: str) -> int:
        office = self._office
        with office.database.transaction() as session:
            partner = find_partner(session, code)
            limit = 1 if code in self._away else PORTION
            held = take_notices(session, code, limit=limit, now=office.clock.machine_now())
        if partner is None:
            raise LookupError(f"a notice is for {code}, which is no partner")
        confirmed = 0
        for number, each in enumerate(held):
            fault = self._try_one(partner, each)
            if fault is None:
                confirmed += 1
                continue
            for unsent in held[number + 1 :]:
                self._settle(unsent, PARTNER_AWAY)
            self._away.add(code)
            return confirmed
        if held and code in self._away:
            self._away.discard(code)
            with office.database.transaction() as session:
                hasten_notices(session, code, office.clock.machine_now())
        return confirmed

    def _try_one(self, partner: Partner, held: HeldNotice) -> str | None:
        """Do as `_send_one` does; whatever goes wrong with one notice, it is settled, and holds up no other."""
        try:
            return self._send_one(partner, held)
        except StorageUnavailableError:
            raise
        except Exception as fault:  # noqa: BLE001 - what a partner can make of an answer nobody can foresee
            log.error("notice_unusable", partner=partner.code, kind=held.kind.value, **describe_fault(fault))  # noqa: TRY400 - no stack
            return self._settle(held, UNUSABLE)

    def _send_one(self, partner: Partner, held: HeldNotice) -> str | None:
        """Send one notice and settle it; gives what stood in the way, or None."""
        body = write_notice(held, city=self._office.city)
        try:
            answer = self._call(partner, held, body)
        except CityCallError as failed:
            log.warning("notice_failed", partner=partner.code, kind=held.kind.value, fault=failed.fault.value)
            return self._settle(held, failed.fault.value)
        fault = find_flaw(answer, held, body)
        if fault is not None:
            log.warning("notice_refused", partner=partner.code, kind=held.kind.value, fault=fault)
            return self._settle(held, fault, answer)
        self._confirm(held, answer)
        return None

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

    def _settle(self, held: HeldNotice, fault: str, answer: SignedAnswer | None = None) -> str:
        """Note why a notice must be sent again; an answer that the partner has signed is logged as its attempt is."""
        with self._office.database.transaction() as session:
            settle_notice(session, held, fault=fault, now=self._office.clock.machine_now())
            if answer is not None and is_logged_attempt(held.attempts) and read_text(answer.body) is not None:
                _log_answer(session, held, answer)
        return fault

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
