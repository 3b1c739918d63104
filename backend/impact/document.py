"""The JSON form of an impact: the names of its values, days and moments as text, null for what is not told."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from backend.clock import format_moment
from backend.impact.figures import Impact
from scoring.documents import DocumentError

FORM = "shangding.impact/2"


class ImpactDocumentError(DocumentError):
    """A document is no impact of the form that is read here; the fault says where and what would be right."""

    def __init__(self, fault: str) -> None:
        """Keep the fault."""
        super().__init__("the impact report", [fault])


def write_json(impact: Impact) -> dict[str, Any]:
    """Give an impact as values for JSON; `form` names the form."""
    return {"form": FORM, **cast("dict[str, Any]", _write(impact))}


def read_json(document: Mapping[str, Any]) -> Impact:
    """Read what `write_json` gave; ImpactDocumentError for anything else."""
    if document.get("form") != FORM:
        raise ImpactDocumentError(f"form is {document.get('form')!r}; {FORM} is read here: measure it again")
    values = {name: value for name, value in document.items() if name != "form"}
    return cast("Impact", _read(values, Impact, "impact"))


def _write(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    names = _name_fields(type(value))
    if names:
        return {name: _write(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [_write(each) for each in value]
    return value


def _read(value: object, kind: Any, where: str) -> object:  # noqa: ANN401 - a type as it is written at a field
    options = [each for each in get_args(kind) if each is not NoneType]
    if get_origin(kind) in (Union, UnionType):
        return None if value is None else _read(value, options[0], where)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ImpactDocumentError(f"{where}: a list is needed")
        return tuple(_read(each, options[0], f"{where}[{index}]") for index, each in enumerate(value))
    names = _name_fields(kind)
    if names:
        return _read_fields(value, kind, names, where)
    return _read_plain(value, kind, where)


def _read_fields(value: object, kind: Any, names: tuple[str, ...], where: str) -> object:  # noqa: ANN401 - as above
    if not isinstance(value, dict) or value.keys() != set(names):
        raise ImpactDocumentError(f"{where}: an object with {', '.join(names)} is needed, with these and no others")
    hints = get_type_hints(kind)
    return kind(**{name: _read(value[name], hints[name], f"{where}.{name}") for name in names})


def _read_plain(value: object, kind: Any, where: str) -> object:  # noqa: ANN401 - as above
    try:
        if kind in (date, datetime) and isinstance(value, str):
            return kind.fromisoformat(value)
        if issubclass(kind, Enum):
            return kind(value)
    except ValueError:
        raise ImpactDocumentError(f"{where}: {value!r} is not a {kind.__name__}") from None
    if type(value) is not kind:
        raise ImpactDocumentError(f"{where}: {value!r} is not of type {kind.__name__}")
    return value


def _name_fields(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    if is_dataclass(kind):
        return tuple(each.name for each in fields(kind))
    return tuple(getattr(kind, "_fields", ()))
