"""What is wrong with one value, as a code of the message catalogue; and how marshmallow's findings become faults."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from marshmallow import Schema, ValidationError

from backend.web.messages import has_message
from backend.web.problems import Fault, Place

MAX_FAULTS = 50
MAX_POINTER = 200
_SCHEMA = "_schema"  # marshmallow's key for what is wrong with the object itself


class Flaw(NamedTuple):
    """A code under `validation.` and the values of its placeholders."""

    code: str
    values: Mapping[str, object]


def refuse_value(code: str, **values: object) -> ValidationError:
    """Make the error for a field or a schema check to raise; `code` stands under `validation.` in the messages."""
    return ValidationError([Flaw(code, values)])


def load_form(form: Schema, raw: object, place: Place) -> dict[str, Any] | tuple[Fault, ...]:
    """Load one wire form by itself: its values, or else the first 50 flaws that `list_faults` finds."""
    try:
        loaded: dict[str, Any] = form.load(raw)  # type: ignore[arg-type]  # what is no object is for the form to refuse
    except ValidationError as error:
        return list_faults(error, place)
    return loaded


def list_faults(error: ValidationError, place: Place) -> tuple[Fault, ...]:
    """The first 50 flaws that marshmallow found, each with its JSON pointer, in a steady order."""
    faults = sorted(_walk(error.messages, "", place), key=lambda fault: (fault.pointer, fault.code))
    return tuple(faults[:MAX_FAULTS])


def _walk(messages: object, pointer: str, place: Place) -> Iterator[Fault]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            step = "" if key == _SCHEMA else f"/{_escape(str(key))}"
            yield from _walk(below, pointer + step, place)
    elif isinstance(messages, Flaw):
        yield Fault(place=place, pointer=pointer[:MAX_POINTER], code=messages.code, values=messages.values)
    elif isinstance(messages, list):
        for message in messages:
            yield from _walk(message, pointer, place)
    else:  # a sentence of marshmallow's own: our codes pass, English prose does not reach a citizen
        code = str(messages)
        known = code if has_message(f"validation.{code}") else "invalid"
        yield Fault(place=place, pointer=pointer[:MAX_POINTER], code=known)


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
