"""Examples of files and mappings for the documentation of the API."""

_FILE_ID = "019a0000-0000-7000-8000-000000000003"
_MAPPING_ID = "019a0000-0000-7000-8000-000000000004"
WAITING = {
    "file_id": _FILE_ID,
    "file_no": "2026-11-penalties",
    "clerk": "clerk-7",
    "format": "xlsx",
    "size": 48_213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "mapping": _MAPPING_ID,
    "dry_run": False,
    "state": "waiting",
    "rows_read": 0,
    "received_at": "2026-11-22T04:00:00Z",
    "ended_at": None,
    "fault": None,
    "reasons": [],
}
DONE = {
    **WAITING,
    "state": "done",
    "rows_read": 812,
    "ended_at": "2026-11-22T04:00:03Z",
    "reasons": [
        {"outcome": "accepted", "code": None, "text": None, "rows": 808},
        {
            "outcome": "refused",
            "code": "bad_identity",
            "text": "证件号码未通过校验，请核对后重新报送。",
            "rows": 2,
        },
    ],
}
NEW_MAPPING = {
    "name": "traffic-fines",
    "document": {
        "extends": "penalty_2018",
        "constants": {"indicator": "ZZ-LAW-03", "legal.procedure": "ordinary"},
        "columns": [{"title": "是否终局", "member": "legal.finality", "reads": "choice", "choices": {"是": "upheld"}}],
    },
}
MAPPING = {
    "mapping_id": _MAPPING_ID,
    "version": 1,
    "clerk": "clerk-7",
    "saved_at": "2026-11-22T04:00:00Z",
    **NEW_MAPPING,
}
