"""Examples of benefit cards, as the API describes them."""

from typing import Any

NEW_CARD: dict[str, Any] = {"scenario": "shared_items", "merchant": "riverside_park", "minutes": 120}
CARD: dict[str, Any] = {
    "card_id": "019a0000-0000-7000-8000-000000000000",
    "merchant": "riverside_park",
    "merchant_name": "滨河公园",
    "scenario": "shared_items",
    "benefit": {
        "kind": "free_use",
        "free_minutes": 180,
        "zh": "充电宝、雨伞、手推车免费使用3小时。",
        "en": "Power bank, umbrella or trolley free for three hours.",
    },
    "made_at": "2026-11-22T04:00:00Z",
    "expires_at": "2026-11-22T06:00:00Z",
    "is_good": True,
    "ended_because": None,
}
SHOWN_CARD: dict[str, Any] = {**CARD, "card": "e30.e30.c2lnbmF0dXJl", "image": None}
STATUS_LISTS: dict[str, Any] = {"status_lists": ["https://score.example/v1/cards/status/0000"]}
