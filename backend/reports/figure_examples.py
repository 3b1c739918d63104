"""Examples of the answers about the city's figures, for the documentation of the API."""

from collections.abc import Mapping

_HEAD = {"day": "2026-11-21", "rulebook_version": "2026.1", "known_at": "2026-11-21T19:00:00Z"}
_SPAN = {"from": "2026-10-23", "to": "2026-11-21"}
_MONTH = {"from": "2026-10-01", "to": "2026-10-31"}


def _drift(psi: int, reading: str, text: str) -> Mapping[str, object]:
    return {"psi_ten_thousandths": psi, "reading": reading, "text": text}


_PUBLIC_NOTE = "人数都是下限。实际最多可多38人。"
_NOTE = "人数取整到10。"


def _people(rounded_to: int, note: str, people: int, good: int) -> dict[str, object]:
    return {
        **_HEAD,
        "rounded_to": rounded_to,
        "note": note,
        "people": people,
        "levels": [
            {"level": "good", "name": "良好", "people": good, "permille": good * 1000 // people},
            {"level": "poor", "name": "较差", "people": None, "permille": None},
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
    **_people(20, _PUBLIC_NOTE, 9820, 9820),
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
    **_people(10, _NOTE, 9840, 9830),
    "drift": {**_DRIFT, "dimensions": [{**_DIMENSION, **_drift(31, "stable", "稳定")}]},
    "dimensions": [{**_DIMENSION, "points": [{"from": 0, "to": 9, "people": 9840, "permille": 1000}]}],
}
BENEFITS = {
    **_SPAN,
    "rounded_to": 10,
    "items": [
        {
            "scenario": "library_card",
            "title": "图书馆免押金办证",
            "whose": "resident",
            "people": 30,
            "granted": 30,
            "states": [{"state": "in_use", "grants": 30}, {"state": "completed", "grants": None}],
            "agreed_fen": 320_000,
            "held_fen": 300_000,
            "final_fen": 0,
        }
    ],
}
REFUSALS = {
    **_MONTH,
    "rounded_to": 10,
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
    "rounded_to": 10,
    "items": [
        {
            "department": "traffic_police",
            "department_name": "市公安局交警支队",
            "handed_in": 1200,
            "timely": {"part": 1150, "whole": 1180, "permille": 974},
            "checked": {"part": 1200, "whole": 1200, "permille": 1000},
            "refused": {"part": 15, "whole": 1200, "permille": 12},
            "quarantined": None,
            "corrected": {"part": 40, "whole": 1180, "permille": 33},
            "withdrawn": {"part": 0, "whole": 1180, "permille": 0},
        }
    ],
}
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="等级分布"/>'
