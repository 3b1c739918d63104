"""A value is written as marshmallow itself would write it, without asking every field anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from marshmallow import fields as stock

from backend.web.fields import (
    Choice,
    Day,
    Identifier,
    JsonObject,
    Moment,
    Part,
    Several,
    StrictSchema,
    Text,
    Truth,
    Whole,
)
from backend.web.writing import make_form, make_writer


class Colour(StrEnum):
    RED = "red"


class InnerSchema(StrictSchema):
    name = Text(maximum=9)
    on = Day(allow_none=True)


class EverySchema(StrictSchema):
    text = Text(maximum=9)
    choice = Choice(Colour)
    whole = Whole(minimum=0, maximum=9)
    truth = Truth()
    day = Day()
    moment = Moment()
    identifier = Identifier()
    content = JsonObject(maximum=9)
    part = Part(InnerSchema)
    parts = Part(InnerSchema, many=True)
    several = Several(Part(InnerSchema), maximum=9)
    days = Several(Day(), maximum=9)
    renamed = Text(maximum=9, data_key="re-named", attribute="source")


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    on: date | None
    secret: str = "not of the form"


INNER = Inner("内", date(2026, 3, 1))
FULL: Mapping[str, Any] = MappingProxyType(
    {
        "text": "文",
        "choice": Colour.RED,
        "whole": 7,
        "truth": False,
        "day": date(2026, 3, 1),
        "moment": datetime(2026, 3, 1, 4, 5, 6, 7, UTC),
        "identifier": UUID(int=5),
        "content": {"a": [1, None]},
        "part": INNER,
        "parts": [INNER, {"name": "x", "on": None}],
        "several": [INNER, {"name": "y"}],
        "days": [date(2026, 3, 1), None],
        "source": "z",
        "more": "what the form does not have",
    }
)


@dataclass
class Holder:
    """A value with attributes instead of keys, some of them missing."""

    text: str = "文"
    whole: int | None = None
    part: Inner = INNER


@pytest.mark.parametrize("value", [FULL, dict(FULL), dict.fromkeys(FULL), {}, {"text": "a"}, Holder()])
def test_what_is_written_is_what_marshmallow_writes(value: object) -> None:
    assert make_writer(EverySchema)(value) == EverySchema().dump(value)


def test_what_the_form_does_not_have_is_not_written() -> None:
    written = make_writer(EverySchema)(FULL)
    assert "more" not in written
    assert written["part"] == {"name": "内", "on": "2026-03-01"}


def test_a_field_of_another_kind_is_refused() -> None:
    class StrangeSchema(StrictSchema):
        number = stock.Float()

    with pytest.raises(TypeError, match="a field of Float"):
        make_writer(StrangeSchema)


def test_a_form_is_made_once() -> None:
    assert make_form(EverySchema) is make_form(EverySchema)
