"""The floor of a verification: the same check of the token, two guarded updates and three inserts, and nothing else.

It takes any code that has not been used for a grant of anything: no scenario, contract, consent, score, quota, hold
ledger, order number or limit is looked at, and nothing is answered but the id. The tables are those of the service,
with their keys and indexes.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import jwt
from flask import Flask, request
from sqlalchemy import bindparam, create_engine, insert, update

from backend.access.tables import AccessEntryRow
from backend.benefits.codes import digest_code
from backend.benefits.verification_tables import OneTimeCodeRow, VerificationRow
from backend.gateways.signed_claims import read_private_keys
from backend.grants.tables import BenefitAccountRow, GrantRow
from backend.settings import read_settings
from backend.storage.identifiers import new_id
from benchmarks.minimal_app import check_token

Answer = tuple[dict[str, object], int]
_USE = (
    update(OneTimeCodeRow)
    .where(OneTimeCodeRow.digest == bindparam("code"), OneTimeCodeRow.used_at.is_(None))
    .values(used_at=bindparam("now"), used_by=bindparam("merchant_code"))
    .returning(OneTimeCodeRow.subject_id)
)
_HOLD = (
    update(BenefitAccountRow)
    .where(BenefitAccountRow.subject_id == bindparam("person"), BenefitAccountRow.open_grants < bindparam("most"))
    .values(open_grants=BenefitAccountRow.open_grants + 1, held_fen=BenefitAccountRow.held_fen + bindparam("amount"))
)


class _Told(NamedTuple):
    """What the three rows are made of."""

    subject_id: UUID
    grant_id: UUID
    merchant: str
    asked: Mapping[str, Any]
    now: datetime

    def make_grant(self) -> dict[str, object]:
        return {
            "subject_id": self.subject_id,
            "grant_id": self.grant_id,
            "merchant": self.merchant,
            "order_no": self.asked["order_no"],
            "scenario": self.asked["scenario"],
            "catalogue_version": "2026.1",
            "via": "code",
            "state": "reserved",
            "agreed_fen": self.asked["amount_fen"],
            "held_fen": self.asked["amount_fen"],
            "lasting_days": 366,
            "places": "",
            "granted_on": self.now.date(),
            "granted_at": self.now,
            "due_at": self.now + timedelta(minutes=15),
        }

    def make_verification(self) -> dict[str, object]:
        return {
            "merchant": self.merchant,
            "order_no": self.asked["order_no"],
            "verification_id": uuid4(),
            "digest": b"",
            "via": "code",
            "scenario": self.asked["scenario"],
            "amount_fen": self.asked["amount_fen"],
            "asked_at": self.now,
            "answer": "granted",
            "answered_at": self.now,
            "subject_id": self.subject_id,
            "grant_id": self.grant_id,
        }

    def make_entry(self) -> dict[str, object]:
        return {
            "subject_id": self.subject_id,
            "entry_id": uuid4(),
            "asked_at": self.now,
            "asker_kind": "merchant",
            "asker": self.merchant,
            "purpose": "benefit",
            "basis": "consent",
            "answered": {"answer": "granted"},
        }


def make_minimal_app() -> Flask:
    """Make the application from the same settings in the environment as the service."""
    settings = read_settings(os.environ)
    keys = {
        key_id: key.public_key()
        for key_id, key in read_private_keys(settings.token_keys.read_text(encoding="utf-8")).items()
    }
    engine = create_engine(settings.database_url)
    app = Flask("minimal")

    @app.post("/v1/verifications")
    def verify() -> Answer:
        try:
            claims = check_token(request, keys, settings, kind="merchant", scope="benefits:verify")
        except (jwt.InvalidTokenError, KeyError, ValueError):
            return {"code": "token_invalid"}, 401
        asked, now = request.get_json(), datetime.now(UTC)
        with engine.begin() as connection:
            used = {"code": digest_code(asked["code"]), "now": now, "merchant_code": claims["sub"]}
            subject_id = connection.execute(_USE, used).scalar()
            if subject_id is None:
                return {"answer": "cannot_say"}, 200
            if (
                connection.execute(_HOLD, {"person": subject_id, "amount": asked["amount_fen"], "most": 3}).rowcount
                != 1
            ):
                return {"answer": "not_granted"}, 200
            told = _Told(subject_id, new_id(now), claims["sub"], asked, now)
            connection.execute(insert(GrantRow), told.make_grant())
            connection.execute(insert(VerificationRow), told.make_verification())
            connection.execute(insert(AccessEntryRow), told.make_entry())
        return {"answer": "granted", "grant_id": str(told.grant_id)}, 200

    return app
