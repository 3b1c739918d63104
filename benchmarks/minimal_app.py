"""The floor of an authenticated read: the same check of the token, one select by primary key, and nothing else.

No limits, no metrics, no log, no request id, no problem details, no conditional answers, no check that what is kept is
still right: this is what Flask, PyJWT and SQLAlchemy cost by themselves.
"""

import os
from collections.abc import Mapping
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from flask import Flask, Request, request
from sqlalchemy import bindparam, create_engine, select

from backend.gateways.signed_claims import ALGORITHM, REQUIRED, read_private_keys
from backend.gateways.tokens import TOKEN_TYPE
from backend.scores.tables import StoredScoreRow
from backend.settings import Settings, read_settings

Answer = tuple[dict[str, object], int]
_SCORE = select(StoredScoreRow.points, StoredScoreRow.level).where(StoredScoreRow.subject_id == bindparam("subject_id"))


def make_minimal_app() -> Flask:
    """Make the application from the same settings in the environment as the service."""
    settings = read_settings(os.environ)
    keys = {
        key_id: key.public_key()
        for key_id, key in read_private_keys(settings.token_keys.read_text(encoding="utf-8")).items()
    }
    engine = create_engine(settings.database_url)
    app = Flask("minimal")

    @app.get("/v1/score")
    def read_score() -> Answer:
        try:
            claims = check_token(request, keys, settings, kind="citizen", scope="score:read")
        except (jwt.InvalidTokenError, KeyError, ValueError):
            return {"code": "token_invalid"}, 401
        with engine.connect() as connection:
            row = connection.execute(_SCORE, {"subject_id": UUID(claims["sub"])}).one_or_none()
        return ({"code": "not_found"}, 404) if row is None else ({"points": row.points, "level": row.level}, 200)

    return app


def check_token(
    asked: Request, keys: Mapping[str, EllipticCurvePublicKey], settings: Settings, *, kind: str, scope: str
) -> dict[str, str]:
    """Check signature, key, type, issuer, audience, times, kind and scope of a token, and give its claims.

    Raises InvalidTokenError, KeyError or ValueError for anything else.
    """
    token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
    header = jwt.get_unverified_header(token)
    claims: dict[str, str] = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=[ALGORITHM],
        issuer=settings.public_url,
        audience=settings.public_url,
        options={"require": list(REQUIRED), "strict_aud": True},
    )
    if header["typ"] != TOKEN_TYPE or claims["kind"] != kind or scope not in claims["scope"].split():
        raise ValueError("the token is for something else")
    return claims
