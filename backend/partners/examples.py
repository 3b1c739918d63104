"""Example bodies and answers of the partners room for the API description."""

from typing import Any

NEW_TREATY_WORD: dict[str, Any] = {
    "treaty_id": "hangzhou-zhengzhou",
    "version": "2026.1",
    "reason": "对方城市密钥疑似泄露，核查期间中止",
}
TREATY: dict[str, Any] = {
    "treaty_id": "hangzhou-zhengzhou",
    "version": "2026.1",
    "starts_on": "2026-01-01",
    "ends_on": "2028-01-01",
    "is_in_force": True,
    "suspended_at": None,
    "suspended_by": None,
}
SUSPENDED_TREATY = {
    **TREATY,
    "is_in_force": False,
    "suspended_at": "2026-11-22T04:00:00Z",
    "suspended_by": "zhengzhou",
}
PARTNER: dict[str, Any] = {
    "partner": "hangzhou",
    "title": "杭州市",
    "url": "https://credit.hangzhou.example",
    "is_ended": False,
    "ended_at": None,
    "ended_by": None,
    "ended_because": None,
    "treaties": [TREATY],
    "waiting_notices": 2,
    "refused_notices": 0,
    "oldest_notice_at": "2026-11-22T04:00:00Z",
    "heard_at": "2026-11-22T04:00:00Z",
}
