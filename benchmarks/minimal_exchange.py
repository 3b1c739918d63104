"""The floor of a look-up for another city: verify one signature, one select, one insert, sign one answer.

The calls of the library are the service's own. No identity number is opened, nobody is found by it, and no nonce,
treaty, consent, count, score, log of messages, disclosure or look is read or written.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from flask import Flask, Response, request
from sqlalchemy import Engine, create_engine, insert, select

from backend.disclosures.tables import AnsweredQuestionRow
from backend.gateways.city_calls import MessageTag, sign_answer, verify_call
from backend.gateways.exchange_keys import ExchangeKeys
from backend.gateways.message_signatures import SignableRequest, SignatureRefusedError
from backend.gateways.public_keys import load_public_key
from backend.partners.tables import CityKeyRow
from backend.scores.tables import StoredScoreRow
from backend.settings import read_settings
from backend.storage.database import write_json
from benchmarks.exchange_city import HOST, PATH, SCENARIO

_LIFE = timedelta(days=3)


def make_minimal_app() -> Flask:
    """Make the application from the same settings in the environment as the service."""
    settings = read_settings(os.environ)
    if settings.exchange_keys is None:
        raise ValueError("SHANGDING_EXCHANGE_KEYS names no file")
    own, engine = ExchangeKeys.from_file(settings.exchange_keys), create_engine(settings.database_url)
    partner, people = _read_keys(engine), _list_people(engine)
    app, turns = Flask("minimal"), count()

    @app.post(PATH)
    def answer() -> Response:
        now = datetime.now(UTC)
        url, headers, body = f"{settings.public_url}{PATH}", dict(request.headers.items()), request.get_data()
        asked = SignableRequest(method=request.method, url=url, headers=headers, body=body)
        try:
            verify_call(asked, partner=partner, tag=MessageTag.QUESTION, now=now)
        except SignatureRefusedError:
            return Response(status=401)
        question = request.get_json()
        with engine.begin() as connection:
            wanted = select(StoredScoreRow.level).where(StoredScoreRow.subject_id == people[next(turns) % len(people)])
            is_entitled = connection.execute(wanted).scalar() in {"excellent", "outstanding"}
            said = _say(question["question_id"], body, now, is_entitled=is_entitled)
            connection.execute(insert(AnsweredQuestionRow), _make_row(question, said, body, now))
        written = write_json(said).encode()
        signed = sign_answer(asked, tag=MessageTag.QUESTION, status=200, body=written, keys=own, now=now)
        return Response(written, headers=dict(signed.headers))

    return app


def _say(question_id: str, body: bytes, now: datetime, *, is_entitled: bool) -> dict[str, Any]:
    until = (now + _LIFE).isoformat()
    return {
        "protocol": "1",
        "question_id": question_id,
        "question_digest": sha256(body).hexdigest(),
        "answered_at": now.isoformat(),
        "until": until if is_entitled else None,
        "content": {"entitlements": [{"scenario": SCENARIO, "until": until}] if is_entitled else []},
    }


def _make_row(question: Mapping[str, Any], said: Mapping[str, Any], body: bytes, now: datetime) -> dict[str, Any]:
    return {
        "partner": HOST,
        "question_id": UUID(question["question_id"]),
        "digest": sha256(body).digest(),
        "content": said["content"],
        "until": now + _LIFE,
        "answered_at": now,
    }


def _read_keys(engine: Engine) -> dict[str, EllipticCurvePublicKey]:
    wanted = select(CityKeyRow.key_id, CityKeyRow.jwk).where(CityKeyRow.city == HOST, CityKeyRow.use == "sig")
    with engine.connect() as connection:
        return {key_id: load_public_key(jwk) for key_id, jwk in connection.execute(wanted)}


def _list_people(engine: Engine) -> list[UUID]:
    with engine.connect() as connection:
        return list(connection.scalars(select(StoredScoreRow.subject_id)))
