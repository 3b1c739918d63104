"""Example answers of the diary of editions."""

RULEBOOK_EDITIONS = {
    "items": [
        {
            "version": "2027.1",
            "title": "郑州市个人信用积分规则（参照版）",
            "state": "announced",
            "effective_on": "2027-01-01",
            "until": None,
            "announced_at": "2026-11-20T02:00:00Z",
            "withdrawn_at": None,
            "basis": "《河南省社会信用条例》",
            "note": None,
            "follows": "2026.1",
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
    ]
}
