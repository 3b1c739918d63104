"""What a walk through the cities reads out of answers, in the words of a reader of Chinese."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.demo.cities_stage import Stage
from scoring.days import CITY_TIME

ANSWERS: Mapping[str, str] = {"granted": "给予", "not_granted": "不给予", "cannot_say": "无法答复"}
STATES: Mapping[str, str] = {
    "reserved": "已预留",
    "in_use": "使用中",
    "overdue": "已逾期",
    "completed": "已完成",
    "cancelled": "已取消",
    "expired": "已过期",
    "settled": "已结清",
    "broken": "未履约",
}
SCOPES: Mapping[str, str] = {"entitlement": "权益", "level": "等级", "score": "分数", "record_flags": "名单"}
ENDS: Mapping[str, str] = {"consent": "同意已撤回", "standing": "不再符合", "treaty": "协议已结束"}


def write_entitlements(stage: Stage, home: str, persona: str, host: str, content: Mapping[str, Any]) -> str:
    """Write what a home city tells of entitlements, by the titles that its citizen reads."""
    door = stage.doors[home]
    answered = door.ask("GET", "/v1/exchange/cities", token=door.sign_in(persona))
    cities = stage.expect(answered, "the cities").value["items"]
    titles = {each["code"]: each["title"] for city in cities if city["city"] == host for each in city["scenarios"]}
    told = [f"{titles[each['scenario']]}（至{write_moment(each['until'])}）" for each in content["entitlements"]]
    return f"可以享受{'、'.join(told)}" if told else "没有可以告知的权益"


def write_level(level: Mapping[str, Any] | None) -> str:
    """Write a level at home with its common tier."""
    return "没有" if level is None else f"{level['name']}，相当于共同的{level['tier']}档"


def write_moment(text: str | None) -> str:
    """Write a moment of the API as the time of day in the city, which is that of Beijing."""
    return "没有期限" if text is None else f"{datetime.fromisoformat(text).astimezone(CITY_TIME):%Y-%m-%d %H:%M}"
