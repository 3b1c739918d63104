r"""A client for merchants: tokens by themselves, repeats that harm nothing, and errors that say what they are.

Needs PyJWT and cryptography; `client.json` is what `shangding sandbox` writes, with your own data for the city:

    {"service": "https://score.example", "client_id": "...", "key_id": "...", "key_file": "ours.pem"}

    merchant = MerchantClient.from_file("client.json", clerk="clerk-7")
    answer = merchant.verify("order-1", "library_card", scanned_code)

Or one call from the shell, its answer as JSON:

    python merchant_client.py client.json GET /v1/merchant
    python merchant_client.py client.json POST /v1/verifications '{"order_no": "order-1", ...}'
"""

import json
import secrets
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from threading import Lock
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import jwt

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OLD_TOKEN = frozenset({"token_expired", "token_revoked", "token_invalid"})
LATER = frozenset({"too_many_requests", "unavailable", "not_ready", "request_running"})
RENEWED_BEFORE_S = 30
LONGEST_PAUSE_S = 10


class ServiceError(Exception):
    """Any answer that is none. `code` is what a program decides by, `detail` a sentence for people."""

    def __init__(self, status: int, problem: dict[str, Any], wait_s: int | None = None) -> None:
        """Keep status, problem document (RFC 9457) and how long to wait, where that was told."""
        self.status, self.wait_s = status, wait_s
        self.code, self.detail = str(problem.get("code")), str(problem.get("detail"))
        self.errors: list[dict[str, Any]] = problem.get("errors", [])
        self.request_id = problem.get("instance")
        super().__init__(f"{status} {self.code}: {self.detail} {self.errors or ''} (request {self.request_id})")


class RefusedError(ServiceError):
    """The call is wrong, or the state of things does not allow it; the same call again gets the same answer."""


class GrantError(RefusedError):
    """A wrong turn in the life of a grant: read the grant, which is the truth, and decide anew."""


class LaterError(ServiceError):
    """Not now: limits, or the service is away. `wait_s` says when to come again."""


class UnansweredError(Exception):
    """No answer after all tries: it may have happened or not. Send the same call again, or query, before you act."""


