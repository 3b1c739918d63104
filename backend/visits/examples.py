"""Examples of visits for the description of the API."""

NEW_VISITOR_VERIFICATION = {
    "order_no": "2026-1122-0003",
    "home_city": "hangzhou",
    "scenario": "library_card",
    "id_number": "110101190001010010",
    "amount_fen": 10_000,
}
NEW_VISIT = {"home_city": "hangzhou", "scope": "entitlement"}
SCORE_CARD = {"card": "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJoYW5nemhvdSJ9.c2lnbmF0dXJl"}
VISIT = {
    "question_id": "019a0000-0000-7000-8000-000000000003",
    "home_city": "hangzhou",
    "home_city_title": "杭州市",
    "via": "question",
    "scope": "entitlement",
    "purpose": "benefit",
    "role": "citizen",
    "acting": "visitor",
    "acting_name": None,
    "asked_at": "2026-11-22T04:00:00Z",
    "state": "standing",
    "state_text": "有效",
    "until": "2026-11-25T04:00:00Z",
    "ended_at": None,
    "ended_because": None,
    "ended_text": None,
    "entitlements": [{"scenario": "library_card", "title": "免押金借书证", "until": "2026-11-25T04:00:00Z"}],
    "level": None,
    "score": None,
    "flags": [],
}
FORGOTTEN = {
    **VISIT,
    "state": "ended",
    "state_text": "已经结束",
    "until": None,
    "ended_at": "2026-11-23T04:00:00Z",
    "ended_because": "forgotten",
    "ended_text": "您已要求删除",
    "entitlements": [],
}
