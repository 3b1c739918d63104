"""Calls one's own service and identity provider, as anybody could."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any

from backend.demo.workplace import HOST, DemoError

WAIT_S = 10.0
_FINE = range(200, 300)


def call(port: int, method: str, path: str, *, token: str | None = None, body: object = None) -> Any:  # noqa: ANN401
    """Call a path on this machine and give its JSON answer, in Chinese; DemoError for any status but 2xx."""
    headers = {"Accept-Language": "zh-CN"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    status, text = send(port, method, path, headers, None if body is None else json.dumps(body))
    if status not in _FINE:
        raise DemoError(f"{method} {path} was answered with status {status}: {text}")
    return json.loads(text)


def is_ready(port: int) -> bool:
    """Tell whether the service on a port takes requests."""
    try:
        status, _ = send(port, "GET", "/health/ready", {}, None)
    except (OSError, HTTPException):
        return False
    return status in _FINE


def send(port: int, method: str, path: str, headers: Mapping[str, str], body: str | None) -> tuple[int, str]:
    """Send a call to a port on this machine and give status and text of its answer; raises OSError, HTTPException."""
    connection = HTTPConnection(HOST, port, timeout=WAIT_S)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
