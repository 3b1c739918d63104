"""A mini-program platform and a real-name check for the demo, beside its identity provider. Never for real use.

They stand in for what the city contracts elsewhere: whoever asks gets the code of a persona, and the check knows the
personas alone.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from backend.clock import Clock
from backend.demo.people import Person
from backend.demo.personas import Persona

APP_ID, APP_SECRET, CHECK_KEY = "demo", "demo-only", "demo-only"
CODE_LIFETIME = timedelta(minutes=5)
WRONG_ID, WRONG_SECRET, CODE_REFUSED, CODE_USED = 40013, 40125, 40029, 40163
_CODE_BYTES = 12


class DemoPlatform:
    """Gives out codes for personas, exchanges them once, and knows which name has which number."""

    def __init__(self, personas: Iterable[tuple[Persona, Person]]) -> None:
        """Know these personas and nobody else."""
        self._people = {persona.key: person for persona, person in personas}
        self._codes: dict[str, tuple[str, datetime]] = {}
        self._used: set[str] = set()

    def issue_code(self, persona_key: str, now: datetime) -> str | None:
        """Issue a code, good for five minutes and for one exchange; None for an unknown persona."""
        if persona_key not in self._people:
            return None
        code = secrets.token_urlsafe(_CODE_BYTES)
        self._codes[code] = (persona_key, now + CODE_LIFETIME)
        return code

    def exchange(self, app_id: str, secret: str, code: str, now: datetime) -> dict[str, object]:
        """Answer as jscode2session does."""
        persona_key, ends_at = self._codes.get(code, ("", now))
        for error, holds in (
            (WRONG_ID, app_id != APP_ID),
            (WRONG_SECRET, secret != APP_SECRET),
            (CODE_USED, code in self._used),
            (CODE_REFUSED, ends_at <= now),
        ):
            if holds:
                return {"errcode": error, "errmsg": "demo"}
        self._used.add(code)
        return {"openid": f"demo-{persona_key}", "session_key": "demo"}

    def is_match(self, name: str, id_number: str) -> bool:
        """Tell whether a persona has this name and this number."""
        return any((person.name, person.id_number) == (name, id_number) for person in self._people.values())


def make_platform_blueprint(platform: DemoPlatform, clock: Clock) -> Blueprint:
    """Make the addresses of platform and check, for the app of the demo's identity provider."""
    blueprint = Blueprint("mini_program", __name__)

    @blueprint.post("/mini-program-codes")
    def issue_code() -> ResponseReturnValue:
        body = request.get_json(force=True, silent=True)
        code = platform.issue_code(str(body.get("persona")), clock.now()) if isinstance(body, dict) else None
        if code is None:
            return jsonify({"error": 'send {"persona": "..."}, one of GET /personas'}), 404
        return jsonify({"code": code})

    @blueprint.get("/sns/jscode2session")
    def exchange() -> ResponseReturnValue:
        given = request.args
        app_id, secret, code = (given.get(name, "") for name in ("appid", "secret", "js_code"))
        return jsonify(platform.exchange(app_id, secret, code, clock.now()))

    @blueprint.post("/real-name")
    def check() -> ResponseReturnValue:
        body = request.get_json(force=True, silent=True)
        if request.headers.get("Authorization") != f"Bearer {CHECK_KEY}" or not isinstance(body, dict):
            return jsonify({"error": "send the key, and name and id_number"}), 401
        return jsonify({"match": platform.is_match(str(body.get("name")), str(body.get("id_number")))})

    return blueprint
