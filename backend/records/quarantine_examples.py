"""Examples of calls and answers about the quarantine; the people in them are invented."""

_QUARANTINE_ID = "019a0000-0000-7000-8000-000000000003"

WAITING = {
    "quarantine_id": _QUARANTINE_ID,
    "batch_id": "019a0000-0000-7000-8000-000000000001",
    "row_no": 7,
    "part": "row",
    "department": "health_commission",
    "indicator": "ZZ-ETH-02",
    "code": "name_differs",
    "received_at": "2026-11-22T04:00:00Z",
}
QUARANTINED = {
    **WAITING,
    "state": "open",
    "subject_id": "019a0000-0000-7000-8000-000000000004",
    "subject_kind": "natural_person",
    "masked_number": "0000**********1236",
    "name_given": "张小漫",
    "name_on_file": "张小满",
    "name_is_verified": True,
    "is_in_doubt": False,
    "content": {
        "occurred_on": "2026-11-02",
        "ended_on": None,
        "act": None,
        "items": {"donations": 1},
        "legal": {
            "document_no": None,
            "procedure": None,
            "finality": None,
            "minor_and_remedied": False,
            "confirmed_by": None,
        },
    },
    "decided_at": None,
    "decided_by": None,
    "record_id": None,
}
NEW_DECISION = {"decision": "release", "case_no": "2026-异-17", "reason": "经核对身份证原件，姓名系录入笔误"}
DECIDED = {
    "quarantine_id": _QUARANTINE_ID,
    "state": "released",
    "decided_at": "2026-11-22T08:00:00Z",
    "record_id": "019a0000-0000-7000-8000-000000000002",
}
