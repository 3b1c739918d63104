"""Examples of calls and answers about proposed records, complaints and integrity; all of it is invented."""

_PROPOSAL_ID = "019a0000-0000-7000-8000-000000000031"
_GRANT_ID = "019a0000-0000-7000-8000-000000000032"

CONFIRMATION = {
    "confirmed_by": "court",
    "document_no": "（2026）豫0105民初17号",
    "decided_on": "2026-11-02",
    "finality": "no_appeal_in_time",
}
NEW_PROPOSAL = {
    "grant_id": _GRANT_ID,
    "kind": "not_returned",
    "slip_no": "借阅单2026-0417",
    "statement": "两册图书逾期未还，两次提醒无回应。",
    "confirmation": None,
}
LISTED_PROPOSAL = {
    "proposal_id": _PROPOSAL_ID,
    "merchant": "jinshui-library",
    "merchant_name": "金水区图书馆",
    "grant_id": _GRANT_ID,
    "order_no": "order-17",
    "scenario": "library-deposit",
    "kind": "not_returned",
    "amount_fen": 6_000,
    "broken_on": "2026-10-12",
    "slip_no": "借阅单2026-0417",
    "proposed_at": "2026-11-22T04:00:00Z",
    "answer_until": "2026-12-07T15:59:59.999999Z",
    "lapses_at": "2027-11-22T04:00:00Z",
    "state": "proposed",
    "answered_at": None,
    "objected_at": None,
    "objection_decided_at": None,
    "confirmation": None,
    "ended_at": None,
    "end_code": None,
    "ground": None,
}
_WHOLE: dict[str, object] = {
    "statement": "两册图书逾期未还，两次提醒无回应。",
    "answer": None,
    "objection": None,
    "objection_reason": None,
    "earlier": [],
}
LISTED_REPORT = {name: value for name, value in LISTED_PROPOSAL.items() if name not in {"end_code", "ground"}}
REPORT = {**LISTED_REPORT, **_WHOLE}
PROPOSAL = {
    **LISTED_PROPOSAL,
    **_WHOLE,
    "original_seen_at": None,
    "end_reason": None,
    "record_id": None,
}
OWN_PROPOSAL = {
    **PROPOSAL,
    "notice": "金水区图书馆报告您有 60.00 元未按约定履行（未归还）。这还不是信用记录，也不影响信用分。",
    "choices": ["pay", "answer", "object"],
}
ANSWERED = {**PROPOSAL, "state": "answered", "answer": "已约定下周归还。", "answered_at": "2026-11-23T04:00:00Z"}
_OBJECTION = {"state": "objected", "objection": "图书已于十月归还。", "objected_at": "2026-11-23T04:00:00Z"}
OBJECTED = {**PROPOSAL, **_OBJECTION}
HEARD = {**OBJECTED, "same_document": []}
OBJECTED_REPORT = {**REPORT, **_OBJECTION}
CONFIRMED = {**REPORT, "confirmation": CONFIRMATION}
WITHDRAWN = {**REPORT, "state": "withdrawn", "ended_at": "2026-11-24T04:00:00Z"}
VERDICT = {"decision": "dismiss", "original_no": None, "case_no": "2026-约-17", "reason": "归还记录可查，报告不实"}
DISMISSED = {
    **PROPOSAL,
    "state": "dismissed",
    "ended_at": "2026-11-25T04:00:00Z",
    "end_code": "not_pursued",
    "end_reason": "归还记录可查，报告不实",
}

_COMPLAINT_ID = "019a0000-0000-7000-8000-000000000033"
NEW_COMPLAINT = {
    "grant_id": _GRANT_ID,
    "kind": "not_honoured",
    "text": "到馆后仍被要求交押金一百元。",
}
LISTED_COMPLAINT = {
    "complaint_id": _COMPLAINT_ID,
    "merchant": "jinshui-library",
    "merchant_name": "金水区图书馆",
    "grant_id": _GRANT_ID,
    "order_no": "order-17",
    "scenario": "library-deposit",
    "kind": "not_honoured",
    "complained_at": "2026-11-22T04:00:00Z",
    "answer_until": "2026-11-29T15:59:59.999999Z",
    "state": "open",
    "answered_at": None,
    "decided_at": None,
}
COMPLAINT = {
    **LISTED_COMPLAINT,
    "text": "到馆后仍被要求交押金一百元。",
    "answer": None,
    "case_no": None,
    "reason": None,
}
ANSWERED_COMPLAINT = {
    **COMPLAINT,
    "state": "answered",
    "answer": "系窗口误收，已退还。",
    "answered_at": "2026-11-23T04:00:00Z",
}
RULING = {"ruling": "uphold", "releases": True, "case_no": "2026-诉-17", "reason": "商户承认误收押金"}
UPHELD_COMPLAINT = {
    **ANSWERED_COMPLAINT,
    "state": "upheld",
    "decided_at": "2026-11-24T04:00:00Z",
    "case_no": "2026-诉-17",
    "reason": "商户承认误收押金",
}

INTEGRITY = {
    "merchant": "jinshui-library",
    "merchant_name": "金水区图书馆",
    "since_at": "2026-08-24T04:00:00Z",
    "grants": 412,
    "parts": [
        {"kind": "unhonoured", "title": "未兑现权益或者多收费用（投诉成立）", "count": 1, "weight": 4},
        {"kind": "late_releases", "title": "未及时解除占用（投诉成立）", "count": 0, "weight": 2},
        {"kind": "false_reports", "title": "不实的违约报告（异议期间撤回，或者异议成立）", "count": 0, "weight": 10},
    ],
    "figure": 99,
    "conduct": "sound",
    "is_suspended": False,
    "explanation": "九十天内共提供 412 次权益。",
}
