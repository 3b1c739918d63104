"""An identity provider for the demo and for tests: it vouches for whichever persona one asks for. Never for real use.

It stands in for the city app, which lets a person in after real-name verification and signs a ticket about it.
"""

import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from jwt.algorithms import ECAlgorithm

from backend.clock import Clock
from backend.demo.people import Person
from backend.demo.personas import Persona
from backend.gateways.identity_provider import TICKET_TYPE
from backend.gateways.signed_claims import ALGORITHM, read_private_keys

WARNING = "仅供演示和测试：此处不核验任何人的身份 / DEMO AND TESTS ONLY: nobody's identity is verified here"
LIFETIME = timedelta(minutes=5)
BODY_LIMIT = 1024
_JTI_BYTES = 16


class UnknownPersonaError(LookupError):
    """There is no such persona; the message names those that there are."""


class IdentityProvider:
    """Signs tickets about personas; `issuer` is its own name, `audience` the public URL of who reads them."""

    def __init__(
        self,
        key_id: str,
        key: EllipticCurvePrivateKey,
        *,
        issuer: str,
        audience: str,
        personas: Iterable[tuple[Persona, Person]],
    ) -> None:
        """Sign with `key`, which readers know by `key_id`."""
        self._key_id, self._key = key_id, key
        self._issuer, self._audience = issuer, audience
        self._personas = {persona.key: (persona, person) for persona, person in personas}

    @classmethod
    def from_file(cls, path: Path, *, issuer: str, audience: str, personas: Iterable[tuple[Persona, Person]]) -> Self:
        """Read the JWK set of private keys at `path`, the first of which signs; raises OSError or KeySetError."""
        key_id, key = next(iter(read_private_keys(path.read_text(encoding="utf-8")).items()))
        return cls(key_id, key, issuer=issuer, audience=audience, personas=personas)

    def issue(self, persona_key: str, now: datetime) -> str:
        """Issue a ticket about a persona, good for five minutes and for one use; raises UnknownPersonaError."""
        if persona_key not in self._personas:
            raise UnknownPersonaError(f"there is no persona {persona_key!r}; there are {', '.join(self._personas)}")
        _, person = self._personas[persona_key]
        issued_at = int(now.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": persona_key,
            "jti": secrets.token_urlsafe(_JTI_BYTES),
            "iat": issued_at,
            "exp": issued_at + int(LIFETIME.total_seconds()),
            "name": person.name,
            "id_number": person.id_number,
            "assurance": "real_name",
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"typ": TICKET_TYPE, "kid": self._key_id})

    def publish_keys(self) -> dict[str, Any]:
        """Give the public half of the key as a JWK set."""
        entry = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**entry, "kid": self._key_id, "use": "sig", "alg": ALGORITHM}]}

    def list_personas(self) -> list[dict[str, str]]:
        """Give key, name and story of every persona."""
        return [
            {"persona": persona.key, "name": persona.name, "story": persona.story}
            for persona, _ in self._personas.values()
        ]


def make_provider_app(provider: IdentityProvider, clock: Clock) -> Flask:
    """Make the small application around a provider; each answer says what it is good for."""
    app = Flask("backend.demo.identity_provider", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # of the default provider, which this app uses

    @app.get("/jwks.json")
    def read_keys() -> ResponseReturnValue:
        return jsonify({"warning": WARNING, **provider.publish_keys()})

    @app.get("/personas")
    def list_personas() -> ResponseReturnValue:
        return jsonify({"warning": WARNING, "personas": provider.list_personas()})

    @app.post("/tickets")
    def issue_ticket() -> ResponseReturnValue:
        body = request.get_json(force=True, silent=True)
        persona = body.get("persona") if isinstance(body, dict) else None
        if not isinstance(persona, str):
            return jsonify({"warning": WARNING, "error": 'send {"persona": "..."}, one of GET /personas'}), 400
        try:
            ticket = provider.issue(persona, clock.now())
        except UnknownPersonaError as fault:
            return jsonify({"warning": WARNING, "error": str(fault)}), 404
        return jsonify({"warning": WARNING, "ticket": ticket})

    return app


def write_public_keys(provider: IdentityProvider, path: Path) -> None:
    """Write the public keys to a file, for a reader that has no provider to ask."""
    path.write_text(json.dumps(provider.publish_keys()), encoding="utf-8")
