"""Webhooks over HTTP, as a merchant's machine sees them."""

from uuid import UUID

import pytest

from backend.merchants.courier import Outcome
from backend.merchants.deliveries import settle_delivery, take_deliveries
from backend.merchants.endpoints import MOST_ENDPOINTS, read_target
from backend.merchants.events import EventKind
from tests.backend.city import City, make_resident_id, read_json
from tests.backend.merchants.receivers import dispatch, receiving, register
from tests.backend.merchants.shops import LIBRARY, open_shop
from tests.backend.merchants.test_routes import call
from tests.backend.merchants.test_webhooks import leave

_NUMBER = make_resident_id(sequence=7)
SCOPES = ("webhooks:read", "webhooks:write")
NEW = {"url": "https://Library.Example:443/hook?a=1", "events": ["grant.expired", "grant.expired", "grant.cancelled"]}


def test_a_merchant_registers_three_endpoints_and_ends_them(town: City) -> None:
    open_shop(town)
    own, other = town.merchant(LIBRARY, *SCOPES), town.merchant("other", *SCOPES)
    assert read_json(call(town, other, "POST", "/webhooks", NEW))["code"] == "merchant_not_found"
    refused = call(town, own, "POST", "/webhooks", {**NEW, "url": "https://10.0.0.1/hook"})
    assert (refused.status_code, read_json(refused)["code"]) == (422, "webhook_refused")
    made = [read_json(call(town, own, "POST", "/webhooks", NEW)) for _ in range(MOST_ENDPOINTS)]
    assert (made[0]["url"], made[0]["events"], made[0]["verdict"], made[0]["gets_events"]) == (
        "https://library.example/hook?a=1",
        ["grant.cancelled", "grant.expired"],
        "unprobed",
        False,
    )
    assert made[0]["advice"] == "该接收端尚未经过探测；在通过之前，事件先予保存。"
    assert read_json(call(town, own, "POST", "/webhooks", NEW))["code"] == "too_many_webhooks"
    path = f"/webhooks/{made[0]['endpoint_id']}"
    for method, suffix in (("DELETE", ""), ("POST", "/probe")):
        assert read_json(call(town, other, method, f"{path}{suffix}"))["code"] == "webhook_not_found"
    assert call(town, own, "POST", f"{path}/probe").status_code == 202
    assert call(town, own, "DELETE", path).status_code == 204
    assert read_json(call(town, own, "DELETE", path))["code"] == "webhook_not_found"
    assert read_json(call(town, own, "GET", "/webhooks"))["items"] == made[1:]


def test_deliveries_are_listed_page_by_page_and_sent_again(city: City) -> None:
    open_shop(city)
    own, other = city.merchant(LIBRARY, *SCOPES), city.merchant("other", *SCOPES)
    with receiving(city) as receiver:
        first, second = (register(city, LIBRARY, receiver.url) for _ in range(2))
        leave(city, 3)
        dispatch(city)
        leave(city)
        pages, cursor = [], ""
        while True:
            page = read_json(call(city, own, "GET", f"/webhook-deliveries?limit=3{cursor}"))
            pages.append(page["items"])
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        listed = [(each["event_id"], each["endpoint_id"]) for page in pages for each in page]
        assert [len(page) for page in pages] == [3, 3, 2]
        assert listed == sorted(listed, reverse=True)
        assert len(set(listed)) == 8
        assert [each["state"] for each in pages[0]] == ["waiting", "waiting", "delivered"]
        waiting = f"/webhook-deliveries?state=waiting&endpoint_id={first}"
        (single,) = read_json(call(city, own, "GET", waiting))["items"]
        assert (single["endpoint_id"], single["data"]["order_no"]) == (str(first), "o-0")
        delivered = pages[-1][0]["event_id"]
        path = f"/webhook-deliveries/{delivered}/replay"
        assert read_json(call(city, other, "POST", path))["code"] == "event_not_found"
        assert [read_json(call(city, own, "POST", path))["replayed"] for _ in range(2)] == [2, 0]
        dispatch(city)
        assert receiver.list_events().count(delivered) == 4  # twice to each of the two
    assert read_json(call(city, other, "GET", "/webhook-deliveries"))["items"] == []
    _give_up(city, second)
    since = {"since": "2026-11-22T03:00:00Z"}
    for caller, number in ((other, 0), (own, 1), (own, 0)):
        answer = read_json(call(city, caller, "POST", "/webhook-deliveries/replay", since))
        assert answer == {"replayed": number, "has_more": False}


def _give_up(city: City, endpoint_id: UUID) -> None:
    """An event that its endpoint would not take until its time was over."""
    leave(city, event=EventKind.GRANT_OVERDUE)
    with city.database.transaction() as session:
        (held,) = take_deliveries(session, endpoint_id, limit=9, now=city.now())
        over = held._replace(until_at=city.now())
        assert settle_delivery(session, over, Outcome(None, "too_slow"), now=city.now(), draw=0.0)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("HTTPS://Shop.Example", "https://shop.example/"),
        ("https://shop.example:8443/a%20b?c=d?e", "https://shop.example:8443/a%20b?c=d?e"),
        ("http://shop.example/", None),
        ("https://shop.example:80/", None),
        ("https://127.0.0.1/", None),
        ("https://127.1/", None),
        ("https://0x7f000001/", None),
        ("https://2130706433/", None),
        ("https://[::1]/", None),
        ("https://localhost/", None),
        ("https://redis/", None),
        ("https://me:secret@shop.example/", None),
        ("https://shop.example@127.0.0.1/", None),
        ("https://shop.example/#there", None),
        (f"https://shop.example/{_NUMBER}", None),
        (f"https://shop.example/hooks?of={_NUMBER[:9]}%3{_NUMBER[9:]}", None),
        (f"https://id{_NUMBER}.example/", None),
        ("https://shop.example/a b", None),
        ("https://shop.example/%zz", None),
        ("https://shop.example\\@127.0.0.1/", None),
        ("https://shöp.example/", None),
        ("https://shop.example./", None),
        (f"https://shop.example/{'a' * 500}", None),
        ("file:///etc/passwd", None),
        ("shop.example", None),
    ],
)
def test_only_addresses_of_public_names_are_taken(url: str, target: str | None) -> None:
    assert read_target(url, targets="public") == target


def test_on_a_closed_network_any_web_address_is_taken() -> None:
    assert read_target("http://127.0.0.1:8080", targets="any") == "http://127.0.0.1:8080/"
    assert read_target("http://[::1]:80/x", targets="any") == "http://[::1]/x"
    assert read_target("http://me@shop/", targets="any") is None
    assert read_target("ftp://shop/", targets="any") is None
