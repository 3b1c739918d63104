"""Examples of the operations on drafts of rules; none of the documents is a whole edition."""

from typing import Any

DIGEST = "3f2a8c5d0e4b7196a2c1f8e3d5b4097c6a8f1e2d3c4b5a69788796a5b4c3d2e1"
EDITION_DIGEST = "8f14e45fceea167a"
OLD_DIGEST = "45c48cce2e2d7fbd"
_DOCUMENTS = {
    "scenarios": '[catalogue]\ncity = "zhengzhou"\nversion = "2027.1"\neffective_on = 2027-01-01\n',
    "cases": '[cases]\ncity = "zhengzhou"\ncatalogue = "2027.1"\n',
}
NEW_DRAFT: dict[str, Any] = {
    "kind": "scenarios",
    "title": "图书馆免押金的册数由五册增至八册",
    "reason": "市文化广电和旅游局2026年第12次局务会",
    "decision": "郑信用办〔2026〕3号",
    "urgency": None,
    "documents": _DOCUMENTS,
}
DRAFT: dict[str, Any] = {
    "draft_id": "019a0000-0000-7000-8000-000000000d01",
    "kind": "scenarios",
    "title": NEW_DRAFT["title"],
    "state": "draft",
    "revision_no": 1,
    "digest": DIGEST,
    "author": "wang",
    "version": None,
    "effective_on": None,
    "restores_on": None,
    "lacks": ["check", "impact"],
    "impact_asked_at": None,
    "impact_fault": None,
    "created_at": "2026-11-22T04:00:00Z",
    "edition_id": None,
    "decided_by": None,
    "decided_at": None,
}
NEW_REVISION = {"draft_id": DRAFT["draft_id"], "after": DIGEST, "reason": "改正用例", "documents": _DOCUMENTS}
REVISED = {**DRAFT, "revision_no": 2}
CHECKED = {**DRAFT, "state": "checked", "version": "2027.1", "effective_on": "2027-01-01", "lacks": ["impact"]}
ASKED = {**CHECKED, "impact_asked_at": "2026-11-22T04:05:00Z"}
NEW_ROLLBACK = {
    "kind": "scenarios",
    "restores_on": "2026-01-01",
    "version": "2027.2",
    "effective_on": "2027-02-01",
    "title": "恢复2026年版场景",
    "reason": "影响与预测不符",
    "urgency": "测算遗漏了一类群体，继续施行将误降其等级。",
}
ROLLBACK = {**CHECKED, "title": "恢复2026年版场景", "version": "2027.2", "effective_on": "2027-02-01"} | {
    "restores_on": "2026-01-01"
}
DECISION = {"digest": DIGEST, "reason": "与影响报告核对无误"}
DECIDED = {"decided_by": "zhao", "decided_at": "2026-11-22T06:00:00Z"}
ANNOUNCED = {
    **CHECKED,
    **DECIDED,
    "state": "announced",
    "lacks": [],
    "edition_id": "019a0000-0000-7000-8000-000000000e01",
}
REJECTED = {**CHECKED, **DECIDED, "state": "rejected", "lacks": []}
WITHDRAWN = {**ANNOUNCED, "state": "withdrawn"}
REASON = {"reason": "公告文本有误"}
WHOLE_DRAFT = {
    "draft": CHECKED,
    "announcement": {
        "summary": NEW_DRAFT["title"],
        "reason": NEW_DRAFT["reason"],
        "decision": NEW_DRAFT["decision"],
        "urgency": None,
        "restores_on": None,
    },
    "notice_period": {"is_adverse": True, "days": 30, "first_on": "2026-12-22"},
    "documents": _DOCUMENTS,
    "check": {
        "is_sound": True,
        "is_of_this_draft": True,
        "cases": 41,
        "faults": [],
        "failing": [],
        "unexercised": [],
        "gaps": [],
        "notices": ["ZZ-REG-01: is collected, but no rule counts it and no `unscored` entry says why not"],
        "checked_by": "wang",
        "checked_at": "2026-11-22T04:01:00Z",
    },
    "events": [
        {
            "event_no": 1,
            "event": "drafted",
            "digest": DIGEST,
            "actor": "wang",
            "acting": None,
            "reason": NEW_DRAFT["reason"],
            "happened_at": "2026-11-22T04:00:00Z",
        }
    ],
}
IMPACT = {
    "draft_id": DRAFT["draft_id"],
    "digest": DIGEST,
    "is_of_this_draft": True,
    "as_of": "2026-11-22",
    "known_at": "2026-11-21T18:00:00Z",
    "files_digest": "c1" * 32,
    "measured_at": "2026-11-22T04:06:10Z",
    "comparisons": [
        {
            "old_digest": OLD_DIGEST,
            "new_digest": EDITION_DIGEST,
            "report": {"totals": {"people": 12_600_000, "rises": 0, "falls": 0}},
        }
    ],
}
SHADOW = {
    "draft_id": DRAFT["draft_id"],
    "run_no": 1,
    "digest": DIGEST,
    "is_running": True,
    "started_by": "wang",
    "started_at": "2026-11-22T04:10:00Z",
    "stopped_at": None,
    "days": [
        {
            "as_of": "2026-11-23",
            "beside": "2026.1",
            "figures": {"people": 12_600_000, "rises": 0, "falls": 0},
            "measured_at": "2026-11-22T19:30:00Z",
        }
    ],
}
STOPPED_SHADOW = {**SHADOW, "is_running": False, "stopped_at": "2026-12-01T02:00:00Z"}
