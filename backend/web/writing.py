"""Writing values into their wire forms, by a plan that is made once of each form.

A value leaves as marshmallow's own `dump` would let it leave, which asks every field anew for its options, at every
answer; half of what a read cost went there. The fields are those of `backend.web.fields` and no others.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

from marshmallow import Schema
from marshmallow.fields import Field

from backend.clock import format_moment
from backend.web.fields import (
    Choice,
    Day,
    Identifier,
    JsonObject,
    Moment,
    Part,
    Several,
    Text,
    Truth,
    Whole,
)

Write = Callable[[Any], Any]
_ABSENT = object()
_WRITERS: Mapping[type[Field[Any]], Write] = {
    Text: str,
    Choice: str,
    Whole: int,
    Truth: bool,
    Day: date.isoformat,
    Moment: format_moment,
    Identifier: str,
    JsonObject: lambda value: value,
}


@cache
def make_form(schema: type[Schema]) -> Schema:
    """Make the one instance of a wire form that every thread uses; a form keeps nothing of what it loads."""
    return schema()


@cache
def make_writer(schema: type[Schema]) -> Write:
    """Make the function that writes a value, a mapping or whatever has attributes, into a form.

    Members that the value lacks are left out. A form with a field that is none of ours is a TypeError.
    """
    return _write_form(make_form(schema))


def _write_form(form: Schema) -> Write:
    plan = tuple(
        (field.data_key or name, field.attribute or name, _choose_writer(field))
        for name, field in form.dump_fields.items()
    )

    def write(value: object) -> dict[str, Any]:
        written: dict[str, Any] = {}
        by_key = value.__class__ is dict or isinstance(value, Mapping)
        for name, source, write_member in plan:
            member = value.get(source, _ABSENT) if by_key else getattr(value, source, _ABSENT)  # type: ignore[attr-defined]
            if member is None:
                written[name] = None
            elif member is not _ABSENT:
                written[name] = write_member(member)
        return written

    return write


def _choose_writer(field: Field[Any]) -> Write:
    if isinstance(field, Part):
        write = _write_form(field.schema)
        return _write_each(write) if field.many else write
    if isinstance(field, Several):
        return _write_each(_choose_writer(field.inner))
    for kind, write in _WRITERS.items():
        if isinstance(field, kind):
            return write
    raise TypeError(f"a wire form has a field of {type(field).__name__}; write it with one of backend.web.fields")


def _write_each(write: Write) -> Write:
    return lambda members: [None if each is None else write(each) for each in members]
