"""The test vectors of docs/partner-protocol.md hold, are what our code writes and takes, and stand in the page as made.

Signature bases are written and signatures verified here without the library that the service uses.
"""

import json
import re
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from backend.exchange.schemas import AnswerSchema, KeySetSchema, NoticeConfirmationSchema, NoticeSchema, QuestionSchema
from backend.gateways.city_calls import ANSWER_TAGS, CALL_COVERED, COVERED, MessageTag
from backend.gateways.exchange_keys import ExchangeKeys, read_exchange_keys
from backend.gateways.message_signatures import (
    Signable,
    SignableRequest,
    SignableResponse,
    SignatureFault,
    SignatureRefusedError,
    verify_message,
)
from backend.gateways.partner_keys import read_partner_keys
from backend.gateways.score_cards import SCORE_CARD_TYPE
from backend.gateways.signed_claims import Expected, read_claims
from backend.partners.bundle_check import check_bundle
from backend.partners.treaty_signing import find_signature_fault
from backend.web.writing import make_form
from tests.backend.exchange import vector_messages, vectors
from tests.backend.exchange.notice_vectors import TOLD, write_told

VECTORS: dict[str, Any] = json.loads(vectors.FILE.read_text(encoding="utf-8"))
HOME, HOST = vector_messages.HOME, vector_messages.HOST
# A message, its answer, who sent the one and who the other.
PAIRS = (
    ("question", "answer", HOST, HOME),
    ("question", "refusal", HOST, HOME),
    ("notice", "confirmation", HOME, HOST),
    *(
        (f"notices.{kind}.notice", f"notices.{kind}.confirmation", told.sender, told.receiver)
        for kind, told in TOLD.items()
    ),
)
SENDERS = {
    name: city for asked, answered, *cities in PAIRS for name, city in zip((asked, answered), cities, strict=True)
}
_SIGNATURE = re.compile(r"sig=:(.*):")


def find(name: str) -> dict[str, Any]:
    """A message of the vectors by its path."""
    found = VECTORS
    for part in name.split("."):
        found = found[part]
    return found


def find_tag(name: str) -> MessageTag:
    """What a message of the vectors is for."""
    return MessageTag["ANSWER" if name == "refusal" else name.rpartition(".")[2].upper()]


def find_keys(city: str) -> ExchangeKeys:
    """The keys of a city, from the vectors."""
    return ExchangeKeys.from_keys(read_exchange_keys(json.dumps(VECTORS["private_keys"][city])))


def find_public(city: str, now: datetime = vector_messages.ASKED_AT) -> Any:  # noqa: ANN401 - keys by id
    """The public halves of a city's signing keys."""
    return find_keys(city).list_public(now)


def make_call(name: str, **changed: str) -> SignableRequest:
    """A question or notice of the vectors, with something changed."""
    told = {**find(name), **changed}
    return SignableRequest(method="POST", url=told["url"], headers=told["headers"], body=told["body"].encode())


def make_answer(name: str, asked: str) -> SignableResponse:
    """An answer of the vectors."""
    told = find(name)
    return SignableResponse(
        status_code=told["status"], request=make_call(asked), headers=told["headers"], body=told["body"].encode()
    )


def verify(name: str, message: Signable, *, seconds: int = 1, tag: MessageTag | None = None) -> SignatureFault | None:
    """What our service says of a message so many seconds after it was signed."""
    is_call = isinstance(message, SignableRequest)
    try:
        verify_message(
            message,
            keys=find_public(SENDERS[name]),
            tag=tag or find_tag(name),
            covered=CALL_COVERED if is_call else COVERED,
            now=datetime.fromisoformat(find(name)["signed_at"]) + timedelta(seconds=seconds),
        )
    except SignatureRefusedError as refused:
        return refused.fault
    return None


@pytest.mark.parametrize(("asked", "answered"), [pair[:2] for pair in PAIRS])
def test_bases_are_written_anew_byte_for_byte_and_signed(asked: str, answered: str) -> None:
    question, answer = find(asked), find(answered)
    bases = {
        asked: vector_messages.write_base(question["headers"], url=question["url"]),
        answered: vector_messages.write_base(
            answer["headers"], url=question["url"], status=answer["status"], asked=question["headers"]
        ),
    }
    for name, base in bases.items():
        told = find(name)
        assert base == told["signature_base"]
        digest = b64encode(sha256(told["body"].encode()).digest()).decode()
        assert told["headers"]["content-digest"] == f"sha-256=:{digest}:"
        found = _SIGNATURE.fullmatch(told["headers"]["signature"])
        assert found is not None
        raw = b64decode(found[1])
        signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        [key] = find_public(SENDERS[name]).values()
        key.verify(signature, base.encode(), ECDSA(SHA256()))
    assert verify(asked, make_call(asked)) is None
    assert verify(answered, make_answer(answered, asked)) is None
    assert ANSWER_TAGS[find_tag(asked)] is find_tag(answered)


