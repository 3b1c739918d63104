"""Example bodies and answers of the sandbox for its description."""

CLOCK = {"now": "2027-01-01T04:00:00Z", "machine_now": "2026-11-22T04:00:00Z"}
CODE = {
    "code": "A2BCDEFGHIJKLMNOPQRSTUVWXYZ23456",
    "scenario": None,
    "merchant": "sandbox_merchant",
    "expires_at": "2026-11-22T04:01:00Z",
}
PERSON = {
    "person_no": "01",
    "name": "甲一",
    "identity_number": "000000199008149515",
    "purpose": "信用优秀，已授权：给予",
}
NEW_COMPLAINT = {
    "grant_id": "019a0000-0000-7000-8000-000000000002",
    "kind": "not_honoured",
    "text": "柜台仍然收取了押金。",
}
COMPLAINT = {"complaint_id": "019a0000-0000-7000-8000-000000000003", "answer_until": "2026-11-29T15:59:59Z"}
ANSWER, OBJECTION = {"text": "已约定下周归还。"}, {"text": "车辆已经归还。"}
