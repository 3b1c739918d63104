"""Sandboxes for tests: as `shangding sandbox` makes them, in the process of the test, always on the same day."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import time_machine
from flask import Flask

from backend.app import choose_rooms, create_app
from backend.clients.roles import MERCHANT_SCOPES
from backend.context import Context
from backend.demo.sandbox_launch import fill, open_sandbox
from backend.demo.sandbox_seed import MERCHANT
from backend.demo.workplace import Workplace
from backend.principals import Principal, PrincipalKind
from tests.backend.city import NOON

LIFETIME = timedelta(minutes=10)
_orders = count(1)


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that is served, and calls of its merchant."""

    app: Flask
    context: Context
    place: Workplace
    keys: Iterator[int] = field(default_factory=count, repr=False)

    def now(self) -> datetime:
        """The moment in the sandbox."""
        return self.context.clock.now()

    def issue_token(self) -> str:
        """A token of the merchant with all scopes."""
        principal = Principal(kind=PrincipalKind.MERCHANT, id=MERCHANT, scopes=MERCHANT_SCOPES)
        return self.context.tokens.issue(principal, LIFETIME, self.now())

    def call(self, method: str, path: str, body: object = None, *, status: int | None = None) -> Any:  # noqa: ANN401 - JSON
        """Make a call as the merchant and give what is answered; `status` is what it must be, else any success."""
        headers = {
            "Authorization": f"Bearer {self.issue_token()}",
            "Idempotency-Key": f"sandbox-{next(self.keys):08}",
        }
        address = {"REMOTE_ADDR": f"10.0.0.{next(self.keys) % 250}"}
        answer = self.app.test_client().open(path, method=method, json=body, headers=headers, environ_base=address)
        assert answer.status_code in ({status} if status else range(200, 300)), answer.text
        return answer.get_json() if answer.data else None

    def show_code(self, person_no: str, **bound: str) -> str:
        """The code that a person shows."""
        return str(self.call("POST", f"/v1/sandbox/people/{person_no}/codes", bound)["code"])

    def verify(self, person_no: str, scenario: str = "library_card", **bound: str) -> dict[str, Any]:
        """What is answered to a code of a person under a new order."""
        body = {"order_no": make_order(), "scenario": scenario, "code": self.show_code(person_no, **bound)}
        answered: dict[str, Any] = self.call("POST", "/v1/verifications", body)
        return answered

    def ask(self, person_no: str, scenario: str = "hospital_counter") -> str:
        """Ask a person under a new order, and give the id of the question."""
        people = self.call("GET", "/v1/sandbox/people")["items"]
        number = next(each["identity_number"] for each in people if each["person_no"] == person_no)
        body = {"order_no": make_order(), "scenario": scenario, "identity_number": number}
        asked = self.call("POST", "/v1/asks", body)
        assert asked["answer"] == "pending"
        return str(asked["verification_id"])

    def look(self, verification_id: str) -> tuple[str, str | None]:
        """What the merchant reads of a question: the answer, and the reason if there is one."""
        found = self.call("GET", f"/v1/verifications/{verification_id}")
        return found["answer"], found["reason"] and found["reason"]["code"]

    def move(self, step: timedelta) -> None:
        """Move the clock forward."""
        self.call("PUT", "/v1/sandbox/clock", {"now": (self.now() + step).isoformat()})


def make_order() -> str:
    """An order number that was not used before."""
    return f"order-{next(_orders):06}"


@contextmanager
def opened_sandbox(
    directory: Path, *, port: int = 8100, url: str | None = None, at: datetime | None = NOON
) -> Iterator[Sandbox]:
    """Open the sandbox of a directory as a start does, making what is not there.

    It is noon meanwhile, or `at`; None is the time of the machine.
    """
    place = Workplace(directory=directory, people=0, seed=0, port=port)
    environ = {"SHANGDING_RATE_LIMIT": "60000/minute"} | ({"SHANGDING_DATABASE_URL": url} if url else {})
    with nullcontext() if at is None else time_machine.travel(at, tick=True):
        _, context = open_sandbox(place, environ)
        try:
            fill(place, context)
            yield Sandbox(create_app(context, choose_rooms(context.settings)), context, place)
        finally:
            context.database.dispose()


def copy_sandbox(seeded: Path, directory: Path) -> Path:
    """Copy a sandbox that nobody has open."""
    shutil.copytree(seeded, directory)
    return directory