def test_what_the_page_says_is_refused_is() -> None:
    question = VECTORS["question"]
    unsigned = {name: value for name, value in question["headers"].items() if name != "content-digest"}
    other_city = {**question["headers"], "exchange-city": "nanjing"}
    refused = {
        "body": verify("question", make_call("question", body=question["body"].replace("order-", "order_"))),
        "address": verify("question", make_call("question", url=question["url"] + "?a=1")),
        "city": verify("question", make_call("question", headers=other_city)),  # type: ignore[arg-type]
        "digest": verify("question", make_call("question", headers=unsigned)),  # type: ignore[arg-type]
        "tag": verify("question", make_call("question"), tag=MessageTag.NOTICE),
        "61 s": verify("question", make_call("question"), seconds=61),
        "6 s ahead": verify("question", make_call("question"), seconds=-6),
        "other question": verify("answer", make_answer("answer", "notice")),
    }
    assert refused == {
        **dict.fromkeys(refused, SignatureFault.REFUSED),
        "digest": SignatureFault.MISSING,
        "61 s": SignatureFault.STALE,
        "6 s ahead": SignatureFault.STALE,
    }


def test_bodies_have_their_forms_and_are_what_we_write() -> None:
    schemas = {
        "question": QuestionSchema,
        "answer": AnswerSchema,
        "notice": NoticeSchema,
        "confirmation": NoticeConfirmationSchema,
    }
    for name in SENDERS.keys() - {"refusal"}:
        assert make_form(schemas[name.rpartition(".")[2]]).validate(json.loads(find(name)["body"])) == {}, name
    for kind in TOLD:
        assert find(f"notices.{kind}.notice")["body"] == write_told(kind)
    refusal = VECTORS["refusal"]
    assert (refusal["status"], json.loads(refusal["body"])["code"]) == (409, "treaty_not_in_force")
    assert make_form(KeySetSchema).validate(VECTORS["key_set"]) == {}
    question, notice = VECTORS["question"]["body"], VECTORS["notice"]["body"]
    assert question == vectors.write_question(json.loads(question)["person"])
    assert VECTORS["answer"]["body"] == vectors.write_answer(question)
    assert notice == vectors.write_withdrawal()
    assert VECTORS["confirmation"]["body"] == vectors.write_confirmation(notice)


def test_whom_it_is_about_is_read_with_the_receivers_key_alone() -> None:
    sealed = json.loads(VECTORS["question"]["body"])["person"]
    assert find_keys(HOME).open(sealed, vector_messages.ASKED_AT) == VECTORS["person"]
    assert vector_messages.ID_NUMBER not in vectors.FILE.read_text("utf-8").replace(
        json.dumps(vector_messages.ID_NUMBER), ""
    )
    keys = read_partner_keys(json.dumps(VECTORS["key_set"]))
    assert keys.sealing is not None
    assert set(keys.signing) == set(find_public(HOME))


def test_card_treaty_and_bundle_hold() -> None:
    card, treaty = VECTORS["score_card"], VECTORS["treaty"]
    expected = Expected(kind=SCORE_CARD_TYPE, issuer=HOME, audience=f"city:{HOST}")
    claims = read_claims(card["text"], find_public(HOME), expected, vector_messages.ANSWERED_AT)
    assert claims == card["claims"]
    assert find_keys(HOST).open(claims["person"], vector_messages.ASKED_AT) == card["person"]
    assert treaty["digest"] == sha256(treaty["text"].encode()).hexdigest()
    for city, signature in treaty["signatures"].items():
        assert find_signature_fault(treaty["text"], signature, find_public(city)) is None
    keys = {city: find_public(city) for city in (HOME, HOST)}
    lines = [f"{line}\n".encode() for line in VECTORS["bundle"]]
    assert check_bundle(lines, keys).faults == ()
    changed = [*lines[:1], lines[1].replace(b"order-", b"order_"), *lines[2:]]
    assert [fault.line for fault in check_bundle(changed, keys).faults] == [2]


def test_the_page_shows_the_vectors_as_they_are() -> None:
    page = vectors.PAGE.read_text(encoding="utf-8")
    assert vectors.write_page(page, VECTORS) == page
    shown = {block["path"].partition(".")[0] for block in vectors.BLOCK.finditer(page)}
    assert shown == set(VECTORS) - {"about"}
