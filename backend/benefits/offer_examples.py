"""Examples of what citizens read and do about benefits, for the description of the API."""

GRANT_ID = "019a0000-0000-7000-8000-000000000002"
CODE = "A2BCDEFGHIJKLMNOPQRSTUVWXYZ23456"
NEW_CODE = {"scenario": "library_card", "merchant": None, "image": "none"}
MADE_CODE = {
    "code": CODE,
    "scenario": "library_card",
    "merchant": None,
    "expires_at": "2026-11-22T04:01:00Z",
    "image": None,
    "notices": [{"code": "no_consent", "text": "这个码没有指明商户：只有您已经授权告知的商户扫码才有结果。"}],
}
OFFER = {
    "scenario": "library_card",
    "title": "免押金办借书证",
    "state": "available",
    "state_text": "现在可以使用",
    "missing": [],
    "kind": "deposit_waiver",
    "benefit": "免交借书证押金100元。",
    "limit_fen": 10_000,
    "charged_percent": None,
    "free_minutes": None,
    "lasting_days": 366,
    "otherwise": "照常办证：交纳100元押金，退证时退还；馆内阅览不需要押金。",
    "basis": "《河南省社会信用条例》第三十条第五项",
    "merchants": [
        {
            "merchant": "city_library",
            "name": "市图书馆",
            "region": "410105",
            "benefit": "免交借书证押金100元。",
            "limit_fen": 10_000,
            "charged_percent": None,
            "free_minutes": None,
        }
    ],
    "has_more_merchants": False,
}
OFFERS = {
    "catalogue_version": "2026.1",
    "level": "excellent",
    "level_name": "信用优秀",
    "paused_until": None,
    "items": [OFFER],
    "next_level": {"level": "outstanding", "name": "信用极好", "scenarios": ["scenic_free"]},
}
DECLINED = {"scenario": "library_card", "declined": True}
PAUSE = {"until": "2026-12-22T04:00:00Z"}
NEW_CONSENT = {"merchant": "city_library", "scenario": "library_card", "expires_at": "2027-11-22T04:00:00Z"}
CONSENT = {
    "consent_id": "019a0000-0000-7000-8000-000000000003",
    "merchant": "city_library",
    "merchant_name": "市图书馆",
    "purpose": "提供信用惠民权益（信易+）",
    "told": "就某个订单，您能否使用权益、是哪一项、到什么时候；绝不告知分值、等级和不能使用的原因。",
    "scenario": "library_card",
    "once": False,
    "given_at": "2026-11-22T04:00:00Z",
    "expires_at": "2027-11-22T04:00:00Z",
    "withdrawn_at": None,
}
NEW_APPLICATION = {"merchant": "north_rack", "scenario": "bike_hire", "amount_fen": 9_900}
APPLICATION = {
    "grant_id": GRANT_ID,
    "order_no": "app-019a0000-0000-7000-8000-000000000004",
    "merchant": "north_rack",
    "merchant_name": "北广场单车点",
    "scenario": "bike_hire",
    "state": "reserved",
    "held_fen": 9_900,
    "reserved_until": "2026-11-22T04:15:00Z",
}
ASK = {
    "verification_id": "019a0000-0000-7000-8000-000000000001",
    "merchant": "city_library",
    "merchant_name": "市图书馆",
    "scenario": "library_card",
    "title": "免押金办借书证",
    "amount_fen": 10_000,
    "told": "仅告知您可以使用“免押金办借书证”以及到什么时候。您谢绝或者不能使用时，商户都不会知道。",
    "asked_at": "2026-11-22T04:00:00Z",
    "expires_at": "2026-11-22T04:05:00Z",
    "is_open": True,
    "answer": "pending",
    "because": None,
    "confirmed_at": None,
    "declined_at": None,
    "grant_id": None,
}
