"""Calls to the three cities as their citizens, visitors, merchants and stewards make them, over HTTP."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from backend.clients.roles import MERCHANT_SCOPES, ROLE_SCOPES, Role
from backend.demo.cities_cast import SHOPS
from backend.demo.cities_place import CityPlace
from backend.demo.client import call, send
from backend.demo.people import Person
from backend.demo.workplace import DemoError
from backend.principals import Principal, PrincipalKind

TOKEN_LIFETIME = timedelta(hours=8)
STEWARD = "demo-steward"
_KEY_BYTES = 12
_FINE = range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES)


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered: `text` as it came, `value` read from it, and how long it took."""

    status: int
    text: str
    took_s: float

    @property
    def value(self) -> Any:  # noqa: ANN401 - JSON
        """Give the answer read as JSON."""
        return json.loads(self.text)

    @property
    def is_fine(self) -> bool:
        """Whether the status is one of success."""
        return self.status in _FINE


@dataclass(slots=True)
class Door:
    """A city as one calls it; tokens of merchant and steward are issued with its own key."""

    city: CityPlace
    people: Mapping[str, Person] = field(repr=False)
    merchant_token: str = field(repr=False)
    steward_token: str = field(repr=False)
    _signed_in: dict[str, str] = field(default_factory=dict, repr=False)

    def ask(self, method: str, path: str, *, token: str, body: object = None) -> Answered:
        """Call a path and give whatever is answered; a changing call bears a key of its own. DemoError: no answer."""
        headers = {"Accept-Language": "zh-CN", "Authorization": f"Bearer {token}"}
        if method != "GET":
            headers |= {"Content-Type": "application/json", "Idempotency-Key": secrets.token_urlsafe(_KEY_BYTES)}
        began = time.monotonic()
        try:
            status, text = send(self.city.place.port, method, path, headers, None if body is None else json.dumps(body))
        except OSError as fault:
            raise DemoError(f"{self.city.code} does not answer {method} {path}: {type(fault).__name__}") from None
        return Answered(status, text, time.monotonic() - began)

    def sign_in(self, persona: str) -> str:
        """Let a person sign in here, at home or as a visitor, and give the token; once a person."""
        if persona not in self._signed_in:
            ticket = call(self.city.place.provider_port, "POST", "/tickets", body={"persona": persona})["ticket"]
            answer = call(self.city.place.port, "POST", "/v1/sign-in", body={"ticket": ticket})
            self._signed_in[persona] = answer["access_token"]
        return self._signed_in[persona]

    def verify_visitor(self, persona: str, home: str, scenario: str) -> Answered:
        """Let the merchant ask the home city of a visitor, by the number on the id."""
        question = {
            "order_no": f"order-{secrets.token_hex(_KEY_BYTES)}",
            "home_city": home,
            "scenario": scenario,
            "id_number": self.people[persona].id_number,
        }
        return self.ask("POST", "/v1/visitor-verifications", token=self.merchant_token, body=question)


def make_door(city: CityPlace, people: Mapping[str, Person], *, now: datetime) -> Door:
    """Issue the tokens with which a city is called."""
    tokens = city.context.tokens
    merchant = Principal(kind=PrincipalKind.MERCHANT, id=SHOPS[city.code].code, scopes=MERCHANT_SCOPES)
    steward = Principal(kind=PrincipalKind.OPERATOR, id=STEWARD, scopes=ROLE_SCOPES[Role.STEWARD])
    return Door(
        city,
        people,
        tokens.issue(merchant, TOKEN_LIFETIME, now),
        tokens.issue(steward, TOKEN_LIFETIME, now),
    )
