"""Examples of grants for the API's description."""

_GRANT_ID = "019a0000-0000-7000-8000-0000000000a1"

RESERVED: dict[str, object] = {
    "grant_id": _GRANT_ID,
    "order_no": "2026-11-22-0017",
    "scenario": "library_deposit",
    "via": "code",
    "state": "reserved",
    "agreed_fen": 10000,
    "held_fen": 10000,
    "final_fen": None,
    "clerk": "desk-2",
    "granted_at": "2026-11-22T04:00:00Z",
    "due_at": "2026-11-22T04:15:00Z",
    "started_at": None,
    "ends_at": None,
    "ended_at": None,
}
STARTED = RESERVED | {
    "state": "in_use",
    "due_at": "2026-12-22T04:05:00Z",
    "started_at": "2026-11-22T04:05:00Z",
    "ends_at": "2026-12-22T04:05:00Z",
}
LOWERED = STARTED | {"held_fen": 5000}
COMPLETED = STARTED | {
    "state": "completed",
    "held_fen": 0,
    "final_fen": 0,
    "due_at": None,
    "ended_at": "2026-12-01T02:00:00Z",
}
CANCELLED = RESERVED | {"state": "cancelled", "held_fen": 0, "due_at": None, "ended_at": "2026-11-22T04:03:00Z"}
SETTLED = COMPLETED | {"state": "settled", "final_fen": 3000, "ended_at": "2026-12-28T02:00:00Z"}
BROKEN = COMPLETED | {"state": "broken", "final_fen": 10000, "ended_at": "2027-01-22T02:00:00Z"}

LOWER = {"held_fen": 5000}
COMPLETE, SETTLE, BREAK = {"final_fen": 0}, {"final_fen": 3000}, {"final_fen": 10000}

MINE: dict[str, object] = {
    "grant_id": _GRANT_ID,
    "merchant": {"code": "city_library", "text": "郑州图书馆"},
    "scenario": {"code": "library_deposit", "text": "图书馆免押金借阅"},
    "state": {"code": "reserved", "text": "已预留"},
    "agreed_fen": 10000,
    "held_fen": 10000,
    "final_fen": None,
    "granted_at": "2026-11-22T04:00:00Z",
    "due_at": "2026-11-22T04:15:00Z",
    "ends_at": None,
    "ended_at": None,
    "events": [
        {
            "event": {"code": "given", "text": "给予"},
            "by": "merchant",
            "amount_fen": 10000,
            "held_fen": 10000,
            "happened_at": "2026-11-22T04:00:00Z",
        }
    ],
}
MINE_CANCELLED = MINE | {
    "state": {"code": "cancelled", "text": "已取消"},
    "held_fen": 0,
    "due_at": None,
    "ended_at": "2026-11-22T04:03:00Z",
}
