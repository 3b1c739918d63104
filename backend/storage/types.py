"""Column types that behave alike on SQLite and PostgreSQL and refuse what only one of them would notice."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator
from typing_extensions import override


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept and given back in UTC to the microsecond; a naive one is refused.

    SQLite keeps no zone, so UTC is written there without one; its text form sorts in order of time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; only an aware moment can be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Day(TypeDecorator[date]):
    """A calendar day in Asia/Shanghai; a moment is refused, because it would lose its time without a word."""

    impl = Date
    cache_ok = True

    @override
    def process_bind_param(self, value: date | None, dialect: Dialect) -> date | None:
        if isinstance(value, datetime):
            raise TypeError(f"{value.isoformat()} is a moment; give the day it falls on in Asia/Shanghai")
        return value


class Json(TypeDecorator[dict[str, Any]]):
    """A JSON object; JSONB on PostgreSQL. Python's None is SQL's NULL. The order of keys is not kept."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(JSON(none_as_null=True))
