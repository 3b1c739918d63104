"""Two cities for tests: keys of each, a treaty that both signed, and the messages of a visit, honestly signed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sqlalchemy.orm import Session

from backend.gateways.city_calls import ANSWER_TAGS, MessageTag
from backend.gateways.exchange_keys import ExchangeKey, ExchangeKeys, read_exchange_keys
from backend.gateways.http_calls import HttpAnswer
from backend.gateways.key_making import make_exchange_keys
from backend.gateways.message_signatures import SignableRequest, SignableResponse, sign_message
from backend.gateways.rulebook_files import read_city
from backend.gateways.sending import OutgoingCall
from backend.gateways.treaty_files import TREATIES, read_treaty_file
from backend.partners.city_keys import note_own_keys, store_keys
from backend.partners.message_log import Direction, Logged, MessageKind, log_message
from backend.partners.partners import Partner, register_partner
from backend.partners.treaties import AgreedTreaty, add_treaty
from backend.partners.treaty_signing import Signatures, sign_treaty
from scenarios.treaty import OPEN

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
OURS, THEIRS = "zhengzhou", "hangzhou"
OUR_URL, THEIR_URL = "https://shangding.example", "https://credit.hangzhou.example"
TREATY_NAME = "hangzhou-zhengzhou-2026-01-01.toml"
PROPOSAL = read_treaty_file(TREATIES, TREATY_NAME).text
TREATY_TEXT = PROPOSAL.replace(OPEN.zh, "测试用信用中心").replace(OPEN.en, "a credit centre for tests")
TREATY = ("hangzhou-zhengzhou", "2026.1")
RULEBOOK = read_city(OURS).rulebook_on(NOON.date())
_numbers = count(1)


@dataclass
class Town:
    """One of the two cities: its code, its address, and its keys, which may be exchanged."""

    code: str
    url: str
    held: tuple[ExchangeKey, ...] = field(default_factory=lambda: read_exchange_keys(make_exchange_keys(NOON)))

    @property
    def keys(self) -> ExchangeKeys:
        """The keys as the application holds them."""
        return ExchangeKeys.from_keys(self.held)

    def write_jwks(self, now: datetime = NOON) -> str:
        """What it publishes."""
        return json.dumps({"keys": self.keys.describe(now)})

    def list_public(self, now: datetime = NOON) -> Mapping[str, EllipticCurvePublicKey]:
        """Its public keys."""
        return self.keys.list_public(now)

    def rotate(self) -> None:
        """Exchange its keys at once."""
        self.held = read_exchange_keys(make_exchange_keys(NOON))

    def sign_treaty(self, text: str = TREATY_TEXT) -> str:
        """Sign a treaty."""
        return sign_treaty(text, self.keys.find_signer(NOON))

    def ask(
        self, url: str, tag: MessageTag, document: Mapping[str, object], now: datetime = NOON, **headers: str
    ) -> SignableRequest:
        """Sign a question or a notice."""
        plain = SignableRequest(
            method="POST",
            url=url,
            headers={"Content-Type": "application/json", "Exchange-City": self.code, **headers},
            body=json.dumps(document).encode(),
        )
        signed = sign_message(
            plain,
            signer=self.keys.find_signer(now),
            tag=tag,
            nonce=f"nonce-{next(_numbers):020}",
            covered=("content-type", "exchange-city"),
            now=now,
        )
        return SignableRequest(method="POST", url=url, headers=signed, body=plain.body)

    def answer(
        self, asked: SignableRequest, tag: MessageTag, document: Mapping[str, object], now: datetime = NOON
    ) -> SignableResponse:
        """Sign an answer or a confirmation to what was asked under `tag`."""
        body = json.dumps(document).encode()
        plain = SignableResponse(
            status_code=200, request=asked, headers={"Content-Type": "application/json"}, body=body
        )
        signed = sign_message(
            plain,
            signer=self.keys.find_signer(now),
            tag=ANSWER_TAGS[tag],
            nonce=f"nonce-{next(_numbers):020}",
            covered=("content-type",),
            now=now,
        )
        return SignableResponse(status_code=200, request=asked, headers=signed, body=body)


@dataclass
class Pair:
    """Our city and its partner."""

    us: Town = field(default_factory=lambda: Town(OURS, OUR_URL))
    them: Town = field(default_factory=lambda: Town(THEIRS, THEIR_URL))
    fetched: int = 0
    digest_of: bytes | None = None

    @property
    def partner(self) -> Partner:
        """The partner as it is registered."""
        return Partner(THEIRS, "杭州市", THEIR_URL, is_ended=False)

    def meet(self, session: Session, now: datetime = NOON) -> None:
        """Register the partner, with the keys of both."""
        register_partner(session, THEIRS, title="杭州市", url=f"{THEIR_URL}/", city=OURS, by="zhao", now=now)
        store_keys(session, THEIRS, self.them.write_jwks(), now=now)
        note_own_keys(session, OURS, self.us.keys, now=now)

    def agree(self, session: Session, text: str = TREATY_TEXT) -> AgreedTreaty:
        """Add the treaty that both have signed."""
        signatures = Signatures(self.us.sign_treaty(text), self.them.sign_treaty(text))
        return add_treaty(session, text, signatures, city=OURS, rulebook=RULEBOOK, by="zhao", now=NOON)

    def send(self, call: OutgoingCall) -> HttpAnswer:
        """Answer whoever fetches the partner's keys."""
        assert call.url == f"{THEIR_URL}/exchange/v1/keys"
        self.fetched += 1
        return HttpAnswer(200, self.them.write_jwks().encode())

    def talk(
        self, session: Session, kind: MessageKind, direction: Direction, about: UUID, now: datetime = NOON
    ) -> None:
        """Log a question or a notice that went in `direction`, and what was answered."""
        asker, other = (self.us, self.them) if direction is Direction.OUT else (self.them, self.us)
        is_question = kind is MessageKind.QUESTION
        tag = MessageTag.QUESTION if is_question else MessageTag.NOTICE
        asked = asker.ask(f"{other.url}/exchange/v1/{kind}s", tag, {"question_id": str(about)}, now)
        answered_at = now + timedelta(milliseconds=20)
        answered = other.answer(
            asked, tag, {f"{kind}_digest": sha256(self.digest_of or asked.body).hexdigest()}, answered_at
        )
        self.log(session, direction, kind, about, asked, asked.url, now=now)
        reply = MessageKind.ANSWER if is_question else MessageKind.CONFIRMATION
        back = Direction.IN if direction is Direction.OUT else Direction.OUT
        self.log(session, back, reply, about, answered, asked.url, now=answered_at)

    def log(
        self,
        session: Session,
        direction: Direction,
        kind: MessageKind,
        about: UUID,
        message: SignableRequest | SignableResponse,
        url: str,
        *,
        now: datetime,
    ) -> None:
        """Log one message."""
        status = message.status_code if isinstance(message, SignableResponse) else None
        body = message.body.decode()
        log_message(session, Logged(THEIRS, direction, kind, about, url, status, message.headers, body), now=now)
