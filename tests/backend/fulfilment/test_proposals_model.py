"""Proposed records against a plain model: whatever is done in whatever order, both tell the same.

At most one record comes of it, on the one path on which it may.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backend.records.tables import list_entries
from tests.backend.city import City
from tests.backend.fulfilment.breaking import (
    LIBRARY,
    confirm,
    decide,
    get,
    pay,
    post,
    propose_about_somebody,
    verify,
)

OPEN = {"proposed", "answered", "objected"}
FIFTEEN_DAYS_OVER = timedelta(days=16)


@dataclass
class Model:
    """What should be true of a proposal, told in the plainest way."""

    proposed_at: datetime
    now: datetime
    answer_until: datetime
    state: str = "proposed"
    was_objected_to: bool = False
    objected_at: datetime | None = None
    is_confirmed: bool = False
    is_verified: bool = False
    has_unheard_document: bool = False
    is_paid: bool = False

    def show(self) -> str:
        if self.state in OPEN and self.is_paid:
            return "paid"
        if self.state in OPEN and self.now >= self.proposed_at + timedelta(days=365):
            return "lapsed"
        return self.state

    def answer(self) -> bool:
        return self._move({"proposed"}, "answered")

    def object(self) -> bool:
        if self.show() not in {"proposed", "answered"} or self.was_objected_to:
            return False
        self.state, self.was_objected_to, self.objected_at = "objected", True, self.now
        self.has_unheard_document = False
        return True

    def confirm(self) -> bool:
        if self.show() not in OPEN:
            return False
        self.is_confirmed, self.is_verified = True, False
        if self.state == "objected":
            self.has_unheard_document = True
        else:
            self.state, self.was_objected_to = "proposed", False
        self.answer_until = max(self.answer_until, _end_of_days(self.now))
        return True

    def withdraw(self) -> bool:
        return self._let_go(is_moved=self._move(OPEN, "withdrawn"))

    def keep(self) -> bool:
        if self.state != "objected" or self.objected_at is None:
            return False
        left = self.answer_until - self.objected_at
        self.answer_until = max(self.answer_until, self.now + left, _end_of_days(self.now, days=5))
        self.state = "answered"
        if self.has_unheard_document:
            self.state, self.was_objected_to = "proposed", False
            self.answer_until = max(self.answer_until, _end_of_days(self.now))
        return True

    def verify(self) -> bool:
        is_possible = self.show() in OPEN and self.is_confirmed
        self.is_verified = self.is_verified or is_possible
        return is_possible

    def dismiss(self) -> bool:
        if self.state == "objected":  # decided on, whatever became of it
            self.state = "dismissed"
            return self._let_go(is_moved=True)
        return self._move(OPEN, "dismissed")

    def count(self) -> bool:
        if self.show() not in {"proposed", "answered"} or self.now < self.answer_until:
            return False
        if self.is_confirmed and not self.is_verified:
            return False
        self.state = "counted" if self.is_confirmed else "dismissed"
        return True

    def _let_go(self, *, is_moved: bool) -> bool:
        self.is_paid = self.is_paid or is_moved
        return is_moved

    def _move(self, sources: set[str], target: str) -> bool:
        if self.show() not in sources:
            return False
        self.state = target
        return True


def _end_of_days(now: datetime, *, days: int = 15) -> datetime:
    """The end of some day after today, in a city that is eight hours ahead."""
    local = now + timedelta(hours=8)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=days + 1, microseconds=-1) - timedelta(hours=8)


Step = Callable[[City, Mapping[str, str], str], int]


def _say(path: str) -> Step:
    return lambda city, own, proposal: (
        post(city, dict(own), f"/proposals/{proposal}/{path}", {"text": "说明"}).status_code
    )


def _judge(decision: str) -> Step:
    # One steward decides on objections, another lets count.
    by = "steward-li" if decision == "count" else "steward-zhao"
    return lambda city, _, proposal: decide(city, proposal, decision, by=by).status_code


STEPS: Mapping[str, Step] = {
    "answer": _say("answers"),
    "object": _say("objections"),
    "confirm": lambda city, _, proposal: confirm(city, proposal).status_code,
    "verify": lambda city, _, proposal: verify(city, proposal).status_code,
    "withdraw": lambda city, _, proposal: (
        post(city, city.merchant(LIBRARY), f"/merchant/proposals/{proposal}/withdrawals").status_code
    ),
    "keep": _judge("keep"),
    "dismiss": _judge("dismiss"),
    "count": _judge("count"),
}
WAITS = {"wait a day": timedelta(days=1), "wait": FIFTEEN_DAYS_OVER, "wait a year": timedelta(days=365)}
# Endings are rarer than what goes before them, or few walks would get anywhere.
WALKS = st.lists(
    st.sampled_from(["answer", "object", "object", "confirm", "verify", "verify", "keep", "keep", "count", "count"])
    | st.sampled_from([*WAITS, "wait", "wait", "pay", "dismiss", "withdraw"]),
    min_size=2,
    max_size=9,
)


@settings(max_examples=18, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(["confirm", "verify", "wait", "count", "count", "pay"])
@example(["wait", "confirm", "count", "wait", "count", "verify", "confirm", "wait", "count"])
@example(["object", "wait", "count", "keep", "count", "wait", "count"])
@example(["object", "confirm", "verify", "keep", "count", "object", "keep", "object", "wait", "count"])
@example(["confirm", "object", "wait", "pay", "keep", "dismiss", "count"])
@example(["answer", "object", "wait a year", "dismiss"])
@given(walk=WALKS)
def test_a_proposal_does_what_the_model_does(town: City, walk: list[str]) -> None:
    began = town.clock.now()
    subject_id, grant_id, proposal = propose_about_somebody(town)
    model = Model(town.now(), town.now(), _end_of_days(town.now()))
    for step in walk:
        if step in WAITS:
            town.clock.move(WAITS[step])
        elif step == "pay":
            if not model.is_paid:
                pay(town, grant_id)
            model.is_paid = True
        else:
            model.now = town.now()
            status = STEPS[step](town, town.citizen(subject_id), proposal)
            assert (status == 201) == getattr(model, step)(), (step, status)
            assert status in {201, 409} or (step, status) == ("verify", 422)
        model.now = town.now()
        (shown,) = get(town, town.citizen(subject_id), "/proposals")["items"]
        assert shown["state"] == model.show()
    with town.database.reading() as session:
        assert len(list_entries(session, subject_id)) == (1 if model.state == "counted" else 0)
    town.clock.move(began - town.clock.now())
