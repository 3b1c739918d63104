"""Other names for what a document names, put into what was read: names that no reader would let pass."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

Renamed = TypeVar("Renamed")


def rename(value: Renamed, names: Mapping[str, str]) -> Renamed:
    """Give the same with other names, wherever one of these texts stands."""
    return cast("Renamed", _rename(value, names))


def _rename(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - of any shape
    if isinstance(value, str):
        return names.get(value, value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: _rename(getattr(value, each.name), names) for each in fields(value) if each.init}
        return replace(value, **changed)
    if isinstance(value, Mapping):
        return {_rename(key, names): _rename(each, names) for key, each in value.items()}
    if isinstance(value, (list, tuple, frozenset)):
        found = [_rename(each, names) for each in value]
        return type(value)(*found) if hasattr(value, "_fields") else type(value)(found)
    return value
