"""Examples of what citizens see of the exchange with other cities, for the description of the API."""

from typing import Any

QUESTION_ID = "019a0000-0000-7000-8000-000000000021"
CONSENT_ID = "019a0000-0000-7000-8000-000000000022"
TREATY: dict[str, Any] = {
    "id": "hangzhou-zhengzhou",
    "version": "2026.1",
    "title": "杭州市与郑州市个人信用互认协议（建议稿）",
    "starts_on": "2026-01-01",
    "ends_on": "2028-01-01",
    "basis": "郑州、南京、杭州、武汉、苏州个人守信联合激励城市合作机制；《中华人民共和国个人信息保护法》第二十三条",
    "note": "协议文本没有公布；本稿的范围、期限、次数、分档、换算和场景均为自定，不代表两市的约定。",
}
RECEIVER = {
    "authority": "示例信用中心",
    "contact": "示例热线 0000-0000",
    "method": "加密、签名后经接口逐次告知",
}
SCOPE = {
    "code": "entitlement",
    "told": (
        "您可以享受杭州市的哪些权益、各到什么时候；不告知分数、等级和记录。"
        "那里有合同的商户，凭您的证件号码可以当场查询您能不能享受其中某一项，符合条件的当场给予；商户只得到“可以”“不可以”或者“无法答复”。"
    ),
}
PURPOSE = {"code": "benefit", "text": "在杭州市享受信用惠民权益：由那里有合同的商户凭您的证件号码查询，当场给予"}
CITY: dict[str, Any] = {
    "city": "hangzhou",
    "title": "杭州市",
    "receiver": RECEIVER,
    "treaty": TREATY,
    "scopes": [SCOPE],
    "purposes": [PURPOSE],
    "scenarios": [{"code": "medical_credit", "title": "先诊疗后付费"}],
    "data_life_hours": 72,
    "on_suspension": {
        "code": "finish",
        "text": "协议中止后，不再有新的询问和告知；此前已经告知的，可以用到各自的截止时间。",
    },
}
CONTENT: dict[str, Any] = {"entitlements": [{"scenario": "medical_credit", "until": "2026-11-25T04:00:00Z"}]}
PREVIEW: dict[str, Any] = {
    "city": "hangzhou",
    "city_title": "杭州市",
    "receiver": RECEIVER,
    "treaty": TREATY,
    "scope": SCOPE,
    "purpose": PURPOSE,
    "content": CONTENT,
    "until": "2026-11-25T04:00:00Z",
    "is_consented": False,
    "because": None,
}
NEW_CONSENT: dict[str, Any] = {
    "city": "hangzhou",
    "purpose": "benefit",
    "scope": "entitlement",
    "scenario": None,
    "expires_at": "2027-11-22T04:00:00Z",
}
CONSENT: dict[str, Any] = {
    "consent_id": CONSENT_ID,
    "city": "hangzhou",
    "city_title": "杭州市",
    "receiver": RECEIVER,
    "purpose": PURPOSE,
    "scope": SCOPE,
    "scenario": None,
    "treaty_id": "hangzhou-zhengzhou",
    "treaty_version": "2026.1",
    "is_outdated": False,
    "once": False,
    "given_at": "2026-11-22T04:00:00Z",
    "expires_at": "2027-11-22T04:00:00Z",
    "withdrawn_at": None,
}
WITHDRAWN: dict[str, Any] = {
    "city": "hangzhou",
    "city_title": "杭州市",
    "withdrawn_consents": 2,
    "ended_disclosures": 3,
}
DISCLOSURE: dict[str, Any] = {
    "question_id": QUESTION_ID,
    "city": "hangzhou",
    "city_title": "杭州市",
    "treaty_id": "hangzhou-zhengzhou",
    "treaty_version": "2026.1",
    "via": "question",
    "scope": SCOPE,
    "purpose": PURPOSE,
    "role": "merchant",
    "acting": "west_lake_hospital",
    "acting_name": "西湖医院",
    "case_no": "2026-17",
    "consent_id": CONSENT_ID,
    "content": CONTENT,
    "told_at": "2026-11-22T04:00:00Z",
    "until": "2026-11-25T04:00:00Z",
    "corrected_at": None,
    "ended_at": None,
    "ended_because": None,
    "deleted_at": None,
}
USE: dict[str, Any] = {
    "use_id": "019a0000-0000-7000-8000-000000000023",
    "city": "hangzhou",
    "city_title": "杭州市",
    "question_id": QUESTION_ID,
    "scenario": "medical_credit",
    "title": "先诊疗后付费",
    "place": "西湖医院",
    "state": "in_use",
    "state_text": "使用中",
    "happened_at": "2026-11-22T05:00:00Z",
    "reported_at": "2026-11-22T05:00:01Z",
}
NEW_CARD: dict[str, Any] = {"city": "hangzhou", "scope": "level", "minutes": 60, "purpose": "benefit"}
CARD: dict[str, Any] = {
    "card_id": "019a0000-0000-7000-8000-000000000024",
    "consent_id": CONSENT_ID,
    "city": "hangzhou",
    "city_title": "杭州市",
    "purpose": PURPOSE,
    "scope": {"code": "level", "told": "您在本市的等级，以及它对应的共同档次；不告知分数和记录。"},
    "content": {"level": {"code": "good", "name": "信用良好", "name_en": "Good", "tier": "T3"}},
    "card": "e30.e30.c2lnbmF0dXJl",
    "made_at": "2026-11-22T04:00:00Z",
    "expires_at": "2026-11-22T05:00:00Z",
}