class MerchantClient:
    """Calls of one machine of a merchant; may be shared by threads."""

    def __init__(
        self,
        *,
        service: str,
        client_id: str,
        key_id: str,
        private_pem: str,
        clerk: str | None = None,
        tries: int = 4,
        timeout_s: float = 10,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`service` is our address without a slash at its end; a call that breaks off is tried `tries` times."""
        self._service, self._client_id, self._key_id, self._key = service, client_id, key_id, private_pem
        self._clerk, self._tries, self._timeout_s, self._pause = clerk, tries, timeout_s, pause
        self._lock, self._token, self._token_until = Lock(), "", 0.0

    @classmethod
    def from_file(cls, path: str, **options: Any) -> Self:  # noqa: ANN401 - those of __init__
        """Make a client of a file such as `shangding sandbox` writes."""
        told = json.loads(Path(path).read_text())
        key = Path(told["key_file"]).read_text()
        return cls(
            service=told["service"], client_id=told["client_id"], key_id=told["key_id"], private_pem=key, **options
        )

    # ---- questions ----

    def verify(self, order_no: str, scenario: str, code: str, amount_fen: int | None = None) -> dict[str, Any]:
        """Ask with the code that somebody showed; the same order_no and question get the same answer for ever."""
        question = {"order_no": order_no, "scenario": scenario, "code": code, "amount_fen": amount_fen}
        return self.call("POST", "/v1/verifications", question)

    def ask(self, order_no: str, scenario: str, number: str, amount_fen: int | None = None) -> dict[str, Any]:
        """Ask the owner of an identity number, who answers in the app."""
        question = {"order_no": order_no, "scenario": scenario, "identity_number": number, "amount_fen": amount_fen}
        return self.call("POST", "/v1/asks", question)

    def read_answer(self, verification_id: str) -> dict[str, Any]:
        """Read an answer again, or that of an ask for the first time."""
        return self.call("GET", f"/v1/verifications/{verification_id}")

    def wait_for_answer(self, verification_id: str, *, every_s: float = 2, within_s: float = 300) -> dict[str, Any]:
        """Wait until an ask is answered; what is still `pending` then is given as it is. Webhooks tell sooner."""
        for _ in range(max(1, int(within_s / every_s))):
            answer = self.read_answer(verification_id)
            if answer["answer"] != "pending":
                return answer
            self._pause(every_s)
        return self.read_answer(verification_id)

    # ---- the life of a grant; amounts in fen ----

    def read_grant(self, grant_id: str) -> dict[str, Any]:
        """Read a grant: the final truth about it."""
        return self.call("GET", f"/v1/grants/{grant_id}")

    def find_grant(self, order_no: str) -> dict[str, Any] | None:
        """Find the grant of an order."""
        found = self.call("GET", f"/v1/grants?{urlencode({'order_no': order_no})}")
        return next(iter(found["items"]), None)

    def list_grants(self, *states: str) -> Iterator[dict[str, Any]]:
        """List all grants, or those that stand in one of some states now, the newest first, page by page."""
        yield from self._list("/v1/grants", {"state": ",".join(states)} if states else {})

    def start(self, grant_id: str) -> dict[str, Any]:
        """Hand the thing over, before the reservation lapses."""
        return self._turn(grant_id, "start")

    def lower(self, grant_id: str, held_fen: int) -> dict[str, Any]:
        """Hold less than until now."""
        return self._turn(grant_id, "lower", {"held_fen": held_fen})

    def complete(self, grant_id: str, final_fen: int = 0) -> dict[str, Any]:
        """Take the thing back; `final_fen` is what the person paid you of what was held, 0 where all is well."""
        return self._turn(grant_id, "complete", {"final_fen": final_fen})

    def cancel(self, grant_id: str) -> dict[str, Any]:
        """Undo what is reserved or in use, as if it had never been."""
        return self._turn(grant_id, "cancel")

    def settle(self, grant_id: str, final_fen: int = 0) -> dict[str, Any]:
        """End what was overdue or broken, now that it was returned or paid."""
        return self._turn(grant_id, "settle", {"final_fen": final_fen})

    def break_promise(self, grant_id: str, final_fen: int) -> dict[str, Any]:
        """Say of what is overdue that it will not come back, and what is owed."""
        return self._turn(grant_id, "break", {"final_fen": final_fen})

    def _turn(self, grant_id: str, turn: str, body: dict[str, int] | None = None) -> dict[str, Any]:
        return self.call("POST", f"/v1/grants/{grant_id}/{turn}", body)

    # ---- statements ----

    def fetch_statement(self, day: str, form: str = "jsonl") -> bytes:
        """Fetch the statement of a city day that is over, and check its digest; ValueError where it does not fit."""
        content, headers = self._send("GET", f"/v1/statements/file?{urlencode({'day': day, 'form': form})}", None, {})
        given = headers["Content-Digest"] or ""
        if b64decode(given.removeprefix("sha-256=:").removesuffix(":")) != sha256(content).digest():
            raise ValueError(f"the statement of {day} is not what its digest says: {given}")
        return content

    # ---- whatever else there is ----

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Make a call and give its answer; POST has a key of its own, so that a try more changes nothing."""
        headers = {"Idempotency-Key": secrets.token_urlsafe(24)} if method == "POST" else {}
        content, _ = self._send(method, path, None if body is None else json.dumps(body).encode(), headers)
        answer: dict[str, Any] = json.loads(content) if content else {}
        return answer

    def _list(self, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        while True:
            page = self.call("GET", f"{path}?{urlencode(query)}" if query else path)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query = {**query, "cursor": page["next_cursor"]}

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[bytes, HTTPMessage]:
        """Send a call until it is answered: after a break, a busy service, and once with another token."""
        given = {"Accept-Language": "zh-CN", **headers}
        if body is not None:
            given["Content-Type"] = "application/json"
        if self._clerk is not None:
            given["Acting-Clerk"] = self._clerk
        renewed, broken = False, "there was no try"
        for attempt in range(self._tries):
            token = self._get_token()
            try:
                return self._exchange(method, path, body, {**given, "Authorization": f"Bearer {token}"})
            except ServiceError as error:
                if error.code in OLD_TOKEN and not renewed:
                    renewed = True
                    self._forget(token)
                    continue
                wait_s = error.wait_s or 2**attempt
                if error.code not in LATER or wait_s > LONGEST_PAUSE_S or attempt + 1 == self._tries:
                    raise
                self._pause(wait_s)
            except (OSError, HTTPException) as fault:  # whether it has happened is not known: the same call again
                broken = type(fault).__name__
                self._pause(2**attempt + secrets.randbelow(1000) / 1000)
        raise UnansweredError(f"{method} {path} has no answer after {self._tries} tries; the last ended with {broken}")

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[bytes, HTTPMessage]:
        request = Request(f"{self._service}{path}", data=body, headers=headers, method=method)  # noqa: S310 - ours
        try:
            with urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                return answer.read(), answer.headers
        except HTTPError as error:
            with error:
                raise _read_error(error) from None

    def _get_token(self) -> str:
        """Give a token that is good for a while, a new one if need be."""
        with self._lock:
            if time.time() > self._token_until - RENEWED_BEFORE_S:
                form = {
                    "grant_type": "client_credentials",
                    "client_assertion_type": ASSERTION_TYPE,
                    "client_assertion": self._assert_ourselves(),
                }
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                content, _ = self._exchange("POST", "/v1/token", urlencode(form).encode(), kind)
                granted = json.loads(content)
                self._token, self._token_until = granted["access_token"], time.time() + granted["expires_in"]
            return self._token

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token_until = 0.0

    def _assert_ourselves(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._service,
            "jti": secrets.token_urlsafe(16),  # another one each time
            "iat": now,
            "exp": now + 60,
        }
        return jwt.encode(claims, self._key, "ES256", headers={"kid": self._key_id})


def _read_error(error: HTTPError) -> ServiceError:
    try:
        problem = json.loads(error.read())
    except ValueError:  # no answer of ours: something on the way
        problem = {"code": "unavailable" if error.code in {502, 503, 504} else "unreadable", "detail": error.reason}
    told = error.headers["Retry-After"] or ""
    wait_s = int(told) if told.isdecimal() else None
    code = str(problem.get("code"))
    if code in LATER or error.code in {429, 503}:
        return LaterError(error.code, problem, wait_s)
    is_turn = code.startswith(("grant_", "amount_"))
    return (GrantError if is_turn else RefusedError)(error.code, problem, wait_s)


def main() -> None:
    """Make one call and print its answer."""
    path, method, address, *body = sys.argv[1:]
    client = MerchantClient.from_file(path)
    try:
        answer = client.call(method, address, json.loads(body[0]) if body else None)
    except ServiceError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
