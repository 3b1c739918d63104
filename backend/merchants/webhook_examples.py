"""Example bodies and answers of webhooks for the API description."""

from typing import Any

_ID = "019a0000-0000-7000-8000-000000000000"
NEW_ENDPOINT = {"url": "https://east-library.example/shangding", "events": ["grant.cancelled", "grant.overdue"]}
ENDPOINT: dict[str, Any] = {
    **NEW_ENDPOINT,
    "endpoint_id": _ID,
    "registered_at": "2026-11-22T04:00:00Z",
    "registered_by": "clerk-7",
    "verdict": "verifies",
    "answers": {"right": 204, "forged": 401, "stale": 401},
    "probed_at": "2026-11-22T04:00:02Z",
    "passed_at": "2026-11-22T04:00:02Z",
    "failing_since": None,
    "paused_at": None,
    "gets_events": True,
    "advice": "接收端验签正确，事件照常发送。",
}
DELIVERY: dict[str, Any] = {
    "event_id": _ID,
    "endpoint_id": _ID,
    "event": "grant.overdue",
    "about": _ID,
    "data": {"grant_id": _ID, "order_no": "2026-4711", "state": "overdue"},
    "occurred_at": "2026-11-22T04:00:00Z",
    "state": "waiting",
    "attempts": 2,
    "attempted_at": "2026-11-22T04:00:16Z",
    "next_at": "2026-11-22T04:00:47Z",
    "status": 503,
    "fault": None,
}
