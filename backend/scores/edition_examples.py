"""Example answers of the diary of editions."""

from typing import Any

from backend.scores import examples

TOLD: dict[str, Any] = {
    "state": "announced",
    "effective_on": "2027-01-01",
    "until": None,
    "announced_at": "2026-11-20T02:00:00Z",
    "summary": "调整奖励标准",
    "reason": "市政府2026年第21次常务会议决定",
    "decision": "郑信用办〔2026〕3号",
    "urgency": None,
    "restores_on": None,
    "withdrawn_at": None,
    "withdrawn_because": None,
    "rolled_back": None,
    "basis": "《河南省社会信用条例》",
    "note": None,
    "follows": "2026.1",
}
_EDITION: dict[str, Any] = {
    "version": "2027.1",
    "title": "郑州市个人信用积分规则（参照版）",
    **TOLD,
    "amendments": [
        {
            "part": "rule",
            "part_id": "ZZ-E-02",
            "kind": "changed",
            "name": "无偿献血",
            "moves_scores": True,
            "figures": [{"name": "points", "of": "", "before": "+10", "after": "+13"}],
        }
    ],
}
_WITHDRAWN = {
    **_EDITION,
    "version": "2027.2",
    "state": "withdrawn",
    "effective_on": "2027-02-01",
    "withdrawn_at": "2026-12-01T02:00:00Z",
    "withdrawn_because": "公告文本有误",
    "follows": "2027.1",
}
RULEBOOK_EDITIONS = {"items": [_WITHDRAWN, _EDITION]}
WHOLE_RULEBOOK_EDITION = {"edition": _EDITION, "rulebook": examples.RULEBOOK}
