"""Examples of verifications and asks for the description of the API."""

NEW_VERIFICATION = {
    "order_no": "2026-1122-0001",
    "scenario": "library_card",
    "code": "A2BCDEFGHIJKLMNOPQRSTUVWXYZ23456",
    "amount_fen": 10_000,
}
NEW_ASK = {
    "order_no": "2026-1122-0002",
    "scenario": "library_card",
    "identity_number": "110101190001010010",
    "amount_fen": 10_000,
}
VERIFICATION = {
    "verification_id": "019a0000-0000-7000-8000-000000000001",
    "order_no": "2026-1122-0001",
    "via": "code",
    "scenario": "library_card",
    "answer": "granted",
    "reason": None,
    "grant_id": "019a0000-0000-7000-8000-000000000002",
    "benefit": {
        "kind": "deposit_waiver",
        "text": "免交借书证押金100元。",
        "amount_fen": 10_000,
        "charged_percent": None,
        "free_minutes": None,
        "lasting_days": 366,
        "reserved_until": "2026-11-22T04:15:00Z",
        "ends_at": "2027-11-23T04:15:00Z",
    },
    "otherwise": None,
    "asked_at": "2026-11-22T04:00:00Z",
    "expires_at": None,
    "answered_at": "2026-11-22T04:00:00Z",
}
ASK = {
    **VERIFICATION,
    "order_no": "2026-1122-0002",
    "via": "ask",
    "answer": "pending",
    "grant_id": None,
    "benefit": None,
    "otherwise": "照常办证：交纳100元押金，退证时退还；馆内阅览不需要押金。",
    "expires_at": "2026-11-22T04:05:00Z",
    "answered_at": None,
}
PROBES = {
    "items": [
        {
            "merchant": "city_library",
            "miss": "unconfirmed_ask",
            "misses": 30,
            "starts_at": "2026-11-22T04:00:00Z",
            "slowed_at": "2026-11-22T04:03:00Z",
        }
    ]
}
