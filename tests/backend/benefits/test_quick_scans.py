"""The quick way of a scan and the long one leave the same rows and give the same answer, whatever is asked of whom."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from backend.benefits import quick_scans, verification
from backend.benefits.judging import Offer, make_offer
from backend.benefits.pausing import pause_benefits
from backend.benefits.quick_scans import NotQuickError
from backend.benefits.verification_tables import decline_offer
from backend.storage.tables import Row
from tests.backend.benefits.counter import BIKE, OTHER, RACK, consent, make_code, name_order, open_counters, scan
from tests.backend.city import City, make_person, running_city
from tests.backend.merchants.shops import sign

AT_ONCE = "shared_items"
OF_PERSON = (
    "one_time_code",
    "benefit_account",
    "benefit_grant",
    "hold_transfer",
    "citizen_quota_use",
    "verification",
    "access_entry",
)
_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|order-[0-9]{6}")
_MOMENT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9:]{5})")
Story = Callable[[City, UUID], list[Any]]
Seen = tuple[list[Any], list[str], list[bool]]


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    with running_city(database_url) as city:
        open_counters(city)
        sign(city, RACK, AT_ONCE)
        yield city


def scan_twice(city: City, person: UUID) -> list[Any]:
    """One grant, and no other beside it; then the reservation lapses, and there is one again."""
    answers = [scan(city, make_code(city, person, merchant=RACK)) for _ in range(2)]
    city.clock.move(timedelta(minutes=6))
    return [*answers, scan(city, make_code(city, person, merchant=RACK))]


def ask_again(city: City, person: UUID) -> list[Any]:
    """The same question, two other ones under its order, and its code for another order."""
    code, order_no = make_code(city, person, merchant=RACK), name_order()
    asked = [scan(city, code, order_no=order_no, amount_fen=fen) for fen in (100, 100, 200)]
    city.clock.move(timedelta(minutes=6))
    return [*asked, scan(city, make_code(city, person, merchant=RACK), order_no=order_no), scan(city, code)]


def scan_elsewhere(city: City, person: UUID) -> list[Any]:
    """A consent to one merchant serves no other; what came of an order stays, whatever the next code says."""
    consent(city, person)
    order_no, codes = (
        name_order(),
        [make_code(city, person, **kind) for kind in ({"scenario": BIKE}, {"merchant": OTHER})],
    )
    asked = [scan(city, code, merchant=OTHER, order_no=order_no) for code in codes]
    return [*asked, scan(city, make_code(city, person, scenario=BIKE))]


def ask_for_much(city: City, person: UUID) -> list[Any]:
    """More than can be held, then the most that can."""
    code = make_code(city, person, merchant=RACK)
    return [scan(city, code, amount_fen=fen) for fen in (9_901, 9_900)]


def enjoy_at_once(city: City, person: UUID) -> list[Any]:
    """Of what is had at once there are so many a day; what is held meanwhile does not matter."""
    wanted = (BIKE, AT_ONCE, AT_ONCE, AT_ONCE)
    return [scan(city, make_code(city, person, merchant=RACK), scenario=each) for each in wanted]


def object_to_it(city: City, person: UUID) -> list[Any]:
    """A pause, and an offer that is not wanted."""
    with city.database.transaction() as session:
        decline_offer(session, person, BIKE, now=city.now())
        pause_benefits(session, person, city.now() + timedelta(minutes=1), now=city.now())
    answers = [scan(city, make_code(city, person, merchant=RACK), scenario=each) for each in (BIKE, AT_ONCE)]
    city.clock.move(timedelta(minutes=2))
    return [*answers, scan(city, make_code(city, person, merchant=RACK), scenario=AT_ONCE)]


STORIES: dict[Story, int] = {  # and how many of its scans can go the quick way
    scan_twice: 1,
    ask_again: 1,
    scan_elsewhere: 1,
    ask_for_much: 1,
    enjoy_at_once: 3,
    object_to_it: 1,
}


@contextmanager
def ways_noted(monkeypatch: pytest.MonkeyPatch, *, quick: bool) -> Iterator[list[bool]]:
    """Note of each scan whether the quick way led to its end; without `quick` none does."""
    ways: list[bool] = []

    def note(*given: Any, **more: Any) -> Any:  # noqa: ANN401 - all of them
        ways.append(False)
        if not quick:
            raise NotQuickError
        answer = quick_scans.grant_quickly(*given, **more)
        ways[-1] = True
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(verification, "grant_quickly", note)
        yield ways


def tell(city: City, story: Story, monkeypatch: pytest.MonkeyPatch, *, quick: bool) -> Seen:
    """The answers to a story of somebody new, and what it leaves of him, without what is new every time."""
    person, begun = city.enrol(make_person()), city.now()
    with ways_noted(monkeypatch, quick=quick) as ways:
        answers = [(answer.status_code, answer.get_json()) for answer in story(city, person)]
    names: dict[str, int] = {}

    def rename(value: object) -> str:
        text = _NAME.sub(lambda found: f"<{names.setdefault(found[0], len(names))}>", str(value))
        return _MOMENT.sub(lambda found: str(datetime.fromisoformat(found[0]) - begun), text)

    shown = [rename({**body, "request_id": None, "instance": None}) for _, body in answers]
    return [status for status, _ in answers] + shown, [rename(row) for row in read_rows(city, person, begun)], ways


def read_rows(city: City, person: UUID, begun: datetime) -> Iterator[dict[str, Any]]:
    """All that is kept of a person's scans; moments as the time since the beginning, digests as their length."""
    with city.database.reading() as session:
        for name in OF_PERSON:
            table = Row.metadata.tables[name]
            rows = session.execute(select(table).where(table.c.subject_id == person).order_by(*table.primary_key))
            kept = [{str(key): _blur(value, begun) for key, value in row.items()} for row in rows.mappings()]
            if name == "one_time_code":  # whose key is by chance
                kept.sort(key=str)
            yield from ({"table": name, **row} for row in kept)


def _blur(value: object, begun: datetime) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC) - begun
    return len(value) if isinstance(value, bytes) else value


@pytest.mark.parametrize("story", STORIES)
def test_both_ways_lead_to_the_same(city: City, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, rows, ways = tell(city, story, monkeypatch, quick=True)
    assert sum(ways) == STORIES[story]
    assert (answers, rows) == tell(city, story, monkeypatch, quick=False)[:2]
    assert len(rows) > len(answers) // 2


def exclude_nothing(*given: Any, **more: Any) -> Offer | None:  # noqa: ANN401 - all of them
    """A planted defect: the quick way knows nothing of what may not stand side by side."""
    offer = make_offer(*given, **more)
    return None if offer is None else replace(offer, scenario=replace(offer.scenario, excludes=frozenset()))


def find_nothing_against_it(*_given: object, **_more: object) -> None:
    """Another one: nobody weighs anything."""


@pytest.mark.parametrize(
    ("story", "weigher", "defect"),
    [
        (object_to_it, "weigh", find_nothing_against_it),
        (scan_elsewhere, "weigh", find_nothing_against_it),
        (scan_twice, "make_offer", exclude_nothing),
    ],
)
def test_another_judgement_on_the_quick_way_is_found(
    sqlite_url: str, story: Story, weigher: str, defect: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick_scans, weigher, defect)
    with running_city(sqlite_url) as town:
        open_counters(town)
        sign(town, RACK, AT_ONCE)
        quick, long = (tell(town, story, monkeypatch, quick=quick)[:2] for quick in (True, False))
    assert quick != long
