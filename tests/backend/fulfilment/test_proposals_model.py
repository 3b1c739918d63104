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
from tests.backend.fulfilment.breaking import COURT_FOUND, LIBRARY, decide, get, pay, post, propose_about_somebody

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
        return True

    def confirm(self) -> bool:
        if self.show() not in OPEN:
            return False
        self.is_confirmed = True
        self.answer_until = max(self.answer_until, _end_of_days(self.now))
        return True

    def withdraw(self) -> bool:
        return self._let_go(self._move(OPEN, "withdrawn"))

    def keep(self) -> bool:
        if self.show() != "objected" or self.objected_at is None:
            return False
        left = self.answer_until - self.objected_at
        self.answer_until = max(self.answer_until, self.now + left, _end_of_days(self.now, days=5))
        self.state = "answered"
        return True

    def dismiss(self) -> bool:
        was_objected = self.show() == "objected"
        return self._let_go(self._move(OPEN, "dismissed"), was_objected)

    def count(self) -> bool:
        if self.show() not in {"proposed", "answered"} or self.now < self.answer_until:
            return False
        self.state = "counted" if self.is_confirmed else "dismissed"
        return True

    def _let_go(self, is_moved: bool, is_right: bool = True) -> bool:  # noqa: FBT001, FBT002 - two truths of a model
        self.is_paid = self.is_paid or (is_moved and is_right)
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


def _report(path: str, body: object = None) -> Step:
    return lambda city, _, proposal: (
        post(city, city.merchant(LIBRARY), f"/merchant/proposals/{proposal}/{path}", body).status_code
    )


def _judge(decision: str) -> Step:
    # One steward decides on objections, another lets count.
    by = "steward-li" if decision == "count" else "steward-zhao"
    return lambda city, _, proposal: decide(city, proposal, decision, by=by).status_code


STEPS: Mapping[str, Step] = {
    "answer": _say("answers"),
    "object": _say("objections"),
    "confirm": _report("confirmations", COURT_FOUND),
    "withdraw": _report("withdrawals"),
    "keep": _judge("keep"),
    "dismiss": _judge("dismiss"),
    "count": _judge("count"),
}
WAITS = {"wait a day": timedelta(days=1), "wait": FIFTEEN_DAYS_OVER, "wait a year": timedelta(days=365)}
# Endings are rarer than what goes before them, or few walks would get anywhere.
WALKS = st.lists(
    st.sampled_from(["answer", "object", "object", "confirm", "confirm", "keep", "keep", "count", "count"])
    | st.sampled_from([*WAITS, "wait", "wait", "pay", "dismiss", "withdraw"]),
    min_size=2,
    max_size=9,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(["confirm", "wait", "count", "count", "pay"])
@example(["wait", "confirm", "count", "wait", "count"])
@example(["object", "wait", "count", "keep", "count", "wait", "count"])
@example(["confirm", "wait", "object", "keep", "count", "wait", "count"])
@example(["confirm", "object", "wait", "count", "keep", "wait", "object", "count"])
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
            assert status in {201, 409}
        model.now = town.now()
        (shown,) = get(town, town.citizen(subject_id), "/proposals")["items"]
        assert shown["state"] == model.show()
    with town.database.reading() as session:
        assert len(list_entries(session, subject_id)) == (1 if model.state == "counted" else 0)
    town.clock.move(began - town.clock.now())
