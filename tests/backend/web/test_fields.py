from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from marshmallow import fields as stock

from backend.clock import format_moment
from backend.web import fields
from backend.web.flaws import list_faults
from backend.web.messages import has_message
from backend.web.paging import Cursor, PageQuerySchema, cut_page, read_cursor, write_cursor
from backend.web.problems import Place


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


TAKEN: list[tuple[stock.Field[Any], object, object]] = [
    (fields.Text(maximum=4), "早上好", "早上好"),
    (fields.Text(maximum=4, minimum=0), "", ""),
    (fields.Text(maximum=4, pattern="[a-z]+"), "abc", "abc"),
    (fields.Choice(Colour), "red", Colour.RED),
    (fields.Whole(minimum=-1, maximum=5), -1, -1),
    (fields.QueryWhole(minimum=0, maximum=500), "120", 120),
    (fields.Truth(), True, True),
    (fields.Day(), "2024-02-29", date(2024, 2, 29)),
    (fields.Moment(), "2026-11-22T12:00:00+08:00", datetime(2026, 11, 22, 4, tzinfo=UTC)),
    (fields.Moment(), "2026-11-22T04:00:00.5Z", datetime(2026, 11, 22, 4, 0, 0, 500000, tzinfo=UTC)),
    (fields.Identifier(), "019a0000-0000-7000-8000-000000000000", UUID(int=0x019A0000_0000_7000_8000_000000000000)),
    (fields.Several(fields.Truth(), maximum=2), [True, False], [True, False]),
    (fields.JsonObject(maximum=1), {"a": [1]}, {"a": [1]}),
]
REFUSED: list[tuple[stock.Field[Any], object]] = [
    (fields.Text(maximum=4), "abcde"),
    (fields.Text(maximum=4), ""),
    (fields.Text(maximum=4), " a"),
    (fields.Text(maximum=4), "a\u3000"),
    (fields.Text(maximum=4), "a\tb"),
    (fields.Text(maximum=4), "a\x00"),
    (fields.Text(maximum=4), "a\x85b"),
    (fields.Text(maximum=4), "\u202eabc"),
    (fields.Text(maximum=4), "a\u2028b"),
    (fields.Text(maximum=4), "\ufffd"),
    (fields.Text(maximum=4), "e\u0301"),
    (fields.Text(maximum=4), "\uf900"),
    (fields.Text(maximum=4), 1),
    (fields.Text(maximum=4), None),
    (fields.Text(maximum=4), b"a"),
    (fields.Text(maximum=4, pattern="[a-z]+"), "ab1"),
    (fields.Text(maximum=4, pattern="[0-9]+"), "１２"),
    (fields.Choice(Colour), "RED"),
    (fields.Choice(Colour), "green"),
    (fields.Choice(Colour), ["red"]),
    (fields.Whole(minimum=0, maximum=5), True),
    (fields.Whole(minimum=0, maximum=5), 1.0),
    (fields.Whole(minimum=0, maximum=5), "1"),
    (fields.Whole(minimum=0, maximum=5), -1),
    (fields.Whole(minimum=0, maximum=5), 6),
    (fields.QueryWhole(minimum=0, maximum=500), "１２"),
    (fields.QueryWhole(minimum=0, maximum=500), "1_0"),
    (fields.QueryWhole(minimum=0, maximum=500), "+5"),
    (fields.QueryWhole(minimum=0, maximum=500), " 5"),
    (fields.QueryWhole(minimum=0, maximum=500), "05"),
    (fields.QueryWhole(minimum=0, maximum=500), "5.0"),
    (fields.QueryWhole(minimum=0, maximum=500), ""),
    (fields.QueryWhole(minimum=0, maximum=500), "5\n"),
    (fields.QueryWhole(minimum=0, maximum=500), "٣"),
    (fields.QueryWhole(minimum=0, maximum=500), "9" * 30),
    (fields.Truth(), 1),
    (fields.Truth(), "true"),
    (fields.Day(), "2026-2-3"),
    (fields.Day(), "20260203"),
    (fields.Day(), "2026-02-30"),
    (fields.Day(), "２０２６-02-03"),
    (fields.Day(), "2026-W01-1"),
    (fields.Day(), "0000-01-01"),
    (fields.Day(), "2026-02-03\n"),
    (fields.Day(), 20260203),
    (fields.Moment(), "2026-11-22T04:00:00"),
    (fields.Moment(), "2026-11-22 04:00:00Z"),
    (fields.Moment(), "2026-11-22T04:00Z"),
    (fields.Moment(), "2026-11-22T25:00:00Z"),
    (fields.Moment(), "2026-11-22T04:00:00+24:00"),
    (fields.Moment(), "0001-01-01T00:00:00+08:00"),
    (fields.Moment(), "2026-11-22T04:00:00z"),
    (fields.Moment(), 1),
    (fields.Identifier(), "019A0000-0000-7000-8000-000000000000"),
    (fields.Identifier(), "019a0000000070008000000000000000"),
    (fields.Identifier(), "{019a0000-0000-7000-8000-000000000000}"),
    (fields.Identifier(), ""),
    (fields.Identifier(), 1),
    (fields.Several(fields.Truth(), maximum=2), [True] * 3),
    (fields.Several(fields.Truth(), maximum=2, minimum=1), []),
    (fields.Several(fields.Truth(), maximum=2), "ab"),
    (fields.JsonObject(maximum=1), {"a": 1, "b": 2}),
    (fields.JsonObject(maximum=1), []),
    (Cursor(parts=1), "nonsense!"),
    (Cursor(parts=2), write_cursor(("a",))),
]


