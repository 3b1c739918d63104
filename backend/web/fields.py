"""The only fields that wire forms are made of: every text bounded, every number ASCII, nothing converted by guess.

marshmallow's own fields take `true` for 1, full-width digits, any length of text and dates in several spellings.
A flaw is a code of the message catalogue under `validation.`.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypedDict, Unpack
from uuid import UUID

import marshmallow as ma
from marshmallow import fields as stock
from marshmallow.types import ErrorMessages
from typing_extensions import override

from backend.clock import format_moment
from backend.web.flaws import refuse_value

# Line separators and direction overrides can forge a line of a log or turn a name around on the screen.
_FORBIDDEN = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffd")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Options(TypedDict, total=False):
    """What every field takes; see marshmallow."""

    required: bool
    allow_none: bool
    load_default: object
    data_key: str
    attribute: str
    metadata: dict[str, object]


class StrictSchema(ma.Schema):
    """The parent of every wire form: an unknown key is refused, and flaws are codes."""

    error_messages: dict[str, str] = {"unknown": "unknown", "type": "not_an_object"}  # noqa: RUF012 - as marshmallow has it

    class Meta:
        unknown = ma.RAISE


class CodedErrors:
    """Puts our codes in place of the sentences of marshmallow's fields."""

    default_error_messages: ErrorMessages = {  # noqa: RUF012 - marshmallow declares it so
        "required": "required",
        "null": "null",
        "validator_failed": "invalid",
        "invalid": "not_a_list",
        "type": "not_an_object",
    }


def check_text(value: object, *, minimum: int, maximum: int) -> str:
    """`value` if it is a clean text of `minimum` to `maximum` characters.

    Clean: Unicode NFC, no control character, no direction override, no blank at either end.
    """
    if not isinstance(value, str):
        raise refuse_value("not_a_text")
    if len(value) > maximum:
        raise refuse_value("too_long", maximum=maximum)
    if len(value) < minimum:
        raise refuse_value("too_short", minimum=minimum)
    is_plain = value.isascii() and value.isprintable()  # told at once, as most are, and the long ones all
    if not is_plain and any(unicodedata.category(each) in {"Cc", "Cs"} or each in _FORBIDDEN for each in value):
        raise refuse_value("forbidden_character")
    if not unicodedata.is_normalized("NFC", value):
        raise refuse_value("not_nfc")
    if value != value.strip():
        raise refuse_value("blank_at_the_edge")
    return value


class Text(CodedErrors, stock.String):
    """A clean text of bounded length, and of a form if `pattern` (matched whole) is given."""

    def __init__(
        self, *, maximum: int, minimum: int = 1, pattern: str | None = None, **options: Unpack[Options]
    ) -> None:
        described: dict[str, object] = {"minLength": minimum, "maxLength": maximum}
        if pattern is not None:
            described["pattern"] = f"^{pattern}$"
        super().__init__(**_describe(options, described))
        self.minimum, self.maximum = minimum, maximum
        self.pattern = None if pattern is None else re.compile(pattern, re.ASCII)

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text = check_text(value, minimum=self.minimum, maximum=self.maximum)
        if self.pattern is not None and self.pattern.fullmatch(text) is None:
            raise refuse_value("wrong_form", pattern=self.pattern.pattern)
        return text


class Choice(CodedErrors, stock.String):
    """One of the values of a `StrEnum`, spelled exactly; loads the member."""

    def __init__(self, choices: type[StrEnum], **options: Unpack[Options]) -> None:
        self.choices = {choice.value: choice for choice in choices}
        super().__init__(**_describe(options, {"enum": list(self.choices)}))

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> StrEnum:
        choice = self.choices.get(value) if isinstance(value, str) else None
        if choice is None:
            raise refuse_value("not_a_choice", choices=", ".join(self.choices))
        return choice


