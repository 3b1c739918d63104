"""Example answers of the scores room for the API description; all people and records in them are invented."""

from typing import Any

_RECORD_ID = "019a0000-0000-7000-8000-000000000001"
_LEVEL = {"code": "good", "name": "信用良好"}
_NEXT_LEVEL = {"code": "excellent", "name": "信用优秀"}
_REFERENCE = {
    "city": "zhengzhou",
    "version": "2026.1",
    "title": "郑州市个人信用积分规则（参照版）",
    "note": "郑州市从未公布自己的积分表，本规则的各项分值、上限和有效期都不是郑州市公布的数字。",
}
_DIMENSIONS = [{"dimension": {"code": "social_ethics", "name": "社会公德"}, "points": 10}]
_BASE_LINE: dict[str, Any] = {
    "kind": "base",
    "title": "基础分",
    "points": 100,
    "balance": 100,
    "dimension": None,
    "rule_id": None,
    "basis": "《河南省社会信用条例》",
    "origin": None,
    "origin_note": None,
    "record": None,
    "lapses_on": None,
}
_LINE: dict[str, Any] = {
    "kind": "record",
    "title": "无偿献血",
    "points": 10,
    "balance": 110,
    "dimension": {"code": "social_ethics", "name": "社会公德"},
    "rule_id": "ZZ-E-02",
    "basis": "《中华人民共和国献血法》",
    "origin": "analogue",
    "origin_note": "参照文登、宿迁，非郑州公布值",
    "record": {
        "record_id": _RECORD_ID,
        "indicator": {"code": "ZZ-ETH-02", "name": "无偿献血"},
        "source": {"code": "health_commission", "name": "市卫健委"},
        "document_no": None,
        "occurred_on": "2026-03-01",
        "ended_on": None,
    },
    "lapses_on": "2027-03-01",
}
_CHANGE = {
    "cause": "reported",
    "cause_text": "收到一条新记录",
    "title": "无偿献血",
    "points": 10,
    "rule_id": "ZZ-E-02",
    "record_id": _RECORD_ID,
}
_RULE_CHANGE = {
    "part": "rule",
    "part_id": "ZZ-E-02",
    "kind": "changed",
    "text": "规则 ZZ-E-02（无偿献血）调整，110 → 113",
    "points_before": 110,
    "points_after": 113,
}
_DIFFERENCE = {
    "points_before": 100,
    "points_after": 110,
    "level_before": _LEVEL,
    "level_after": _LEVEL,
    "changes": [_CHANGE],
}

SCORE = {
    "points": 110,
    "floor": 0,
    "ceiling": 200,
    "level": _LEVEL,
    "dimensions": _DIMENSIONS,
    "incentives_suspended": False,
    "as_of": "2026-11-22",
    "changes_on": "2027-01-01",
    "rules_change_on": "2027-01-01",
    "rulebook": _REFERENCE,
}
STATEMENT = {
    "points": 110,
    "level": _LEVEL,
    "dimensions": _DIMENSIONS,
    "lines": [_BASE_LINE, _LINE],
    "uncounted": [],
    "incentives_suspended": False,
    "as_of": "2026-11-22",
    "known_at": "2026-11-22T04:00:00Z",
    "changes_on": "2027-03-01",
    "rulebook": _REFERENCE,
}
HISTORY = {
    "opened_on": "2026-01-15",
    "points_at_opening": 100,
    "items": [{"on": "2026-03-05", **_DIFFERENCE, "rule_changes": []}],
    "next_cursor": None,
}
FORECAST = {
    "points": 110,
    "as_of": "2026-11-22",
    "steps": [
        {
            "on": "2027-01-01",
            "points_before": 110,
            "points_after": 113,
            "level_before": _LEVEL,
            "level_after": _LEVEL,
            "changes": [{**_CHANGE, "cause": "rules", "cause_text": "积分规则调整", "points": 3}],
            "rule_changes": [_RULE_CHANGE],
        },
        {
            "on": "2027-03-01",
            "points_before": 113,
            "points_after": 100,
            "level_before": _LEVEL,
            "level_after": _LEVEL,
            "changes": [{**_CHANGE, "cause": "lapsed", "cause_text": "有效期届满", "points": -13}],
            "rule_changes": [],
        },
    ],
    "coming_rules": [
        {
            "version": "2027.1",
            "title": "郑州市个人信用积分规则（参照版）",
            "effective_on": "2027-01-01",
            "text": "自 2027-01-01 起施行新版积分规则（2027.1），您当日的积分将为 113 分，按现行规则为 110 分。",
            "points_before": 110,
            "points_after": 113,
            "level_before": _LEVEL,
            "level_after": _LEVEL,
            "rule_changes": [_RULE_CHANGE],
        }
    ],
}
SUPPOSITION = {
    "add": [{"indicator": "ZZ-ETH-02", "occurred_on": "2026-11-22", "items": {"donations": 1}}],
    "remove": [],
}
SUPPOSED = _DIFFERENCE
ROUTE = {
    "points": 110,
    "level": _LEVEL,
    "target": _NEXT_LEVEL,
    "missing": 10,
    "ways": [
        {
            "points": 120,
            "actions": [
                {
                    "kind": "earn",
                    "name": "参加志愿服务",
                    "rule_id": "ZZ-E-05",
                    "amount": 10,
                    "unit": "hours",
                    "record_id": None,
                }
            ],
        }
    ],
    "caps": [{"limit_id": "ZZ-CAP-02", "name": "无偿献血每年不超过二十分", "year": 2026, "used": 10, "at_most": 20}],
    "waiting_on": None,
    "blocked_by": [],
}
RULEBOOK = {
    **_REFERENCE,
    "effective_on": "2026-01-01",
    "basis": "《河南省社会信用条例》",
    "base": 100,
    "floor": 0,
    "ceiling": 200,
    "repeats_count": 1,
    "levels": [{**_NEXT_LEVEL, "at_least": 120}, {**_LEVEL, "at_least": 100}],
    "dimensions": [{"code": "social_ethics", "name": "社会公德"}],
    "rules": [
        {
            "rule_id": "ZZ-E-02",
            "name": "无偿献血",
            "dimension": "social_ethics",
            "indicator": "ZZ-ETH-02",
            "kind": "each",
            "figures": [{"when": "", "points": 10, "points_to": 10, "valid_months": 12, "runs_from": "day"}],
            "suspends_incentives": False,
            "level_at_most": None,
            "repairable_after_months": None,
            "basis": "《中华人民共和国献血法》",
            "origin": "analogue",
            "origin_note": "参照文登、宿迁，非郑州公布值",
        }
    ],
    "limits": [
        {
            "limit_id": "ZZ-CAP-02",
            "name": "无偿献血每年不超过二十分",
            "rule_ids": ["ZZ-E-02"],
            "kind": "calendar_year",
            "points": 20,
            "basis": "《中华人民共和国献血法》",
            "origin": "own_choice",
            "origin_note": "自定，非郑州公布值",
        }
    ],
}
