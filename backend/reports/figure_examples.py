"""Examples of the answers about the city's figures, for the documentation of the API."""

from collections.abc import Mapping

_HEAD = {"day": "2026-11-21", "rulebook_version": "2026.1", "known_at": "2026-11-21T19:00:00Z"}
_SPAN = {"from": "2026-10-23", "to": "2026-11-21"}
_MONTH = {"from": "2026-10-01", "to": "2026-10-31"}


def _drift(psi: int, reading: str, text: str) -> Mapping[str, object]:
    return {"psi_ten_thousandths": psi, "reading": reading, "text": text}


def _people(rounded_to: int, people: int, good: int, poor: int | None) -> dict[str, object]:
    return {
        **_HEAD,
        "rounded_to": rounded_to,
        "people": people,
        "levels": [
            {"level": "good", "name": "良好", "people": good, "permille": good * 1000 // people},
            {"level": "poor", "name": "较差", "people": poor, "permille": None if poor is None else 0},
        ],
        "points": [{"from": 100, "to": 109, "people": good, "permille": good * 1000 // people}],
    }


_DRIFT = {
    "since": "2026-10-22",
    "levels": _drift(12, "stable", "稳定"),
    "points": _drift(1405, "watch", "关注"),
    "dimensions": [],
}
_DIMENSION = {"dimension": "law", "name": "遵纪守法"}

PUBLIC_FIGURES = {
    **_people(20, 9820, 9820, None),
    "drift": _DRIFT,
    "benefits": [
        {
            "scenario": "library_card",
            "title": "图书馆免押金办证",
            "residents": {"people": 440, "open": 320, "given_back": 120, "not_used": None, "settled": None},
            "visitors": {"people": None, "open": None, "given_back": None, "not_used": None, "settled": None},
        }
    ],
}
SCORES = {
    **_people(1, 9841, 9834, 7),
    "drift": {**_DRIFT, "dimensions": [{**_DIMENSION, **_drift(31, "stable", "稳定")}]},
    "dimensions": [{**_DIMENSION, "points": [{"from": 0, "to": 9, "people": 9841, "permille": 1000}]}],
}
BENEFITS = {
    **_SPAN,
    "items": [
        {
            "scenario": "library_card",
            "title": "图书馆免押金办证",
            "whose": "resident",
            "people": 31,
            "granted": 33,
            "states": [{"state": "in_use", "grants": 30}, {"state": "completed", "grants": 3}],
            "agreed_fen": 330_000,
            "held_fen": 300_000,
            "final_fen": 0,
        }
    ],
}
REFUSALS = {
    **_MONTH,
    "rounded_to": 20,
    "items": [
        {
            "scenario": "library_card",
            "title": "图书馆免押金办证",
            "reasons": [
                {"reason": "code_unusable", "text": "出示的码不能使用", "people": 200},
                {"reason": "no_consent", "text": "本人没有授权", "people": None},
            ],
        }
    ],
}
DEPARTMENTS = {
    **_SPAN,
    "least": 20,
    "items": [
        {
            "department": "traffic_police",
            "department_name": "市公安局交警支队",
            "handed_in": 1200,
            "timely": {"part": 1150, "whole": 1180, "permille": 974},
            "checked": {"part": 1200, "whole": 1200, "permille": 1000},
            "refused": {"part": 15, "whole": 1200, "permille": 12},
            "quarantined": {"part": 2, "whole": 1200, "permille": 1},
            "corrected": {"part": 4, "whole": 1183, "permille": 3},
            "withdrawn": {"part": 0, "whole": 1183, "permille": 0},
        }
    ],
}
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="等级分布"/>'
