"""Examples of calls and answers for the documentation of the API."""

from collections.abc import Mapping

_SAMPLE_ID = "019a0000-0000-7000-8000-000000000003"
_RECORD_ID = "019a0000-0000-7000-8000-000000000002"
_NONE_OF_NONE = {"part": 0, "whole": 0, "permille": None}


def _share(part: int, whole: int) -> Mapping[str, int]:
    return {"part": part, "whole": whole, "permille": part * 1000 // whole}


QUALITY = {
    "from": "2026-10-01",
    "to": "2026-10-31",
    "files_unread": 0,
    "items": [
        {
            "department": "urban_management",
            "department_name": "市城管局",
            "indicator": "ZZ-LAW-01",
            "indicator_name": "一般程序行政处罚（警告、通报、罚款）",
            "handed_in": 40,
            "outcomes": [
                {"outcome": "accepted", "text": "已接收", "share": _share(36, 40)},
                {"outcome": "duplicate", "text": "重复报送", "share": _share(1, 40)},
                {"outcome": "refused", "text": "不予接收", "share": _share(2, 40)},
                {"outcome": "quarantined", "text": "待核实", "share": _share(1, 40)},
            ],
            "refusals": [
                {
                    "code": "not_final",
                    "text": "决定或者判决尚未终局，请在终局后报送。",
                    "share": _share(2, 40),
                }
            ],
            "timeliness": {
                "working_days": 7,
                "basis": "国办发〔2015〕51号第（十八）项",
                "in_time": _share(33, 36),
                "pending": 0,
                "not_judged": 0,
            },
            "check": {
                "working_days": 5,
                "basis": "《河南省社会信用条例》第十七条第二款",
                "in_time": _share(39, 39),
                "pending": 1,
                "not_judged": 0,
            },
            "delay": {"rows": 36, "median_working_days": 4, "worst_working_days": 12, "not_known": 0},
            "completeness": _NONE_OF_NONE,
            "corrected": _share(1, 36),
            "withdrawn": _share(0, 36),
            "inspection": {"differing": _share(1, 10), "without_document": 0},
        }
    ],
}
NEW_SAMPLE = {
    "department": "urban_management",
    "indicator": "ZZ-LAW-01",
    "from": "2026-10-01",
    "to": "2026-10-31",
    "size": 1,
    "reason": "2026年10月例行抽查",
}
NEW_FINDING = {"record_id": _RECORD_ID, "finding": "agrees", "note": "与决定书一致"}
FINDING = {
    "record_id": _RECORD_ID,
    "finding": "agrees",
    "text": "相符",
    "note": "与决定书一致",
    "found_by": "wang",
    "found_at": "2026-11-22T04:30:00Z",
}
SAMPLE = {
    "sample_id": _SAMPLE_ID,
    **NEW_SAMPLE,
    "population": 36,
    "seed": "5f2b0c6d9e8a41d7b3c1f0e2a4968d57",
    "drawn_by": "wang",
    "drawn_at": "2026-11-22T04:00:00Z",
    "members": [{"member_no": 1, "record_id": _RECORD_ID, "indicator": "ZZ-LAW-01", "found": None}],
}
