"""Events on their way to merchants, over real receivers on this machine."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from backend.merchants.courier import Message, Outcome, carry
from backend.merchants.deliveries import (
    LEASED_FOR,
    PAUSED_AFTER,
    Delivery,
    Held,
    replay_given_up,
    settle_delivery,
    show_deliveries,
    take_deliveries,
)
from backend.merchants.dispatch import MOST_UNDER_WAY, Dispatcher, share_out
from backend.merchants.endpoints import Endpoint, ask_for_probe, end_endpoint, list_endpoints
from backend.merchants.events import TRIED_FOR, EventKind, leave_event
from backend.merchants.webhook_tables import LOGGED_FOR, DeliveryRow, DeliveryState, Verdict, purge_deliveries
from tests.backend.city import City
from tests.backend.merchants.receivers import (
    Receiver,
    broken,
    busy,
    careless,
    closed,
    dispatch,
    make_courier,
    receiving,
    register,
    timeless,
    verifying,
)
from tests.backend.merchants.shops import LIBRARY, open_shop
from tests.databases import count_rows

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
FAILED = Outcome(503)


def leave(city: City, number: int = 1, *, merchant: str = LIBRARY, event: EventKind = EventKind.GRANT_EXPIRED) -> None:
    """Something happens to so many grants of a merchant."""
    with city.database.transaction() as session:
        for order_no in range(number):
            payload: dict[str, str | int | None] = {"order_no": f"o-{order_no}", "held_fen": 0, "clerk": None}
            leave_event(session, merchant=merchant, event=event, about=uuid4(), payload=payload, now=city.now())


def leave_in_vain(city: City) -> None:
    """The same in a transaction that comes to nothing."""
    event, payload = EventKind.GRANT_EXPIRED, {"order_no": "o-0"}
    with city.database.transaction() as session:
        leave_event(session, merchant=LIBRARY, event=event, about=uuid4(), payload=payload, now=city.now())
        raise ZeroDivisionError


def show(city: City, state: DeliveryState | None = None) -> list[Delivery]:
    with city.database.reading() as session:
        return show_deliveries(session, LIBRARY, state=state, limit=1000)


def see(city: City) -> Endpoint:
    with city.database.reading() as session:
        (endpoint,) = list_endpoints(session, LIBRARY)
    return endpoint


def probe_again(city: City, endpoint_id: UUID) -> Verdict:
    with city.database.transaction() as session:
        ask_for_probe(session, LIBRARY, endpoint_id, now=city.now())
    dispatch(city)
    return see(city).verdict


def take(city: City, endpoint_id: UUID, limit: int = 100) -> list[Held]:
    with city.database.transaction() as session:
        return take_deliveries(session, endpoint_id, limit=limit, now=city.now())


def settle(city: City, held: Held, outcome: Outcome) -> bool:
    with city.database.transaction() as session:
        return settle_delivery(session, held, outcome, now=city.now(), draw=0.0)


def test_an_event_reaches_who_wants_it_once_he_has_proven_that_he_verifies(city: City) -> None:
    open_shop(city)
    open_shop(city, "other")
    leave(city)  # nobody is registered yet
    with receiving(city) as receiver:
        register(city, LIBRARY, receiver.url, frozenset({EventKind.GRANT_EXPIRED}))
        leave(city)
        leave(city, event=EventKind.GRANT_OVERDUE)
        leave(city, merchant="other")
        with pytest.raises(ZeroDivisionError):
            leave_in_vain(city)
        assert (receiver.heard, count_rows(city.database, "webhook_delivery")) == (0, 1)
        dispatch(city)
    (sent,) = show(city)
    assert (sent.state, sent.attempts, sent.status, sent.next_at) == (DeliveryState.DELIVERED, 1, 204, None)
    assert see(city).answers == {"right": 204, "forged": 401, "stale": 401}
    (event,) = [each for each in receiver.events if each["event"] != "webhook.test"]
    assert event.pop("notice")
    assert event == {
        "event_id": str(sent.event_id),
        "event": "grant.expired",
        "merchant": LIBRARY,
        "about": str(sent.about),
        "occurred_at": "2026-11-22T04:00:00Z",
        "data": {"order_no": "o-0", "held_fen": 0, "clerk": None},
    }


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        (careless, Verdict.DOES_NOT_VERIFY),
        (timeless, Verdict.DOES_NOT_VERIFY),
        (broken, Verdict.DOES_NOT_ANSWER),
        (closed, Verdict.DOES_NOT_ANSWER),
        (busy, Verdict.DOES_NOT_ANSWER),
    ],
)
def test_a_receiver_that_does_not_verify_is_found_and_gets_nothing(
    town: City, policy: Callable[..., int], verdict: Verdict
) -> None:
    open_shop(town)
    with receiving(town, policy) as receiver:
        endpoint_id = register(town, LIBRARY, receiver.url)
        leave(town)
        dispatch(town)
        assert (see(town).verdict, see(town).passed_at, receiver.list_events()) == (verdict, None, [])
        assert probe_again(town, endpoint_id) is verdict
        receiver.policy = verifying
        assert probe_again(town, endpoint_id) is Verdict.VERIFIES
        assert len(receiver.list_events()) == 1
        town.clock.move(2 * DAY)  # it is tried again by itself, and found out
        receiver.policy = policy
        dispatch(town)
        assert see(town).verdict is verdict


def test_what_fails_is_tried_for_three_days_and_then_paused_until_a_probe_passes(city: City) -> None:
    open_shop(city)
    with receiving(city) as receiver:
        endpoint_id = register(city, LIBRARY, receiver.url)
        dispatch(city)
        leave(city)
        began_at, waits = city.now(), []
        while True:
            (held,) = take(city, endpoint_id)
            assert settle(city, held, FAILED)
            (delivery,) = show(city)
            if delivery.next_at is None:
                break
            waits.append(delivery.next_at - city.now())
            assert take(city, endpoint_id) == []
            city.clock.move(waits[-1])
        assert [wait / SECOND for wait in waits[:10]] == [15, 30, 60, 180, 600, 1200, 1800, 3600, 10800, 10800]
        assert TRIED_FOR - 3 * HOUR < city.now() - began_at <= TRIED_FOR
        assert (delivery.state, delivery.status, see(city).paused_at) == (DeliveryState.GIVEN_UP, 503, None)
        leave(city)
        city.clock.move(began_at + PAUSED_AFTER - city.now())
        (held,) = take(city, endpoint_id)
        assert settle(city, held, FAILED)
        assert see(city).paused_at == city.now()
        receiver.policy = broken
        city.clock.move(TRIED_FOR)
        dispatch(city)
        assert [each.fault for each in show(city, DeliveryState.GIVEN_UP)] == ["withheld", None]
        assert receiver.list_events() == []
        receiver.policy = verifying
        assert probe_again(city, endpoint_id) is Verdict.VERIFIES
        assert (see(city).paused_at, receiver.list_events()) == (None, [])
        with city.database.transaction() as session:
            replays = [replay_given_up(session, LIBRARY, since=began_at, now=city.now()) for _ in range(2)]
        assert replays == [(2, False), (0, False)]
        for held in take(city, endpoint_id):
            assert settle(city, held, FAILED)
        assert [each.attempts for each in show(city, DeliveryState.WAITING)] == [1, 1]  # it has three days again
        city.clock.move(15 * SECOND)
        dispatch(city)
        assert sorted(receiver.list_events()) == sorted(str(each.event_id) for each in show(city))


def test_two_workers_send_each_event_once_and_one_that_died_is_made_good(city: City) -> None:
    open_shop(city)
    with receiving(city) as receiver:
        endpoint_id = register(city, LIBRARY, receiver.url)
        dispatch(city)
        leave(city, 30)
        with ThreadPoolExecutor(2) as workers:
            for done in [workers.submit(dispatch, city) for _ in range(2)]:
                done.result()
        assert (len(receiver.list_events()), len(set(receiver.list_events()))) == (30, 30)
        leave(city)
        (lost,) = take(city, endpoint_id)  # this worker is killed
        dispatch(city)
        assert len(receiver.list_events()) == 30
        city.clock.move(LEASED_FOR)
        dispatch(city)
        assert receiver.list_events()[30:] == [str(lost.message.event_id)]
        assert not settle(city, lost, FAILED)  # it was not dead, only slow: what it knows is old
    assert {each.state for each in show(city)} == {DeliveryState.DELIVERED}


def test_nobody_waits_for_a_slow_receiver(town: City) -> None:
    open_shop(town)
    open_shop(town, "quick")
    with receiving(town) as slow, receiving(town) as quick:
        register(town, LIBRARY, slow.url)
        register(town, "quick", quick.url)
        dispatch(town)
        slow.let_go.clear()
        leave(town, 20)
        leave(town, 8, merchant="quick")
        stopped, dispatcher = threading.Event(), Dispatcher(make_courier(town), threads=2 * MOST_UNDER_WAY)
        worker = threading.Thread(target=dispatcher.run, args=(stopped,))
        worker.start()
        while len(quick.list_events()) < 8:  # it would hang, and the test with it
            stopped.wait(0.01)
        assert slow.list_events() == []
        stopped.set()
        slow.let_go.set()
        worker.join()


def test_nobody_is_behind_others_for_ever(city: City) -> None:
    """Of more endpoints than are looked at at once, all have their turn, whatever the first ones have waiting."""
    shops = [f"shop_{number}" for number in range(5)]
    with receiving(city) as receiver:
        for shop in shops:
            open_shop(city, shop)
            register(city, shop, receiver.url)
        Dispatcher(make_courier(city), threads=4, listed=2).run_until_idle()  # the probes
        assert count_rows(city.database, "webhook_endpoint WHERE passed_at IS NOT NULL") == len(shops)
        for shop in shops:
            leave(city, 6, merchant=shop)
        Dispatcher(make_courier(city), threads=1, listed=2).run_until_idle()
        told = [event["merchant"] for event in receiver.events if event["event"] != "webhook.test"]
    assert (len(told), {*told[:10]}) == (30, {*shops})


def test_threads_are_shared_out_fairly() -> None:
    a, b, c, d = (UUID(int=number) for number in range(4))
    assert share_out([a, b], {}, set(), threads=16, most=4) == {a: 4, b: 4}
    assert share_out([a, b, c], {}, set(), threads=4, most=4) == {a: 2, b: 1, c: 1}
    assert share_out([a, b], {a: 3}, set(), threads=4, most=4) == {b: 1}
    assert share_out([a, b, c, d], {}, {a, b, c}, threads=4, most=4) == {a: 1, b: 1, d: 2}
    assert share_out([a, b], {c: 4}, {a, c}, threads=8, most=4) == {b: 4}
    assert share_out([a], {a: 1}, {a}, threads=8, most=4) == {}
    assert share_out([a], {b: 9}, set(), threads=8, most=4) == {}


def test_a_redirect_is_not_followed_and_a_private_address_not_called(town: City) -> None:
    open_shop(town)
    with receiving(town) as receiver, receiving(town) as elsewhere:
        register(town, LIBRARY, receiver.url)
        dispatch(town)
        receiver.policy, receiver.location = (lambda _: 307), elsewhere.url
        leave(town)
        endpoint_id = see(town).endpoint_id
        (held,) = take(town, endpoint_id)
        assert carry(make_courier(town), held.message) == Outcome(307)
        assert not Outcome(307).is_success
        heard = receiver.heard
        for host in ("127.0.0.1", "localhost"):
            message = _address(held.message, receiver, host)
            assert carry(make_courier(town, targets="public"), message) == Outcome(None, "address_refused")
        assert (receiver.heard, elsewhere.heard) == (heard, 0)


def _address(message: Message, receiver: Receiver, host: str) -> Message:
    values = {name: getattr(message, name) for name in Message.__slots__}
    return Message(**values | {"url": receiver.url.replace("127.0.0.1", host)})


def test_with_its_endpoint_what_waits_is_over_and_old_rows_go(city: City) -> None:
    open_shop(city)
    endpoint_id = register(city, LIBRARY, "https://library.example/hook")
    leave(city, 3)
    with city.database.transaction() as session:
        assert end_endpoint(session, LIBRARY, endpoint_id, by="clerk-7", now=city.now()) is None
    assert {each.state for each in show(city)} == {DeliveryState.ENDED}
    leave(city)
    register(city, LIBRARY, "https://library.example/hook")
    city.clock.move(LOGGED_FOR)
    leave(city)
    with city.database.transaction() as session:
        assert purge_deliveries(session, city.now() - SECOND, limit=2) == 0
        assert [purge_deliveries(session, city.now(), limit=2) for _ in range(3)] == [2, 1, 0]
        assert session.scalars(select(DeliveryRow.state)).all() == ["waiting"]
