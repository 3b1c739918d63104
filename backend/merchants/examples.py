"""Example bodies and answers of the merchants room for the API description; the merchants in them are invented."""

from typing import Any

_ID = "019a0000-0000-7000-8000-000000000000"
NEW_MERCHANT = {
    "merchant": "east_library",
    "name": "东区图书馆",
    "name_en": "East District Library",
    "uscc": None,
    "contact": "reading-room@library.example",
}
NEW_CONTRACT: dict[str, Any] = {
    "scenario": "library_card",
    "region": "410105",
    "starts_on": "2026-11-22",
    "ends_on": None,
    "figures": {},
}
CONTRACT = {
    **NEW_CONTRACT,
    "contract_id": _ID,
    "merchant": "east_library",
    "signed_at": "2026-11-22T04:00:00Z",
    "signed_by": "zhao",
    "ended_at": None,
    "ended_by": None,
}
MERCHANT = {
    **NEW_MERCHANT,
    "registered_at": "2026-11-22T04:00:00Z",
    "registered_by": "zhao",
    "suspension": None,
    "contracts": [CONTRACT],
}
NEW_SUSPENSION = {"because": "多次不兑现已授予的优惠，核查期间暂停"}
SUSPENSION = {**NEW_SUSPENSION, "suspended_at": "2026-11-22T04:00:00Z", "suspended_by": "zhao"}
OFFERING = {"merchant": "east_library", "name": "东区图书馆", "region": "410105"}
OWN_VIEW = {
    "merchant": "east_library",
    "name": "东区图书馆",
    "suspension": None,
    "contracts": [
        {
            "contract_id": _ID,
            "scenario": "library_card",
            "region": "410105",
            "starts_on": "2026-11-22",
            "ends_on": None,
            "ended_at": None,
            "state": "in_force",
            "scenario_suspension": None,
            "terms": {
                "title": "免押金办借书证",
                "kind": "deposit_waiver",
                "benefit": "免交借书证押金100元。",
                "otherwise": "照常办证：交纳100元押金，退证时退还；馆内阅览不需要押金。",
                "limit_fen": 10_000,
                "charged_percent": None,
                "free_minutes": None,
                "reserved_minutes": 15,
                "lasting_days": 366,
                "merchant_day": None,
            },
        }
    ],
}
