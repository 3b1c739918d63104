"""Example answers about the scenarios of other days."""

from typing import Any

from backend.scores.edition_examples import TOLD

_EDITION: dict[str, Any] = {
    "version": "2027.1",
    "title": "郑州市信易+场景（参照版）",
    **TOLD,
    "amendments": [
        {
            "part": "scenario",
            "part_id": "library_card",
            "kind": "changed",
            "name": "图书馆免押金借阅",
            "figures": [{"name": "benefit.limit_fen", "of": "", "before": "20000", "after": "30000"}],
        }
    ],
}
SCENARIO_EDITIONS = {"items": [_EDITION]}
_CATALOGUE = {
    "city": "zhengzhou",
    "version": "2026.1",
    "effective_on": "2026-01-01",
    "title": "郑州市信易+场景（参照版）",
    "basis": "《河南省社会信用条例》",
    "note": "各项金额和条件为参照值。",
    "scenarios": [
        {
            "scenario": "library_card",
            "title": "图书馆免押金借阅",
            "family": "reading",
            "service": "public_library",
            "is_basic": True,
            "owner": "郑州图书馆",
            "basis": "《河南省社会信用条例》",
            "source": "own",
            "note": "",
            "starts_on": "2026-01-01",
            "ends_on": None,
            "kind": "deposit_waiver",
            "description": "免除借书证押金",
            "limit_fen": 20000,
            "charged_percent": None,
            "free_minutes": None,
            "condition": {
                "level": "good",
                "least_points": None,
                "on_any_of": [],
                "on_none_of": ["失信被执行人"],
                "least_age": None,
                "greatest_age": None,
                "regions": [],
            },
            "otherwise": "照常办理借书证",
        }
    ],
}
WHOLE_SCENARIO_EDITION = {"edition": _EDITION, "catalogue": {**_CATALOGUE, "version": "2027.1"}}
