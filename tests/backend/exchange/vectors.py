"""Makes docs/examples/partner-vectors.json anew, and writes its parts into docs/partner-protocol.md.

    .venv/bin/python -m tests.backend.exchange.vectors

The keys are fixed and known to everybody. ECDSA signatures and sealed messages differ each time they are made, so they
are stored, and each run of the tests verifies them as they are (test_vectors.py).
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import jwt

from backend.exchange.post import write_notice
from backend.gateways.city_calls import MessageTag
from backend.gateways.detached_signatures import sign_detached
from backend.gateways.exchange_keys import write_exchange_keys
from backend.gateways.score_cards import sign_score_card
from backend.gateways.sealed_messages import seal_for
from backend.partners.bundle_lines import BEGINNING, BUNDLE_FORMAT, BUNDLE_KIND, chain, write_line, write_moment
from backend.partners.notices import HeldNotice, NoticeKind
from backend.partners.treaty_signing import sign_treaty
from backend.web.answers import write_json
from tests.backend.exchange.notice_vectors import make_notices, make_refusal
from tests.backend.exchange.vector_messages import (
    ANSWERED_AT,
    ASKED_AT,
    CARD_ID,
    CONFIRMED_AT,
    HOME,
    HOST,
    ID_NUMBER,
    NOTICE_ID,
    QUESTION_ID,
    TREATY,
    WITHDRAWN_AT,
    list_keys,
    make_keys,
    name_url,
    show_answer,
    show_call,
    sign,
)
from tests.tidy.tree import ROOT

FILE, PAGE = ROOT / "docs/examples/partner-vectors.json", ROOT / "docs/partner-protocol.md"
BLOCK = re.compile(r"(<!-- vector: (?P<path>[a-z_.]+) -->\n```\w+\n)(?P<text>.*?)(\n```)", re.DOTALL)
CARD_LIFE = timedelta(hours=1)


def make_vectors() -> dict[str, Any]:
    """All vectors, by name."""
    question, answer, refusal = make_question()
    notice, confirmation = make_notice()
    signed = {city: sign_treaty(TREATY, make_keys(city).find_signer(ASKED_AT)) for city in (HOME, HOST)}
    return {
        "about": "Test vectors of docs/partner-protocol.md. The private keys are known to everybody: never use them.",
        "private_keys": {city: json.loads(write_exchange_keys(list_keys(city))) for city in (HOME, HOST)},
        "key_set": {"keys": make_keys(HOME).describe(ASKED_AT)},
        "treaty": {"text": TREATY, "digest": sha256(TREATY.encode()).hexdigest(), "signatures": signed},
        "person": name_person(QUESTION_ID, HOST),
        "question": question,
        "answer": answer,
        "refusal": refusal,
        "notice": notice,
        "confirmation": confirmation,
        "notices": make_notices(),
        "score_card": make_card(),
        "bundle": make_bundle(question, answer, signed),
    }


def name_person(about: UUID, sender: str) -> dict[str, str]:
    """What is sealed of a person."""
    return {"id_number": ID_NUMBER, "question_id": str(about), "from": sender}


def seal_person(about: UUID, sender: str, receiver: str) -> str:
    """A person, sealed to a city."""
    _, sealing = list_keys(receiver)
    return seal_for(name_person(about, sender), key_id=sealing.key_id, key=sealing.key.public_key())


def write_question(person: str) -> str:
    """The body of the question."""
    return write_json(
        {
            "protocol": "1",
            "question_id": str(QUESTION_ID),
            "from": HOST,
            "to": HOME,
            "asked_at": "2026-11-22T04:00:00Z",
            "treaty": {
                "id": "hangzhou-zhengzhou",
                "version": "2026.1",
                "digest": sha256(TREATY.encode()).hexdigest(),
            },
            "person": person,
            "scope": "entitlement",
            "scenarios": ["library_card", "medical_credit"],
            "purpose": "benefit",
            "role": "merchant",
            "acting": "west_lake_clinic",
            "acting_name": "西湖诊所",
            "case_no": "order-20261122-0001",
        }
    )


def write_answer(question: str) -> str:
    """The body of the answer to a question."""
    until = "2026-11-25T04:00:01Z"
    return write_json(
        {
            "protocol": "1",
            "question_id": str(QUESTION_ID),
            "question_digest": sha256(question.encode()).hexdigest(),
            "answered_at": "2026-11-22T04:00:01Z",
            "until": until,
            "content": {
                "entitlements": [{"scenario": each, "until": until} for each in ("library_card", "medical_credit")]
            },
        }
    )


def write_withdrawal() -> str:
    """The body of the notice, as the post writes it."""
    content = {"question_ids": [str(QUESTION_ID)]}
    held = HeldNotice(NOTICE_ID, HOST, NoticeKind.WITHDRAWN, None, None, content, WITHDRAWN_AT, 1, NOTICE_ID)
    return write_notice(held, city=HOME).decode()


def write_confirmation(notice: str) -> str:
    """The body of the confirmation of a notice."""
    return write_json(
        {
            "protocol": "1",
            "notice_id": str(NOTICE_ID),
            "notice_digest": sha256(notice.encode()).hexdigest(),
            "confirmed_at": "2026-11-22T05:00:01Z",
            "done": {"deleted": [str(QUESTION_ID)]},
        }
    )


def make_question() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The question of the host to the home city, its answer, and a refusal in the answer's place."""
    body = write_question(seal_person(QUESTION_ID, HOST, HOME))
    call = sign(HOST, name_url(HOME, "questions"), MessageTag.QUESTION, body, ASKED_AT)
    return show_call(call), show_answer(call, HOME, write_answer(body), ANSWERED_AT), make_refusal(call)