@pytest.mark.parametrize(("field", "value", "expected"), TAKEN)
def test_what_is_plainly_right_is_taken(field: stock.Field[Any], value: object, expected: object) -> None:
    loaded = field.deserialize(value)
    assert loaded == expected
    assert type(loaded) is type(expected)


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_what_would_have_to_be_guessed_is_refused(field: stock.Field[Any], value: object) -> None:
    with pytest.raises(ValidationError):
        field.deserialize(value)


def test_the_stock_fields_would_take_much_of_it() -> None:
    """The planted defect: marshmallow's own fields in place of ours."""
    stocks: dict[type, stock.Field[Any]] = {
        fields.Text: stock.String(),
        fields.Whole: stock.Integer(),
        fields.QueryWhole: stock.Integer(),
        fields.Truth: stock.Boolean(),
        fields.Identifier: stock.UUID(),
    }
    taken = 0
    for field, value in REFUSED:
        if type(field) in stocks:
            try:
                stocks[type(field)].deserialize(value)
            except ValidationError:
                continue
            taken += 1
    assert taken >= 20


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_survive_the_journey(moment: datetime) -> None:
    assert fields.Moment().deserialize(format_moment(moment)) == moment


@given(st.text(max_size=25))
def test_any_text_is_taken_as_it_is_or_refused_for_a_reason(text: str) -> None:
    try:
        taken = fields.Text(maximum=20).deserialize(text)
    except ValidationError as error:
        reasons = [fault.code for fault in list_faults(error, Place.BODY)]
    else:
        reasons = []
        assert taken == text == text.strip()
        assert 0 < len(text) <= 20
    assert all(has_message(f"validation.{reason}") and reason != "invalid" for reason in reasons)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), max_size=4))
def test_cursors_survive_the_journey(parts: list[str]) -> None:
    assert read_cursor(write_cursor(tuple(parts))) == tuple(parts)


@given(st.text(max_size=60))
def test_a_cursor_that_we_did_not_write_is_none(text: str) -> None:
    position = read_cursor(text)
    assert position is None or write_cursor(position) == text


@given(st.integers(0, 30), st.integers(1, 100))
def test_pages_show_each_row_once_and_end(size: int, limit: int) -> None:
    rows, after = list(range(size)), -1
    seen: list[int] = []
    while True:
        page = cut_page([row for row in rows if row > after][: limit + 1], limit, lambda row: (str(row),))
        seen += page.items
        if page.next_cursor is None:
            break
        position = read_cursor(page.next_cursor)
        assert position is not None
        after = int(position[0])
    assert seen == rows


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": "x"}, {"page": "1"}])
def test_a_page_query_is_bounded(query: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        PageQuerySchema().load(query)
