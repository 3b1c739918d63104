"""Examples of calls and answers for the documentation of the API; the people in them are invented."""

_BATCH_ID = "019a0000-0000-7000-8000-000000000001"
_RECORD_ID = "019a0000-0000-7000-8000-000000000002"
_LEGAL = {
    "document_no": None,
    "procedure": None,
    "finality": None,
    "minor_and_remedied": False,
    "confirmed_by": None,
}
_CONTENT = {"occurred_on": "2026-11-02", "ended_on": None, "act": None, "items": {"donations": 1}, "legal": _LEGAL}

NEW_BATCH = {
    "batch_no": "2026-11-22-1",
    "rows": [
        {
            "source_key": "donation-20261102-0815",
            "subject_kind": "natural_person",
            "id_number": "000000199003071236",
            "name": "张小满",
            "indicator": "ZZ-ETH-02",
            "occurred_on": "2026-11-02",
            "items": {"donations": 1},
            "legal": {},
        },
        {
            "source_key": "donation-20261103-0042",
            "id_number": "000000199003071230",
            "name": "李谷雨",
            "indicator": "ZZ-ETH-02",
            "occurred_on": "2026-11-03",
            "items": {"donations": 1},
            "legal": {},
        },
    ],
}
BATCH = {
    "batch_id": _BATCH_ID,
    "batch_no": "2026-11-22-1",
    "clerk": "clerk-7",
    "received_at": "2026-11-22T04:00:00Z",
    "accepted": 1,
    "duplicate": 0,
    "refused": 1,
    "quarantined": 0,
    "receipts": [
        {
            "row_no": 1,
            "outcome": "accepted",
            "record_id": _RECORD_ID,
            "code": None,
            "law": None,
            "detail": None,
            "errors": [],
            "quarantine": None,
            "representative": None,
        },
        {
            "row_no": 2,
            "outcome": "refused",
            "record_id": None,
            "code": "bad_identity",
            "law": "《河南省社会信用条例》第十六条",
            "detail": "证件号码未通过校验，请核对后重新报送。",
            "errors": [
                {
                    "pointer": "/id_number",
                    "code": "identity_wrong_check_character",
                    "message": "校验码不符，请核对号码。",
                }
            ],
            "quarantine": None,
            "representative": None,
        },
    ],
}
RECORD = {
    "record_id": _RECORD_ID,
    "indicator": "ZZ-ETH-02",
    "source_key": "donation-20261102-0815",
    "batch_id": _BATCH_ID,
    "clerk": "clerk-7",
    "known_at": "2026-11-22T04:00:00Z",
    "state": "open",
    "content": _CONTENT,
    "events": [
        {
            "kind": "corrected",
            "known_at": "2026-11-22T08:00:00Z",
            "reason": "登记日期有误",
            "content": {**_CONTENT, "occurred_on": "2026-11-01"},
        }
    ],
}
CORRECTION = {
    "reason": "登记日期有误",
    "occurred_on": "2026-11-01",
    "items": {"donations": 1},
    "legal": {},
}
CORRECTED = {"record_id": _RECORD_ID, "kind": "corrected", "known_at": "2026-11-22T08:00:00Z"}
WITHDRAWAL = {"reason": "误报"}
WITHDRAWN = {"record_id": _RECORD_ID, "kind": "withdrawn", "known_at": "2026-11-22T08:00:00Z"}
CATALOGUE = {
    "city": "zhengzhou",
    "version": "2026.1",
    "effective_on": "2026-01-01",
    "title": "郑州市个人信用积分指标目录",
    "title_en": "Zhengzhou catalogue of indicators for the personal credit score",
    "basis": "《河南省社会信用条例》第十一条",
    "note": "",
    "adverse_kept_months": 60,
    "check_due": {"working_days": 5, "basis": "《河南省社会信用条例》第十七条第二款"},
    "laws": [{"filter": "simple_procedure", "law": "《河南省社会信用条例》第十三条第三款"}],
    "departments": [{"code": "health_commission", "name": "市卫健委", "name_en": "Health Commission"}],
    "indicators": [
        {
            "code": "ZZ-ETH-02",
            "name": "无偿献血",
            "format": "structured",
            "providers": ["health_commission"],
            "subjects": ["natural_person"],
            "nature": "favourable",
            "sharing": "authorised",
            "coverage": "city",
            "update_cycle": "monthly",
            "items": [
                {
                    "name": "donations",
                    "title": "献血次数",
                    "type": "integer",
                    "unit": "times",
                    "required": True,
                    "choices": {},
                    "at_least": 1,
                    "at_most": 24,
                }
            ],
            "name_en": "Unpaid blood donation",
            "class": "public_welfare",
            "basis": "《中华人民共和国献血法》第十七条",
            "continuing": False,
            "due": None,
            "reaches": None,
        }
    ],
}