def make_notice() -> tuple[dict[str, Any], dict[str, Any]]:
    """The notice of the home city to the host, and its confirmation."""
    body = write_withdrawal()
    call = sign(HOME, name_url(HOST, "notices"), MessageTag.NOTICE, body, WITHDRAWN_AT)
    return show_call(call), show_answer(call, HOST, write_confirmation(body), CONFIRMED_AT)


def make_card() -> dict[str, Any]:
    """A score card that a citizen carries from home to the host."""
    level = {"code": "excellent", "name": "信用优秀", "name_en": "Excellent", "tier": "T4"}
    claims = {
        "aud": f"city:{HOST}",
        "sub": "b7e0c1f2a3d4",
        "jti": str(CARD_ID),
        "treaty": {"id": "hangzhou-zhengzhou", "version": "2026.1", "digest": sha256(TREATY.encode()).hexdigest()},
        "purpose": "benefit",
        "scope": "level",
        "content": {"level": level},
        "person": seal_person(CARD_ID, HOME, HOST),
    }
    keys = make_keys(HOME)
    signed = sign_score_card(claims, keys=keys, home=HOME, now=ASKED_AT, until=ASKED_AT + CARD_LIFE)
    read = jwt.decode(signed.text, options={"verify_signature": False})
    header = jwt.get_unverified_header(signed.text)
    return {"text": signed.text, "header": header, "claims": read, "person": name_person(CARD_ID, HOME)}


def make_bundle(question: Mapping[str, Any], answer: Mapping[str, Any], signed: Mapping[str, str]) -> list[str]:
    """The log of the host with the home city: a question and its answer; a text for each line, without its end."""
    head = {
        "format": BUNDLE_FORMAT,
        "city": HOST,
        "partner": HOME,
        "from_no": 1,
        "to_no": 2,
        "previous": BEGINNING.hex(),
        "made_at": write_moment(CONFIRMED_AT),
        "treaties": [
            {
                "id": "hangzhou-zhengzhou",
                "version": "2026.1",
                "text": TREATY,
                "digest": sha256(TREATY.encode()).hexdigest(),
                "our_signature": signed[HOST],
                "their_signature": signed[HOME],
            }
        ],
    }
    lines, previous = [write_line(head)], BEGINNING
    for number, (direction, kind, shown) in enumerate((("out", "question", question), ("in", "answer", answer)), 1):
        message = {
            "message_id": f"019ab3c0-8b22-7d43-9f52-00000000000{number}",
            "partner": HOME,
            "direction": direction,
            "kind": kind,
            "about": str(QUESTION_ID),
            "url": question["url"],
            "status": shown.get("status"),
            "headers": shown["headers"],
            "body_digest": sha256(shown["body"].encode()).hexdigest(),
            "logged_at": shown["signed_at"],
        }
        digest = chain(previous, message)
        place = {"log_no": number, "previous": previous.hex(), "digest": digest.hex(), "message": message}
        lines.append(write_line({**place, "body": shown["body"]}))
        previous = digest
    closing = sign_detached(
        sha256(b"".join(lines)).digest(), kind=BUNDLE_KIND, signer=make_keys(HOST).find_signer(CONFIRMED_AT)
    )
    return [line.decode().removesuffix("\n") for line in (*lines, write_line({"closing": closing}))]


def find_vector(vectors: Mapping[str, Any], path: str) -> str:
    """A part of the vectors by its path, as the page shows it: headers as lines, a text as it is, others as JSON."""
    found: Any = vectors
    for name in path.split("."):
        found = found[name]
    if path.endswith("headers"):
        return "\n".join(f"{name}: {value}" for name, value in found.items())
    if isinstance(found, str):
        return found.removesuffix("\n")
    return json.dumps(found, ensure_ascii=False, indent=2)


def write_page(text: str, vectors: Mapping[str, Any]) -> str:
    """The page with the vectors that its marks name."""
    return BLOCK.sub(lambda block: f"{block[1]}{find_vector(vectors, block['path'])}{block[4]}", text)


def main() -> None:
    """Make the vectors anew."""
    vectors = make_vectors()
    FILE.write_text(json.dumps(vectors, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(write_page(PAGE.read_text(encoding="utf-8"), vectors), encoding="utf-8")


if __name__ == "__main__":
    main()
