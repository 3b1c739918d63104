"""What leaves about cards is signed: the card itself, and the status lists by which one ends before its time.

A card is signed anew at each reading, from its row: nothing that opens a gate is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from backend.benefits.cards import Card
from backend.benefits.consents import name_recipient
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.status_lists import LIST_TYPE, pack_bits
from backend.gateways.tokens import Signed, TokenIssuer

CARD_TYPE = "benefit-card+jwt"
STATUS_PATH = "/v1/cards/status"
LIST_DIGITS = 4
LIST_LIFETIME = timedelta(days=1)
LIST_TTL = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """What it takes to sign: our keys, the pseudonyms, and the URL under which we are found."""

    tokens: TokenIssuer
    pseudonyms: Pseudonyms
    public_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusListToken:
    """A signed status list (draft-ietf-oauth-status-list-21, section 5.1).

    `version` names its content: bits, and the span of time in which it need not be fetched anew.
    """

    text: str
    version: str


def name_list(public_url: str, list_no: int) -> str:
    """Give the URI of a status list."""
    return f"{public_url}{STATUS_PATH}/{list_no:0{LIST_DIGITS}}"


def sign_card(card: Card, signer: Signer, *, now: datetime) -> Signed:
    """Sign a card: its audience is the merchant, its subject a pseudonym that only this merchant sees."""
    audience = name_recipient(card.merchant)
    uri = name_list(signer.public_url, card.list_no)
    claims = {
        "aud": audience,
        "sub": signer.pseudonyms.name_for(audience, subject_id=card.subject_id),
        "jti": str(card.card_id),
        "nbf": int(card.made_at.timestamp()),
        "scenario": card.scenario,
        "benefit": dict(card.terms),
        "status": {"status_list": {"idx": card.place, "uri": uri}},
    }
    return signer.tokens.sign_offline(claims, kind=CARD_TYPE, now=now, until=card.expires_at)


def sign_list(list_no: int, ended: Sequence[int], signer: Signer, *, now: datetime) -> StatusListToken:
    """Sign a status list on which the places `ended` are invalid."""
    bits, ttl_s = pack_bits(ended), int(LIST_TTL.total_seconds())
    claims = {
        "sub": name_list(signer.public_url, list_no),
        "ttl": ttl_s,
        "status_list": {"bits": 1, "lst": bits},
    }
    signed = signer.tokens.sign_offline(claims, kind=LIST_TYPE, now=now, until=now + LIST_LIFETIME)
    span = int(now.timestamp()) // ttl_s
    return StatusListToken(text=signed.text, version=sha256(f"{span} {bits}".encode()).hexdigest())