class Whole(CodedErrors, stock.Integer):
    """A JSON integer from `minimum` to `maximum`: no fraction, no text, no truth value."""

    def __init__(self, *, minimum: int, maximum: int, **options: Unpack[Options]) -> None:
        super().__init__(**_describe(options, {"minimum": minimum, "maximum": maximum}))
        self.minimum, self.maximum = minimum, maximum

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise refuse_value("not_a_whole_number")
        if not self.minimum <= value <= self.maximum:
            raise refuse_value("out_of_range", minimum=self.minimum, maximum=self.maximum)
        return value


class QueryWhole(Whole):
    """A whole number in a query, in ASCII digits: no plus sign, no leading zero, no underscore, no `１２`."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> int:
        if not isinstance(value, str) or _WHOLE.fullmatch(value) is None:
            raise refuse_value("not_a_whole_number")
        return super()._deserialize(int(value), attr, data, **kwargs)


class Truth(CodedErrors, stock.Boolean):
    """`true` or `false`, and not one of the dozen spellings that marshmallow takes for them."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> bool:
        if not isinstance(value, bool):
            raise refuse_value("not_a_truth")
        return value


class QueryTruth(Truth):
    """`true` or `false` in a query."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> bool:
        if value not in {"true", "false"}:
            raise refuse_value("not_a_truth")
        return value == "true"


class Day(CodedErrors, stock.Date):
    """A calendar day, `YYYY-MM-DD` and nothing else."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> date:
        if not isinstance(value, str) or _DAY.fullmatch(value) is None:
            raise refuse_value("not_a_day")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise refuse_value("not_a_day") from None


class Moment(CodedErrors, stock.DateTime):
    """A moment of RFC 3339 with its offset; loads aware UTC, dumps with `Z`."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> datetime:
        if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
            raise refuse_value("not_a_moment")
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):  # 31 February; the year 0 once the offset is taken off
            raise refuse_value("not_a_moment") from None

    @override
    def _serialize(self, value: datetime | None, attr: str | None, obj: object, **kwargs: object) -> str | None:
        return None if value is None else format_moment(value)


class Identifier(CodedErrors, stock.UUID):
    """A UUID in its one canonical spelling: lower case, with hyphens."""

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> UUID:
        if not isinstance(value, str) or _UUID.fullmatch(value) is None:
            raise refuse_value("not_an_identifier")
        return UUID(value)


class Several(CodedErrors, stock.List[Any]):
    """A list of `minimum` to `maximum` items of one field."""

    def __init__(self, item: stock.Field[Any], *, maximum: int, minimum: int = 0, **options: Unpack[Options]) -> None:
        super().__init__(item, **_describe(options, {"minItems": minimum, "maxItems": maximum}))
        self.minimum, self.maximum = minimum, maximum

    @override
    def _deserialize(self, value: object, attr: str | None, data: Any, **kwargs: object) -> list[Any]:
        if isinstance(value, list) and len(value) > self.maximum:  # counted before a single item is looked at
            raise refuse_value("too_many", maximum=self.maximum)
        if isinstance(value, list) and len(value) < self.minimum:
            raise refuse_value("too_few", minimum=self.minimum)
        return super()._deserialize(value, attr, data, **kwargs)


class Part(CodedErrors, stock.Nested):
    """One wire form inside another."""


class JsonObject(CodedErrors, stock.Raw):
    """A JSON object of at most `maximum` members, whose meaning the use case checks (the content of a record)."""

    def __init__(self, *, maximum: int, **options: Unpack[Options]) -> None:
        super().__init__(**_describe(options, {"type": "object", "maxProperties": maximum}))
        self.maximum = maximum

    @override
    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise refuse_value("not_an_object")
        if len(value) > self.maximum:
            raise refuse_value("too_many", maximum=self.maximum)
        return value


def _describe(options: Options, described: Mapping[str, object]) -> Options:
    """Add what OpenAPI should say about a field, and let the author's own words win."""
    merged: Options = {**options, "metadata": {**described, **options.get("metadata", {})}}
    return merged
