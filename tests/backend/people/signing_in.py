"""Signing in over HTTP, as an app does it."""

from typing import Any
from uuid import UUID

from werkzeug.test import TestResponse

from tests.backend.city import City, Person, read_json


def sign_in(city: City, person: Person, **more: object) -> dict[str, Any]:
    """Sign a person in with a ticket, and give the answer."""
    answer = city.client().post("/v1/sign-in", json={"ticket": city.issue_ticket(person), **more})
    assert answer.status_code == 200, answer.text
    return read_json(answer)


def refresh(city: City, token: str) -> TestResponse:
    """Exchange a refresh token."""
    return city.client().post("/v1/sign-in/refresh", json={"refresh_token": token})


def headers_of(tokens: dict[str, Any]) -> dict[str, str]:
    """The headers of a call with the access token of an answer."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def outcome(answer: TestResponse) -> tuple[int, str | None]:
    """Status and code of a problem, or the status of a success."""
    return answer.status_code, (answer.get_json(silent=True) or {}).get("code")


def list_sessions(city: City, tokens: dict[str, Any]) -> list[dict[str, Any]]:
    """The sessions of whoever has the tokens."""
    answer = city.client().get("/v1/sessions", headers=headers_of(tokens))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = read_json(answer)["items"]
    return items


def session_of(city: City, tokens: dict[str, Any]) -> UUID:
    """The session that an access token belongs to."""
    session_id = city.context.tokens.read(tokens["access_token"], city.now()).session
    assert session_id is not None
    return session_id
